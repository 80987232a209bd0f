import { readFile } from 'node:fs/promises';
import { registerSecret, TrunklineError } from '../lib/index.ts';
import type { WorkerEvent } from '../worker/index.ts';
import type { Printer } from './print.ts';

/** The token in a file. @throws TrunklineError `invalid_argument` */
export async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new TrunklineError('invalid_argument', `The token cannot be read from ${file}`, {
      where: file,
      hint: 'trunkline token create worker/NAME prints one',
      cause: error,
    });
  });
  const token = text.split('\n')[0]?.trim() ?? '';
  if (!/^[\x21-\x7e]{8,500}$/.test(token))
    throw new TrunklineError('invalid_argument', `The first line of ${file} is no token`, { where: file });
  registerSecret(token);
  return token;
}

/** @throws TrunklineError `invalid_argument` */
export function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (plain && ['http:', 'https:'].includes(url.protocol)) return text.replace(/\/+$/, '');
  throw new TrunklineError('invalid_argument', `${JSON.stringify(text.slice(0, 200))} is no address of a server`, {
    hint: 'write it as https://trunkline.example, without name, password and query',
  });
}

/** A name in the words that a server takes. @throws TrunklineError `invalid_argument` */
export function workerNamed(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return name;
  throw new TrunklineError('invalid_argument', `${JSON.stringify(name.slice(0, 100))} cannot be the name of a worker`, {
    hint: 'use letters, digits, dots, hyphens and underscores: --name',
  });
}

/** A line for each thing that happens; with --json an object. */
export function tellEvent(event: WorkerEvent, print: Printer): void {
  if (print.json) print.jsonLine(viewOf(event));
  else print.line(lineOf(event));
}

function viewOf(event: WorkerEvent): object {
  if (event.kind !== 'claimed' && event.kind !== 'done') return event;
  const { build, attempt, number, project, target } = event.order;
  const order = { build, attempt, number, project: project.name, target: target.name };
  if (event.kind === 'claimed') return { kind: event.kind, ...order };
  const { kind, ...outcome } = event.outcome;
  return { kind: event.kind, ...order, outcome: kind, ...outcome };
}

function lineOf(event: WorkerEvent): string {
  switch (event.kind) {
    case 'ready':
      return `ready for ${event.target}`;
    case 'unready':
      return `not ready for ${event.target}: ${event.why}`;
    case 'preparing':
      return `${event.target}: ${event.message}`;
    case 'waiting':
      return `waiting: ${event.why}`;
    case 'drained':
      return `ends: ${event.why}`;
    case 'claimed':
      return `building ${nameOf(event)}`;
    case 'done':
      return `${outcomeOf(event)} ${nameOf(event)}`;
  }
}

function nameOf({ order }: Extract<WorkerEvent, { kind: 'claimed' | 'done' }>): string {
  return `${order.project.name} ${order.revision.upstream.hash.slice(0, 10)} for ${order.target.name} (build ${String(order.build)})`;
}

function outcomeOf({ outcome }: Extract<WorkerEvent, { kind: 'done' }>): string {
  if (outcome.kind === 'left') return 'gave back';
  if (outcome.kind === 'dropped') return `dropped (${outcome.why})`;
  return outcome.failure === null ? 'built' : `FAILED (${outcome.failure.reason}: ${outcome.failure.detail})`;
}
