import { access, mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../../src/lib/index.ts';
import { BENCH } from '../deployment.ts';
import { openMeter } from '../processor-time.ts';
import type { SampleProject } from '../samples.ts';

const SCRIPT = fileURLToPath(new URL('pipeline.sh', import.meta.url));
export const PIPELINE =
  'shell pipeline: overlay, dnf --installroot, rpmbuild in a chroot, createrepo_c, dnf install check; no jail, limits or database';

export interface PipelineRun {
  seconds: number;
  processorSeconds: number | null;
}

/** Builds one commit with the shell pipeline. */
export type Pipeline = (commit: string) => Promise<PipelineRun>;

/** The plain shell pipeline for one project, with roots of its own (kept) and an empty repository. `base`: of RPMs. */
export async function openPipeline(base: string, project: SampleProject, spec: string): Promise<Pipeline> {
  const roots = join(BENCH, 'pipeline', basename(join(base, '..')));
  const repository = join(BENCH, 'pipeline', 'repository');
  await rm(repository, { recursive: true, force: true });
  await mkdir(repository, { recursive: true });
  if (!(await access(roots).then(yes, no))) {
    await rm(`${roots}.tmp`, { recursive: true, force: true });
    await script(['prepare', base, `${roots}.tmp`]);
    await rename(`${roots}.tmp`, roots);
  }
  return (commit) => script(['build', base, roots, project.upstream, commit, spec, repository]);
}

async function script(args: readonly string[]): Promise<PipelineRun> {
  const meter = await openMeter();
  try {
    const unshare = ['unshare', '--mount', '--propagation', 'private', 'sh', SCRIPT, ...args];
    const [program = '', ...rest] = [...meter.launcher, ...unshare];
    const { seconds } = await run([program, ...rest], { timeout: 600_000 });
    return { seconds, processorSeconds: await meter.seconds() };
  } finally {
    await meter.close();
  }
}

const yes = () => true;
const no = () => false;
