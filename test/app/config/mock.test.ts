import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { mistakesIn, settingsOf, temporaryDirectory } from './file.ts';

let mockDirectory: string;

beforeEach(async () => {
  mockDirectory = await temporaryDirectory();
  await mkdir(join(mockDirectory, 'templates'));
});

const put = (name: string, content: string) => writeFile(join(mockDirectory, name), content);

const targets = (name: string) => `targets:\n  ${name}: { base_from_mock: ${name} }\n`;

describe('a mock configuration', () => {
  test('gives a target its repositories, architecture, release and build packages', async () => {
    await put(
      'example-7-x86_64.cfg',
      `# a comment with 'quotes"
config_opts['target_arch'] = 'x86_64'
config_opts["legal_host_arches"] = ('x86_64',)
config_opts['releasever'] = '7'; config_opts['macros']['%dist'] = '.ex7'
include('templates/example.tpl')
config_opts['root'] = 'example-{{ releasever }}-{{ target_arch }}'
config_opts['plugin_conf']['ccache_enable'] = os.cpu_count() > 3 or False
config_opts['chroot_setup_cmd'] += ' epel-rpm-macros'
config_opts['dnf.conf'] += """

[more]
name=more
baseurl=https://one.example.org/{{ releasever }}/$basearch/,
        https://two.example.org/a,b/
gpgcheck=0
priority=20
"""
`,
    );
    await put(
      'templates/example.tpl',
      `config_opts['mirrored'] = config_opts['target_arch'] != 'i686'
config_opts['bootstrap_image_ready'] = int(config_opts['releasever']) >= 41
config_opts['chroot_setup_cmd'] = 'install @{% if mirrored %}buildsys-{% endif %}build bash'
config_opts['extra_chroot_dirs'] = [ '/run/lock', ]
config_opts['dnf.conf'] = """
[main]
gpgcheck=1
user_agent={{ user_agent }}

{%- macro keys() -%}
file:///keys/$releasever
{%- for version in [releasever|int, releasever|int - 1]
%} file:///keys/{{ version }}
{%- endfor %}
{%- endmacro %}

[local]
name=local
baseurl=https://koji.example.org/
enabled={{ not mirrored }}
{% if mirrored %}
[base]
name=Base $releasever
#baseurl=http://old.example.org/
metalink=https://mirrors.example.org/metalink?repo=base-$releasever&arch=$basearch&protocol=https,http
gpgkey={{ keys() }}
[debug]
enabled=0
baseurl={{ nobody_set_this }}
{% elif releasever == '8' %}
[wrong]
{% else %}
[wrong]
{% endif %}
{% for i in range(1, 3) %}
[extra{{ i }}]
mirrorlist=https://m.example.org/{{ i }}
gpgkey=/keys/extra
{% endfor %}
"""
`,
    );
    const settings = await settingsOf(targets('example-7-x86_64'), { mockDirectory });
    const rpm = { kind: 'rpm', baseurl: [], metalink: null, mirrorlist: null, priority: 99 };
    expect(settings.targets[0]).toMatchObject({
      format: 'rpm',
      arch: 'x86_64',
      buildPackages: ['@buildsys-build', 'bash', 'epel-rpm-macros'],
      baseRepositories: [
        {
          ...rpm,
          id: 'base',
          metalink: 'https://mirrors.example.org/metalink?repo=base-7&arch=x86_64&protocol=https,http',
          gpgkey: ['file:///keys/7', 'file:///keys/7', 'file:///keys/6'],
        },
        { ...rpm, id: 'extra1', mirrorlist: 'https://m.example.org/1', gpgkey: ['/keys/extra'] },
        { ...rpm, id: 'extra2', mirrorlist: 'https://m.example.org/2', gpgkey: ['/keys/extra'] },
        {
          ...rpm,
          id: 'more',
          baseurl: ['https://one.example.org/7/x86_64/', 'https://two.example.org/a,b/'],
          gpgkey: [],
          priority: 20,
        },
      ],
    });
  });

  test('is read, never executed', async () => {
    const witness = join(mockDirectory, 'executed');
    for (const line of [
      `import os; os.system('touch ${witness}')`,
      `config_opts['x'] = __import__('os').system('touch ${witness}')`,
      `open('${witness}', 'w')`,
      `exec("open('${witness}', 'w')")`,
    ]) {
      await put('evil.cfg', `${line}\nconfig_opts['dnf.conf'] = """[a]\nbaseurl=/x\n"""\n`);
      await mistakesIn(targets('evil'), { mockDirectory });
    }
    expect(existsSync(witness)).toBe(false);
  });

  test.each([
    ['if True:\n    pass\n', 'x.cfg:1: the statement "if" is Python that is not read'],
    ['config_opts["a"] = 1\nfor x in y:\n  pass\n', 'x.cfg:2: the statement "for" is Python that is not read'],
    ['config_opts["a"] = f"{x}"\n', 'x.cfg:1: strings with the prefix f are not read'],
    ['config_opts["a"] = "open\n', 'x.cfg:1: a string that does not end'],
    ['config_opts["a"] = [1, 2\n', 'x.cfg:2: expected ], found the end of the line'],
    ['include("templates/none.tpl")\n', 'x.cfg:1: '],
    ['config_opts["root"] = "x"\n', "x.cfg: it sets no config_opts['dnf.conf']"],
    [
      'config_opts["dnf.conf"] = "[a]\\nbaseurl={{ unset }}\\n"\n',
      'its repository [a] cannot be taken over: its baseurl needs unset',
    ],
    ['config_opts["dnf.conf"] = "[a]\\nname=x\\n"\n', 'its repository [a] cannot be taken over: it has no baseurl'],
    ['config_opts["dnf.conf"] = "[a]\\nbaseurl=http://h/\\ngpgcheck=1\\n"\n', 'it has gpgcheck=1 and no gpgkey'],
    ['config_opts["dnf.conf"] = "{% import x %}"\n', '{% import %} is not understood here'],
    ['config_opts["dnf.conf"] = "{% if x %}"\n', '{% endif %} is missing'],
    ['config_opts["dnf.conf"] = "{{ x|shell }}"\n', 'the filter or function shell is not understood here'],
    [
      'config_opts["a"] = "{{ b }}{{ b }}"\nconfig_opts["b"] = "{{ a }}{{ a }}"\nconfig_opts["dnf.conf"] = "{{ a }}"\n',
      'a template that goes on expanding itself',
    ],
    [
      'config_opts["dnf.conf"] = "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}xxxxx{% endfor %}{% endfor %}{% endfor %}"\n',
      'expands to more than 1 MB',
    ],
    ['config_opts["dnf.conf"] = "{% for a in range(99999999) %}{% endfor %}"\n', 'a range that is not understood here'],
  ])('that is not understood says so: %j', async (content, expected) => {
    await put('x.cfg', content);
    const started = performance.now();
    const mistakes = await mistakesIn(targets('x'), { mockDirectory });
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(/^2:24: the mock configuration cannot be read: /);
    expect(mistakes[0]).toContain(expected);
    expect(mistakes[0]).toMatch(/; check the name .*or write the repositories under base$/);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('that includes itself is read once', async () => {
    await put('x-1-x86_64.cfg', 'include("x-1-x86_64.cfg")\nconfig_opts["dnf.conf"] = "[a]\\nbaseurl=/x\\n"\n');
    const settings = await settingsOf(targets('x-1-x86_64'), { mockDirectory });
    expect(settings.targets[0]?.baseRepositories).toHaveLength(1);
  });

  test('goes with no other repositories, and with rpm only', async () => {
    await put('x.cfg', 'config_opts["dnf.conf"] = "[a]\\nbaseurl=/x\\n"\n');
    const both = 'targets:\n  t: { format: rpm, base_from_mock: x, base: [{ id: a, baseurl: /x }] }\n';
    expect(await mistakesIn(both, { mockDirectory })).toEqual([
      expect.stringContaining('keep one of base and base_from_mock'),
    ]);
    const deb = 'targets:\n  t: { format: deb, base_from_mock: x }\n';
    expect(await mistakesIn(deb, { mockDirectory })).toEqual([expect.stringContaining('have no repositories for deb')]);
  });
});
