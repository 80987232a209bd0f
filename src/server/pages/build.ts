import { API_ROOT } from '../../api/index.ts';
import { logPath, openLog } from '../../builds/logs/index.ts';
import { listAttempts, listPackages, type BuildWithRevision, type QueuedAttempt } from '../../db/index.ts';
import { redact } from '../../lib/index.ts';
import { describeWaits, type CommitInfo, type PublishedPackage, type Waits } from '../../model/index.ts';
import { packageAnswer, snapshotPath } from '../answers/builds.ts';
import type { ServerContext } from '../context.ts';
import { waitsOfBuild } from '../routes/builds.ts';
import { html, page, stateOf, table, when, type Markup } from './layout.ts';

/** Bytes of the end of a log that the page has itself. */
const TAIL = 64 * 1024;

/** One build: what it was made from, its attempts, its packages, and its log. */
export async function buildPage(context: ServerContext, { build, revision }: BuildWithRevision): Promise<string> {
  const { db } = context.trunk;
  const attempts = await listAttempts(db, build.id);
  const packages = await listPackages(db, [build.id]);
  const shown = attempts.findLast(({ state }) => state !== 'pending');
  const title = `${build.project} for ${build.target}, build ${String(build.id)}`;
  const inputs = shown?.inputs ?? null;
  const [waits] = (await waitsOfBuild(context, build, attempts)).values();
  const content = html`<h1>${title}</h1>
    <dl>
      <dt>State</dt>
      <dd>${stateOf(build)}</dd>
      ${waits === undefined ? null : entry('Waits', waiting(waits))}
      ${build.detail === null ? null : entry('Why', redact(build.detail))}
      ${entry('Upstream', commit(revision.upstream))} ${entry('Packaging', commit(revision.distgit))}
      ${entry('Made', when(build.createdAt))} ${entry('Finished', when(build.finishedAt))}
      ${
        build.snapshot === null
          ? null
          : entry('Snapshot', html`<code>${snapshotPath(build.target, build.snapshot)}</code>`)
      }
      ${inputs === null ? null : entry('Builder', `${inputs.builder} ${inputs.builderVersion}`)}
      ${inputs?.snapshot ? entry('Built against', html`<code>${inputs.snapshot.slice(0, 12)}</code>`) : null}
    </dl>
    <h2>Attempts</h2>
    ${attempts.length === 0 ? html`<p class="dim">None yet.</p>` : attemptTable(attempts)}
    ${packages.length === 0 ? null : packageTable(packages)}
    ${shown === undefined ? null : await logSection(context, shown)}`;
  return page(title, content, shown?.state === 'running');
}

const entry = (name: string, value: unknown) =>
  html`<dt>${name}</dt>
    <dd>${value}</dd>`;

const waiting = (waits: Waits) =>
  html`${describeWaits(waits)}${waits.startsAt === null ? null : html`; begins about ${when(waits.startsAt)}`}`;

const commit = ({ hash, subject, authorName }: CommitInfo) =>
  html`<code>${hash.slice(0, 12)}</code> ${subject} <span class="dim">(${authorName})</span>`;

function attemptTable(attempts: readonly QueuedAttempt[]): Markup {
  return table(
    ['Attempt', 'Kind', 'State', 'Started', 'Seconds', 'Version', 'Why', 'Log'],
    attempts.map(
      (one) =>
        html`<tr>
          <td class="number">${one.number}</td>
          <td>${one.kind}</td>
          <td>${stateOf(one)}</td>
          <td class="time">${when(one.startedAt)}</td>
          <td class="number">${one.timings.total?.toFixed(1)}</td>
          <td>${one.inputs?.version?.version}</td>
          <td class="subject">${one.detail === null ? null : redact(one.detail)}</td>
          <td>${one.state === 'pending' ? null : html`<a href=${logAddress(one)}>log</a>`}</td>
        </tr>`,
    ),
  );
}

function packageTable(packages: readonly PublishedPackage[]): Markup {
  const rows = packages.map(
    (one) =>
      html`<tr>
        <td><a href=${packageAnswer(one).href}>${one.fileName}</a></td>
        <td>${one.kind}</td>
        <td class="number">${one.size}</td>
        <td><code>${one.sha256.slice(0, 16)}…</code></td>
      </tr>`,
  );
  return html`<h2>Packages</h2>
    ${table(['Package', 'Kind', 'Bytes', 'SHA-256'], rows)}`;
}

const logAddress = ({ buildId, number }: QueuedAttempt) =>
  `${API_ROOT}/builds/${String(buildId)}/attempts/${String(number)}/log`;

async function logSection({ trunk }: ServerContext, attempt: QueuedAttempt): Promise<Markup | null> {
  const path = logPath(trunk.settings, { buildId: attempt.buildId, attempt: attempt.number, file: 'build.log' });
  const running = attempt.state === 'running';
  const log = await openLog(path);
  if (log === null && !running) return null;
  const size = log?.size ?? 0;
  const tail = await log?.read(Math.max(0, size - TAIL), TAIL);
  await log?.close();
  const cut =
    size > TAIL ? html`<p class="dim">The end of it; <a href=${logAddress(attempt)}>the whole log</a>.</p>` : null;
  return html`<h2>Log of attempt ${attempt.number}</h2>
    ${cut}
    <pre data-follow=${running ? `${logAddress(attempt)}/stream` : undefined}>${tail?.toString('utf8') ?? ''}</pre>`;
}
