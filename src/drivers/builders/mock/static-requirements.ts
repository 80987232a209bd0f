/** Where what belongs to the package or a subpackage as such ends, and where it begins again. */
const SECTION =
  /^%(description|prep|generate_buildrequires|conf|build|install|check|clean|files|changelog|pre|post|preun|postun|pretrans|posttrans|preuntrans|postuntrans|trigger\w*|filetrigger\w*|transfiletrigger\w*|verify|verifyscript|sepolicy|sourcelist|patchlist)\b/;
const PREAMBLE = /^%package\b/;
/** Lines that can begin with a percent sign there and bring no requirement. */
const HARMLESS = /^%(global|define|undefine|bcond\w*)\b/;

/**
 * Whether installing what a spec asks for cannot change what it asks for: no condition and no macro stands where build requirements are named. Else a
 * package that is installed may bring macros that decide it, and they have to be read again afterwards (mock's issue 1652).
 */
export function requirementsAreStatic(spec: string): boolean {
  let inside = true;
  // A macro's definition goes on over lines that end in a backslash.
  for (const line of spec.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const text = line.trimStart();
    if (/^%generate_buildrequires\b/.test(text)) return false;
    if (SECTION.test(text)) inside = false;
    else if (PREAMBLE.test(text)) inside = true;
    else if (inside && text.startsWith('%') && !HARMLESS.test(text)) return false;
    else if (inside && /^Build(Requires|Conflicts|PreReq)\s*(\([^)]*\))?\s*:.*%/i.test(text)) return false;
  }
  return true;
}
