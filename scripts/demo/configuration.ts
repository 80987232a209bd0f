import { stringify } from 'yaml';

export const RPM_TARGET = 'demo-12-x86_64';
export const DEB_TARGET = 'debian-12-amd64';

/** trunkline.yaml of the demo: three projects in three short entries, two targets, the sandbox builder. */
export function demoConfiguration(demo: {
  dataDirectory: string;
  samples: string;
  base: { rpm: string; deb: string };
}): string {
  return stringify({
    data_dir: demo.dataDirectory,
    base_url: `file://${demo.dataDirectory}/repos`,
    jobs: 2,
    signing: {},
    targets: {
      [RPM_TARGET]: {
        format: 'rpm',
        dist: '.demo12',
        base: [{ id: 'base', baseurl: `file://${demo.base.rpm}` }],
      },
      [DEB_TARGET]: {
        format: 'deb',
        base: [
          { id: 'base', uri: `file://${demo.base.deb}`, suites: ['bookworm'], components: ['main'], trusted: true },
        ],
      },
    },
    defaults: {
      upstream: { url: `${demo.samples}/upstream/%(name)s`, branch: 'main' },
      packaging: {
        rpm: { url: `${demo.samples}/packaging/%(name)s`, branch: 'main', path: 'rpm' },
        deb: { url: `${demo.samples}/packaging/%(name)s`, branch: 'main', path: 'deb' },
      },
      maintainers: ['packagers@downstream.example'],
      targets: [RPM_TARGET, DEB_TARGET],
    },
    projects: { greeter: {}, libgreet: {}, pyfacts: {} },
  });
}
