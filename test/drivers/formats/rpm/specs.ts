// Specs in the styles people bring; every one of them builds a source package with the rpm here once it is staged.
const REST = `
%description
A package.
`;

export const SPECS = {
  fedora: `%global forgeurl https://example.org/foo

Name:           foo
Version:        1.0
Release:        3%{?dist}
Summary:        A program
License:        MIT
URL:            %{forgeurl}
Source0:        %{url}/archive/v%{version}/%{name}-%{version}.tar.gz
Source1:        foo.service
Patch0:         fix.patch
BuildRequires:  gcc
BuildRequires:  make
# Version: 99 in a comment stays
Requires:       %{name}-libs%{?_isa} = %{version}-%{release}
${REST}
%package libs
Summary:        Libraries
Version:        7.7
Release:        8%{?dist}
%description libs
Version: this is text.

%prep
%autosetup -p1

%build
%make_build

%files
/usr/bin/foo

%changelog
* Mon Jan 01 2024 Old Packager <old@example.org> - 1.0-3
- Old entry
`,
  autospec: `Name: foo
Version: 1.0
Release: %autorelease
Summary: Uses rpmautospec
License: MIT
Source: https://example.org/foo-%{version}.tar.gz
${REST}
%prep
%autosetup -n foo-%{version} -S git
%changelog
%autochangelog
`,
  rdo: `%{!?sources_gpg: %{!?dlrn:%global sources_gpg 1} }
%global sources_gpg_sign 0x2426b928085a020d8a90d0d879ab7008d0896c8a
%global library foo
%{!?upstream_version: %global upstream_version %{version}%{?milestone}}
%global with_doc 1

Name:       python-%{library}
# Semver reset
Epoch:      1
Version:    XXX
Release:    XXX
Summary:    OpenStack library
License:    Apache-2.0
URL:        http://launchpad.net/%{library}/
Source0:    https://tarballs.openstack.org/%{library}/%{library}-%{upstream_version}.tar.gz
%if 0%{?sources_gpg} == 1
Source101:        https://tarballs.openstack.org/%{library}/%{library}-%{upstream_version}.tar.gz.asc
Source102:        https://releases.openstack.org/_static/%{sources_gpg_sign}.txt
%endif
BuildArch:  noarch
%if 0%{?sources_gpg} == 1
BuildRequires:  /usr/bin/gpgv2
%endif
BuildRequires:  git-core
${REST}
%package -n python3-%{library}
Summary:    %{summary}
Requires:   python3-bar >= UPSTREAMVERSION
%description -n python3-%{library}
Text.

%prep
%if 0%{?sources_gpg} == 1
%{gpgverify}  --keyring=%{SOURCE102} --signature=%{SOURCE101} --data=%{SOURCE0}
%endif
%autosetup -n %{library}-%{upstream_version} -S git

%build
PBR_VERSION=%{upstream_version} true

%files -n python3-%{library}
%license LICENSE

%changelog
`,
  dlrnMacros: `%define upstream_version 0.0.1.dev1
%global dlrn 0
%global dlrn_nvr old
Name: foo
Version: UPSTREAMVERSION
Release: 0.1
Summary: Written for DLRN
License: MIT
Source0: foo-UPSTREAMVERSION.tar.gz
Provides: nvr(%{dlrn_nvr})
Provides: upstream = %{upstream_version}
${REST}
%prep
%setup -qn foo-%{upstream_version}
`,
  suse: `#
# spec file for package foo
#
# Copyright (c) 2024 SUSE LLC
%define sover 3
%bcond_without tests
Name:           foo
Version:        1.0+git.1700000000.deadbee
Release:        0
Summary:        A program
License:        MIT
Group:          Development/Tools
URL:            https://example.org
Source:         foo-%{version}.tar.xz
Source2:        foo.service
BuildRequires:  pkgconfig >= 0.9
%if %{with tests}
BuildRequires:  check
%endif
${REST}
%package -n libfoo%{sover}
Summary:        Library
%description -n libfoo%{sover}
Text.

%prep
%setup -q
%autopatch -p1

%build
%configure \\
  --disable-static \\
  --with-version=%{version}

%files
/usr/bin/foo

%changelog
`,
  versionMacro: `%global upstream_version 1.0
%global majorver 1
Name: foo
Version: %{upstream_version}
Release: 1%{?dist}
Epoch: 2
Summary: Its version is a macro
License: MIT
Source0: https://example.org/%{name}-%{upstream_version}.tar.bz2
Provides: bundled(foo) = %{upstream_version}
${REST}
%prep
%setup -q -n %{name}-%{upstream_version}
`,
  conditional: `Name: foo
%if 0%{?rhel}
Version: 0.9
Release: 1%{?dist}
Epoch: 4
Source: old-%{version}.tar.gz
%else
Version: 1.0
Release: 2%{?dist}
Source: new-%{version}.tar.gz
%endif
Source: extra.txt
Summary: Branches
License: MIT
${REST}
%prep
%if 0%{?rhel}
%setup -q -n old-%{version}
%else
%setup -q -n new-%{version} -a 0
%endif

%if 0%{?fedora}
%changelog
* Mon Jan 01 2024 Old Packager <old@example.org> - 1.0-3
- Old entry
%else
%changelog
- none
%endif
`,
  severalSetups: `Name: foo
Version: 1.0
Release: 1
Summary: Sets up more than once
License: MIT
Source: foo-%{version}.tar.gz
Source1: bar-2.tar.gz
${REST}
%prep
%setup -q -c -n "%{name}-%{version}"
%setup -q -T -D -a 1 -n "%{name}-%{version}"
%setup -q -T -D -b1 -n bar-2
%setup -q -c -T -n empty
`,
  noSource: `Name: foo
Version: 1.0
Summary: No sources and no release
License: MIT
Release: 1
${REST}
%prep
%setup
`,
  sourceList: `Name: foo
Version: 1.0
Release: 1
Summary: Sources in a section
License: MIT
${REST}
%sourcelist
# the tarball
https://example.org/foo-%{version}.tar.gz
extra.txt

%prep
%setup -q
`,
  multiline: `Name: foo
%global long() %{lua:
Version = "not a tag"
print("x")
}
%define other \\
Version: 5\\
Source0: nothing
VERSION: 1.0
release: 1
summary: Tags in any case
license: MIT
SOURCE0 : foo.tar.gz
%global epilogue %{expand:
%%changelog
}
${REST}
%prep
%autosetup -p1 -n %{?foo:bar} -v # a comment
`,
} as const;
