import type { CommitInfo, FailureReason, Message, SkipReason } from '../../model/index.ts';
import { compose } from './compose.ts';
import { endOfLog, oneLine } from './quote.ts';

export { compose } from './compose.ts';
export { digestMail } from './digest.ts';
export { endOfLog, readLogEnd } from './quote.ts';

/** What both mails tell of a build. */
export interface BuildNews {
  /** Stable for the event: a second delivery has the same. */
  id: string;
  /** Mail addresses. */
  to: readonly string[];
  project: string;
  target: string;
  buildId: number;
  upstream: CommitInfo;
  distgit: CommitInfo;
}

export interface FailureNews extends BuildNews {
  reason: FailureReason | SkipReason | null;
  /** One line in the words of the tool that refused. */
  detail: string | null;
  /** The log, or its end; see `readLogEnd`. */
  log: string;
  /** Lines of it to quote. */
  logLines: number;
  /** URL or path of the directory with the logs. */
  logs: string;
  /** The last commit that built, or null when none ever did. */
  lastSuccess: { upstream: CommitInfo; buildId: number } | null;
}

export interface RecoveryNews extends BuildNews {
  /** URL or path of the repository with the packages, or null. */
  repository: string | null;
  /** The failure that was told of, or null when it is not known any more. */
  brokenBy: { upstream: CommitInfo; buildId: number } | null;
}

const REASONS: Readonly<Record<FailureReason | SkipReason, string>> = {
  source_error: 'the source package could not be made',
  deps_unresolvable: 'its build requirements cannot be installed',
  build_failed: 'the package’s own build failed',
  lint_failed: 'the built packages were refused by the linter',
  install_failed: 'the built packages do not install',
  test_failed: 'its tests failed',
  timeout: 'it took too long',
  infra_error: 'the machinery that builds failed, not the package',
  superseded: 'a newer commit was built instead',
};

/** The mail to the maintainers on a project's first failure after a success. */
export function failureMail(news: FailureNews): Message {
  const { project, target, upstream, buildId } = news;
  const reason = news.reason ?? 'build_failed';
  const end = endOfLog(news.log, news.logLines);
  const paragraphs = [
    `${project} no longer builds for ${target}: ${REASONS[reason]} (${reason}).`,
    ...(news.detail === null ? [] : [`  ${oneLine(news.detail)}`]),
    describeCommits(news),
    news.lastSuccess === null
      ? 'No commit of it has been built before.'
      : `The last commit that built was ${short(news.lastSuccess.upstream)} (build ${news.lastSuccess.buildId}).`,
    ...(end.length === 0 ? [] : [`The end of the log:\n\n${end.map((line) => `  | ${line}`.trimEnd()).join('\n')}`]),
    `All logs:          ${oneLine(news.logs)}\n` +
      `On the server:     trunkline build show ${buildId}\n` +
      `                   trunkline log ${buildId}\n` +
      `To try it again:   trunkline recheck ${project}`,
    'Nothing is blocked by this: it is advice. The next commit, of the project or of its packaging, is built as usual. You get one more mail when ' +
      'it builds again, and none until then.',
  ];
  return {
    id: news.id,
    to: news.to,
    subject: `[trunkline] ${project} does not build for ${target} since ${upstream.hash.slice(0, 7)}: ${reason}`,
    text: compose(paragraphs),
  };
}

/** The mail to the maintainers when a project that was told of builds again. */
export function recoveryMail(news: RecoveryNews): Message {
  const { project, target, upstream, buildId, brokenBy, repository } = news;
  const paragraphs = [
    `${project} builds again for ${target}.`,
    describeCommits(news),
    ...(brokenBy === null ? [] : [`It had been broken since ${short(brokenBy.upstream)} (build ${brokenBy.buildId}).`]),
    `${repository === null ? '' : `Repository:        ${oneLine(repository)}\n`}On the server:     trunkline build show ${buildId}`,
  ];
  return {
    id: news.id,
    to: news.to,
    subject: `[trunkline] ${project} builds again for ${target} since ${upstream.hash.slice(0, 7)}`,
    text: compose(paragraphs),
  };
}

function describeCommits({ upstream, distgit }: BuildNews): string {
  return [commit('Commit:   ', upstream), commit('Packaging:', distgit)].join('\n');
}

function commit(title: string, { hash, subject, authorName, authorEmail, committerTime }: CommitInfo): string {
  const author = `${oneLine(authorName)} <${oneLine(authorEmail)}>`;
  const lines = [hash, oneLine(subject), `by ${author}, ${utc(committerTime)}`];
  return lines.map((line, index) => `${index === 0 ? title : ' '.repeat(title.length)} ${line}`.trimEnd()).join('\n');
}

const short = ({ hash, subject }: CommitInfo) => `${hash.slice(0, 7)} "${oneLine(subject)}"`;

/** Seconds since the epoch as a person reads them. A commit may claim any time at all. */
function utc(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime())
    ? 'at an impossible time'
    : date
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, ' UTC');
}
