/** The paths in what `apt-ftparchive contents` prints of one package: paths and the package's bare name. */
export function printedPaths(printed: string, name: string): string[] {
  return printed.split('\n').flatMap((line) => {
    const [, path, owner] = /^(.*?)[ \t]+([^ \t]+)$/.exec(line) ?? [];
    return path === undefined || owner !== name ? [] : [path];
  });
}

/**
 * The lines of a package in a Contents index, in the order of paths: `path<TAB>section/name`, without a section just the name. A file whose name has
 * control characters is left out: a line break in it could claim a file for any other package.
 */
export function contentsLines(paths: readonly string[], of: { name: string; section: string | undefined }): string {
  const owner = of.section === undefined || of.section === '' ? of.name : `${of.section}/${of.name}`;
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  const plain = paths.filter((path) => path !== '' && !/[\x00-\x1f\x7f]/.test(path));
  return [...new Set(plain)]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((path) => `${path}\t${owner}\n`)
    .join('');
}
