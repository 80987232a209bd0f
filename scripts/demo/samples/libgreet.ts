import type { SampleCommit } from '../repository.ts';
import type { Sample } from './index.ts';

const header = `#ifndef GREET_H
#define GREET_H
/* A greeting for NAME in BUFFER of SIZE bytes; answers its length. */
int greet(char *buffer, unsigned long size, const char *name);
#endif
`;
const source = (greeting: string) => `#include <stdio.h>
#include "greet.h"

int greet(char *buffer, unsigned long size, const char *name) {
  return snprintf(buffer, size, "${greeting}, %s!", name);
}
`;
const makefile = `PREFIX ?= /usr
LIBDIR ?= $(PREFIX)/lib
CFLAGS ?= -O2 -g

libgreet.so.1: greet.c greet.h
	$(CC) $(CFLAGS) $(LDFLAGS) -fPIC -shared -Wl,-soname,libgreet.so.1 -o $@ greet.c

install: libgreet.so.1
	install -D -m 755 libgreet.so.1 $(DESTDIR)$(LIBDIR)/libgreet.so.1
	ln -sf libgreet.so.1 $(DESTDIR)$(LIBDIR)/libgreet.so
	install -D -m 644 greet.h $(DESTDIR)$(PREFIX)/include/greet.h

clean:
	rm -f libgreet.so.1

.PHONY: install clean
`;

const upstream: SampleCommit[] = [
  { subject: 'Greet', files: { 'greet.c': source('Hello'), 'greet.h': header, Makefile: makefile }, tag: 'v1.0.0' },
  { subject: 'Say where to find us', files: { README: 'libgreet greets.\n' } },
  { subject: 'Greet more warmly', files: { 'greet.c': source('A warm hello') } },
  { subject: 'Explain how to build', files: { README: 'libgreet greets.\nBuild it with make.\n' } },
  { subject: 'Greet in good style', files: { 'greet.c': source('Good day') } },
];

const spec = `Name:           libgreet
Version:        0
Release:        1%{?dist}
Summary:        A library that greets
License:        Apache-2.0
URL:            https://upstream.example/libgreet
Source0:        %{name}-%{version}.tar.gz
BuildRequires:  gcc
BuildRequires:  glibc-devel
BuildRequires:  make

%global debug_package %{nil}
# The demo's base repository is made of Debian packages, whose loader does not look into /usr/lib64.
%global _libdir %{_prefix}/lib

%description
A library that greets people by name.

%package devel
Summary:        Files to build programs that greet
Requires:       %{name}%{?_isa} = %{version}-%{release}

%description devel
The header and the link of libgreet.

%prep
%setup -q

%build
make LIBDIR=%{_libdir}

%install
make install DESTDIR=%{buildroot} LIBDIR=%{_libdir}

%files
%{_libdir}/libgreet.so.1

%files devel
%{_libdir}/libgreet.so
%{_includedir}/greet.h

%changelog
`;

const control = `Source: libgreet
Section: libs
Priority: optional
Maintainer: Demo Packagers <packagers@downstream.example>
Build-Depends: debhelper-compat (= 13)
Standards-Version: 4.6.2

Package: libgreet1
Architecture: any
Multi-Arch: same
Depends: \${shlibs:Depends}, \${misc:Depends}
Description: library that greets
 It greets people by name.

Package: libgreet-dev
Section: libdevel
Architecture: any
Depends: libgreet1 (= \${binary:Version}), \${misc:Depends}
Description: library that greets: development files
 The header and the link of libgreet.
`;

const rules = `#!/usr/bin/make -f
export LIBDIR = /usr/lib/$(shell dpkg-architecture -qDEB_HOST_MULTIARCH)

%:
	dh $@

override_dh_auto_install:
	dh_auto_install --destdir=debian/tmp -- LIBDIR=$(LIBDIR)
`;

export const libgreet: Sample = {
  name: 'libgreet',
  upstream,
  packaging: [
    {
      subject: 'Package libgreet for RPM and deb',
      files: {
        'rpm/libgreet.spec': spec,
        'deb/debian/control': control,
        'deb/debian/rules': rules,
        'deb/debian/source/format': '3.0 (quilt)\n',
        'deb/debian/libgreet1.install': 'usr/lib/*/libgreet.so.1\n',
        'deb/debian/libgreet-dev.install': 'usr/lib/*/libgreet.so\nusr/include/greet.h\n',
        'deb/debian/copyright':
          'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: 2026 The greeters\nLicense: Apache-2.0\n',
      },
    },
  ],
};
