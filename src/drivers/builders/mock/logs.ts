/** One program that mock ran, as root.log shows it. */
export interface LoggedCommand {
  command: string;
  output: string[];
  /** null when it was ended before it returned. */
  exitCode: number | null;
}

/** A phase of mock's state.log that began; seconds are null for one that did not end. */
export interface Phase {
  name: string;
  seconds: number | null;
}

/** The commands of mock's root.log, each line of which is `LEVEL file.py:line:  text`. */
export function readCommands(rootLog: string): LoggedCommand[] {
  const commands: LoggedCommand[] = [];
  for (const line of rootLog.split('\n')) {
    const text = /^[A-Z]+ \S+\.py:\d+: {2}(.*)$/.exec(line)?.[1] ?? line;
    const started = /^Executing command: (.*?)(?: with env \{.*)?$/.exec(text)?.[1];
    const returned = /^Child return code was: (-?\d+)$/.exec(text)?.[1];
    const last = commands.at(-1);
    if (started !== undefined) commands.push({ command: started, output: [], exitCode: null });
    else if (last !== undefined && returned !== undefined) last.exitCode = Number(returned);
    else if (last?.exitCode === null) last.output.push(text.trimEnd());
  }
  return commands;
}

/** Whether a command is the package manager at work on a root. */
export function isPackageManager(command: LoggedCommand): boolean {
  return /^\['[^']*\/(?:dnf[-0-9]*|yum|microdnf)'/.test(command.command) && command.command.includes("'--installroot'");
}

/** The phases of mock's state.log in the order they began: `2026-11-20 22:21:57,400 - Start: chroot init`. */
export function readPhases(stateLog: string): Phase[] {
  const phases: (Phase & { from: number })[] = [];
  for (const line of stateLog.split('\n')) {
    const [, day, time, millis, verb, name] =
      /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d),(\d{3}) - (Start|Finish): (.*)$/.exec(line) ?? [];
    if (name === undefined || day === undefined || time === undefined || millis === undefined) continue;
    const at = Date.parse(`${day}T${time}.${millis}Z`) / 1000;
    if (verb === 'Start') phases.push({ name, seconds: null, from: at });
    else {
      const open = phases.findLast((phase) => phase.name === name && phase.seconds === null);
      if (open !== undefined) open.seconds = Math.max(0, at - open.from);
    }
  }
  return phases.map(({ name, seconds }) => ({ name, seconds }));
}

/** The packages in mock's installed_pkgs.log: NEVRA, build time, size, `installed`. */
export function readInstalled(installedLog: string): string[] {
  return installedLog
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name !== '' && !name.startsWith('gpg-pubkey-'))
    .sort();
}

/** The packages a dnf transaction installed or upgraded, from the table at the end of its output. */
export function readTransaction(output: readonly string[]): string[] {
  const names: string[] = [];
  let inside = false;
  for (const line of output) {
    if (/^(Installed|Upgraded|Downgraded|Reinstalled):$/.test(line)) inside = true;
    else if (!line.startsWith('  ')) inside = false;
    else if (inside) names.push(...line.trim().split(/\s+/));
  }
  return names.sort();
}

/** What mock says to be in a root it has just made (name-version-release.arch), from its own messages. */
export function readRootPackages(messages: string): string[] {
  const [, list = ''] = messages.split(/^INFO: Installed packages:\nINFO: /m);
  const lines = list.split('\n');
  const end = lines.findIndex((line) => !/^\S+\.\w+$/.test(line));
  return lines.slice(0, end < 0 ? lines.length : end).filter((line) => !line.startsWith('gpg-pubkey-'));
}
