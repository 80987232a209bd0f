import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What makes Debian's rpm behave as an RPM distribution's in a root made of these packages. Path → content. */
const FILES: Readonly<Record<string, string>> = {
  '/usr/lib/rpm/macros.d/macros.redhat-rpm-config': `# Debian's rpm keeps its database in the home directory; a root made of RPMs has it where every RPM distribution has.
%_dbpath /var/lib/rpm
`,
  '/usr/lib/rpm/macros.d/macros.python3': `# Debian's Python looks in dist-packages, and its installers need to be told that this is a package build.
%__python3 /usr/bin/python3
%python3 %{__python3}
%python3_version 3.11
%python3_sitelib /usr/lib/python3/dist-packages
%python3_sitearch /usr/lib/python3/dist-packages
%py3_build DEB_PYTHON_INSTALL_LAYOUT=deb %{__python3} setup.py build
%py3_install DEB_PYTHON_INSTALL_LAYOUT=deb %{__python3} setup.py install --install-layout=deb --root %{buildroot} --prefix /usr
%pyproject_wheel %{__python3} -m pip wheel --no-deps --no-build-isolation --no-index --wheel-dir pyproject-wheeldir .
%pyproject_install DEB_PYTHON_INSTALL_LAYOUT=deb %{__python3} -m pip install --no-deps --no-index --no-warn-script-location --break-system-packages --root %{buildroot} --prefix /usr pyproject-wheeldir/*.whl
`,
  '/etc/ld.so.conf.d/lib64.conf': `# rpm's %_libdir, which Debian's loader does not look into by itself.
/usr/lib64
`,
};

/** Writes the files of the package redhat-rpm-config into the tree; answers their paths. */
export async function writeMacros(root: string): Promise<string[]> {
  for (const [path, content] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return Object.keys(FILES);
}
