import { join } from 'node:path';
import { makeRepository, type SampleCommit } from '../../scripts/demo/repository.ts';

/** 2026-11-02 00:00 UTC. */
const START = 1_793_577_600;

/** A project with one file to build and one build requirement that no prepared root has. */
export interface SampleProject {
  name: string;
  upstream: string;
  packaging: string;
  spec: string;
}

/** The smallest package that makes the line do all it can do: a build requirement to bring in, something to build, something to install. */
export async function makeSample(samples: string, name: string): Promise<SampleProject> {
  const [upstream, packaging] = [join(samples, 'upstream', name), join(samples, 'packaging', name)];
  const spec = specOf(name);
  await makeRepository(packaging, [{ subject: `Package ${name}`, files: packagingFiles(name, spec) }], START);
  await makeRepository(upstream, [{ subject: 'Begin', files: upstreamFiles(name, 0, ':'), tag: '1.0.0' }], START);
  return { name, upstream, packaging, spec };
}

/** Adds `count` commits, numbered from `from` (at least 1), each of which changes what is built; `script` (sh) is run by the builds. Answers their hashes. */
export async function addCommits(project: SampleProject, from: number, count: number, script = ':'): Promise<string[]> {
  const commits: SampleCommit[] = Array.from({ length: count }, (_, index) => ({
    subject: `Change number ${from + index}`,
    files: upstreamFiles(project.name, from + index, script),
  }));
  return makeRepository(project.upstream, commits, START + from * 3600);
}

function upstreamFiles(name: string, number: number, script: string): Record<string, string> {
  return { [`${name}.sh.m4`]: `#!/bin/sh\necho ${name} ${number}\n`, 'build.sh': `${script}\n` };
}

function specOf(name: string): string {
  return `Name:           ${name}
Version:        0
Release:        1%{?dist}
Summary:        Says its number
License:        Apache-2.0
Source0:        %{name}-%{version}.tar.gz
BuildArch:      noarch
BuildRequires:  m4

%description
A script that says its number.

%prep
%setup -q

%build
sh build.sh
m4 ${name}.sh.m4 > ${name}

%install
install -D -m 755 ${name} %{buildroot}%{_bindir}/${name}

%files
%{_bindir}/${name}

%changelog
`;
}

function packagingFiles(name: string, spec: string): Record<string, string> {
  return {
    [`rpm/${name}.spec`]: spec,
    'deb/debian/control': `Source: ${name}
Section: misc
Priority: optional
Maintainer: Packagers <packagers@downstream.example>
Build-Depends: debhelper-compat (= 13), m4
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: ${name}
Architecture: all
Depends: \${misc:Depends}
Description: says its number
 A script that says its number.
`,
    'deb/debian/rules': `#!/usr/bin/make -f\n%:\n\tdh $@\noverride_dh_auto_build:\n\tsh build.sh\n\tm4 ${name}.sh.m4 >${name}\n`,
    'deb/debian/source/format': '3.0 (quilt)\n',
    [`deb/debian/${name}.install`]: `${name} usr/bin\n`,
    'deb/debian/copyright': 'Files: *\nCopyright: 2026 The packagers\nLicense: Apache-2.0\n',
  };
}
