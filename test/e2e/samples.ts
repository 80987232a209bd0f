import type { Content, FixtureCommit } from '../lib/git/fixture.ts';

export type Files = Record<string, Content>;

/** An upstream whose build is what `build.sh` does, and whose one installed file is `content`. */
export function upstream(content: string, build = 'exit 0'): Files {
  return { content: `${content}\n`, 'build.sh': `${build}\n` };
}

export interface SpecParts {
  /** Further lines of the preamble. */
  preamble?: string;
  build?: string;
  install?: string;
  files?: string;
  /** Further sections: scriptlets, subpackages. */
  more?: string;
}

/** A spec that builds `upstream()`: about a second. */
export function spec(name: string, parts: SpecParts = {}): string {
  return `Name: ${name}
Version: 0
Release: 1%{?dist}
Summary: ${name} of the tests
License: MIT
Source0: %{name}-%{version}.tar.gz
BuildArch: noarch
${parts.preamble ?? ''}
%description
${name}

%prep
%setup -q

%build
${parts.build ?? 'sh ./build.sh'}

%install
${parts.install ?? `install -D -m 644 content %{buildroot}/usr/share/${name}/content`}

${parts.more ?? ''}
%files
${parts.files ?? `/usr/share/${name}/content`}

%changelog
`;
}

export function rpmPackaging(name: string, parts: SpecParts = {}): Files {
  return { [`${name}.spec`]: spec(name, parts) };
}

const COPYRIGHT = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2026 The testers
License: MIT
`;

/** Rules without debhelper, which alone takes a second. */
const rules = (name: string) => `#!/usr/bin/make -f
build build-arch build-indep: .built
.built:
	sh ./build.sh
	touch .built
binary-arch:
binary-indep binary: build
	install -D -m 644 content debian/tmp/usr/share/${name}/content
	install -d debian/tmp/DEBIAN
	dpkg-gencontrol
	dpkg-deb --root-owner-group --build debian/tmp ..
clean:
	rm -rf debian/tmp debian/files .built
.PHONY: build build-arch build-indep binary binary-arch binary-indep clean
`;

export interface DebParts {
  section?: string;
  buildDepends?: string;
  depends?: string;
  rules?: string;
  /** Further files below debian/. */
  more?: Files;
}

export function debPackaging(name: string, parts: DebParts = {}): Files {
  return {
    'debian/control': `Source: ${name}
Section: ${parts.section ?? 'misc'}
Priority: optional
Maintainer: Testers <testers@downstream.example>
${parts.buildDepends === undefined ? '' : `Build-Depends: ${parts.buildDepends}\n`}Standards-Version: 4.6.2

Package: ${name}
Architecture: all
${parts.depends === undefined ? '' : `Depends: ${parts.depends}\n`}Description: ${name} of the tests
 It has one file.
`,
    'debian/rules': { executable: parts.rules ?? rules(name) },
    'debian/source/format': '3.0 (quilt)\n',
    'debian/copyright': COPYRIGHT,
    ...parts.more,
  };
}

/** A commit that changes these files and says so. */
export function change(message: string, files: Files, more: Partial<FixtureCommit> = {}): FixtureCommit {
  return { message, files, ...more };
}
