/**
 * The lines of a package in a Contents index, from what `apt-ftparchive contents` prints (paths and the package's bare name): `path<TAB>section/name`,
 * without a section just the name. A file whose name has control characters is left out: a line break in it could claim a file for any other package.
 */
export function contentsLines(printed: string, of: { name: string; section: string | undefined }): string {
  const owner = of.section === undefined || of.section === '' ? of.name : `${of.section}/${of.name}`;
  const lines = printed.split('\n').flatMap((line) => {
    const path = /^(.*?)[ \t]+([^ \t]+)$/.exec(line);
    // eslint-disable-next-line no-control-regex -- control characters are what this looks for
    if (path?.[1] === undefined || path[2] !== of.name || /[\x00-\x1f\x7f]/.test(path[1])) return [];
    return [`${path[1]}\t${owner}\n`];
  });
  return lines.join('');
}
