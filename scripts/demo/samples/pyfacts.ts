import type { SampleCommit } from '../repository.ts';
import type { Sample } from './index.ts';

const module = (facts: readonly string[]) => `"""Facts worth knowing."""
FACTS = [
${facts.map((fact) => `    "${fact}",\n`).join('')}]


def main():
    for fact in FACTS:
        print(fact)
`;
const setup = `from setuptools import setup

setup(
    name="pyfacts",
    version="3.0.0",
    description="Facts worth knowing",
    py_modules=["pyfacts"],
    entry_points={"console_scripts": ["pyfacts = pyfacts:main"]},
)
`;
const one = 'Packaging is integration.';
const two = 'A break is cheapest at the commit that made it.';
const three = 'What a snapshot says never changes.';

const upstream: SampleCommit[] = [
  { subject: 'Know a fact', files: { 'pyfacts.py': module([one]), 'setup.py': setup }, tag: '3.0.0' },
  { subject: 'Know a second fact', files: { 'pyfacts.py': module([one, two]) } },
  { subject: 'Say what this is', files: { README: 'pyfacts knows facts.\n' } },
  { subject: 'Know a third fact', files: { 'pyfacts.py': module([one, two, three]) } },
  { subject: 'Explain how to ask', files: { README: 'pyfacts knows facts. Run pyfacts.\n' } },
];

const spec = `Name:           pyfacts
Version:        0
Release:        1%{?dist}
Summary:        Facts worth knowing
License:        Apache-2.0
URL:            https://upstream.example/pyfacts
Source0:        %{name}-%{version}.tar.gz
BuildArch:      noarch
BuildRequires:  python3
BuildRequires:  python3-setuptools
Requires:       python3

%description
A Python program that knows facts.

%prep
%setup -q

%build
python3 setup.py build

%install
python3 setup.py install --skip-build --root %{buildroot} --prefix /usr --install-lib /usr/lib/python3/dist-packages --install-scripts /usr/bin

%files
%{_bindir}/pyfacts
/usr/lib/python3/dist-packages/pyfacts*
%exclude /usr/lib/python3/dist-packages/__pycache__

%changelog
`;

const control = `Source: pyfacts
Section: python
Priority: optional
Maintainer: Demo Packagers <packagers@downstream.example>
Build-Depends: debhelper-compat (= 13), dh-python, python3-all, python3-setuptools
Standards-Version: 4.6.2

Package: pyfacts
Architecture: all
Depends: \${python3:Depends}, \${misc:Depends}
Description: facts worth knowing
 A Python program that knows facts.
`;

export const pyfacts: Sample = {
  name: 'pyfacts',
  upstream,
  packaging: [
    {
      subject: 'Package pyfacts for RPM and deb',
      files: {
        'rpm/pyfacts.spec': spec,
        'deb/debian/control': control,
        'deb/debian/rules':
          '#!/usr/bin/make -f\nexport PYBUILD_NAME = pyfacts\n%:\n\tdh $@ --with python3 --buildsystem=pybuild\n',
        'deb/debian/source/format': '3.0 (quilt)\n',
        'deb/debian/copyright':
          'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: 2026 The knowers\nLicense: Apache-2.0\n',
      },
    },
  ],
};
