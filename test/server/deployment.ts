import { deploySamples, type Deployment, type Formats, type Sample } from '../e2e/fixture.ts';
import { serveDeployment, type RunningServer } from './serving.ts';

export interface Served {
  deployment: Deployment & { samples: Sample[] };
  server: RunningServer;
}

/** A deployment in which one project succeeded and another failed, served. */
export async function serveBuilds(
  options: { formats?: Formats; settings?: Record<string, unknown> } = {},
): Promise<Served> {
  const deployment = await deploySamples(['alpha', 'beta'], options);
  await deployment.samples[1]?.push('broken', 'echo "<b>this & that</b>"; exit 1');
  await deployment.json(['run'], 1);
  await deployment.samples[0]?.push('two');
  await deployment.json(['run']);
  return { deployment, server: await serveDeployment(deployment.config) };
}
