import { expect, test } from 'vitest';
import { requirementsAreStatic } from '../../../../src/drivers/builders/mock/static-requirements.ts';

const spec = (preamble: string, rest = '') => `%global name_of sample
%define long \\
  %{lua: print(1)} \\
  end
Name: %{name_of}
Version: 1
${preamble}

%description
%{name_of} is a sample.

%package doc
Summary: Documentation
${rest}

%description doc
Documentation.

%build
%if 0%{?fedora}
%make_build
%endif

%files
%{_bindir}/sample
`;

test.each([
  [
    'plain names and versions',
    spec('%bcond_without tests\nBuildRequires: gcc, make >= 4\nBuildRequires:  pkgconfig(zlib)'),
    true,
  ],
  ['none', spec(''), true],
  ['a macro in a requirement', spec('BuildRequires: python%{python3_pkgversion}-devel'), false],
  ['a macro in one of a subpackage', spec('BuildRequires: gcc', 'buildrequires: tool = %{version}'), false],
  ['a condition', spec('%if 0%{?rhel}\nBuildRequires: gcc\n%endif'), false],
  ['a macro that may expand to one', spec('%bcond_without tests\n%kernel_requirements'), false],
  ['another file', spec('%include requirements.inc'), false],
  ['generated ones', `${spec('BuildRequires: gcc')}\n%generate_buildrequires\n%pyproject_buildrequires\n`, false],
])('%s', (_, text, expected) => {
  expect(requirementsAreStatic(text)).toBe(expected);
});
