import type { SampleCommit } from '../repository.ts';
import type { Sample } from './index.ts';

const source = (extra: string) => `#include <stdio.h>
#include <greet.h>

int main(int argc, char **argv) {
  char line[200];
  greet(line, sizeof line, argc > 1 ? argv[1] : "world");
  puts(line);
${extra}  return 0;
}
`;
const makefile = (manual: string) => `PREFIX ?= /usr
CFLAGS ?= -O2 -g

greeter: main.c
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ main.c -lgreet

install: greeter
	install -D -m 755 greeter $(DESTDIR)$(PREFIX)/bin/greeter
	install -D -m 644 greeter.1 $(DESTDIR)$(PREFIX)/share/man/man1/${manual}

clean:
	rm -f greeter

.PHONY: install clean
`;
const manual = `.TH GREETER 1
.SH NAME
greeter \\- greet somebody
.SH SYNOPSIS
.B greeter
[NAME]
`;

const upstream: SampleCommit[] = [
  {
    subject: 'Greet the world',
    files: { 'main.c': source(''), Makefile: makefile('greeter.1'), 'greeter.1': manual },
    tag: 'v2.0.0',
  },
  { subject: 'Explain what it does', files: { README: 'greeter greets whoever is named.\n' } },
  { subject: 'Install the manual page as greeter-manual.1', files: { Makefile: makefile('greeter-manual.1') } },
  { subject: 'Thank the reader', files: { 'main.c': source('  puts("Thank you for reading.");\n') } },
  { subject: 'Give the manual page its name back', files: { Makefile: makefile('greeter.1') } },
  { subject: 'Say what comes next', files: { README: 'greeter greets whoever is named.\nSoon in more languages.\n' } },
];

/** The commit that breaks the packaging and the one that mends it, by place in `upstream`. */
export const BREAKING = 2;
export const MENDING = 4;

const spec = `Name:           greeter
Version:        0
Release:        1%{?dist}
Summary:        Greets somebody
License:        Apache-2.0
URL:            https://upstream.example/greeter
Source0:        %{name}-%{version}.tar.gz
BuildRequires:  gcc
BuildRequires:  glibc-devel
BuildRequires:  make
BuildRequires:  libgreet-devel

%global debug_package %{nil}

%description
A program that greets whoever is named.

%prep
%setup -q

%build
make

%install
make install DESTDIR=%{buildroot}

%files
%{_bindir}/greeter
%{_mandir}/man1/greeter.1*

%changelog
`;

const control = `Source: greeter
Section: misc
Priority: optional
Maintainer: Demo Packagers <packagers@downstream.example>
Build-Depends: debhelper-compat (= 13), libgreet-dev
Standards-Version: 4.6.2

Package: greeter
Architecture: any
Depends: \${shlibs:Depends}, \${misc:Depends}
Description: greets somebody
 A program that greets whoever is named.
`;

export const greeter: Sample = {
  name: 'greeter',
  upstream,
  packaging: [
    {
      subject: 'Package greeter for RPM and deb',
      files: {
        'rpm/greeter.spec': spec,
        'deb/debian/control': control,
        'deb/debian/rules':
          '#!/usr/bin/make -f\n%:\n\tdh $@\n\noverride_dh_auto_install:\n\tdh_auto_install --destdir=debian/tmp\n',
        'deb/debian/source/format': '3.0 (quilt)\n',
        'deb/debian/greeter.install': 'usr/bin/greeter\nusr/share/man/man1/greeter.1\n',
        'deb/debian/copyright':
          'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: 2026 The greeters\nLicense: Apache-2.0\n',
      },
    },
  ],
};
