// The rule of the house: a room imports only rooms listed below it, through their index.ts; rooms on one line never import each other.
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src', import.meta.url));

/** Top to bottom. ARCHITECTURE.md says what each room is for. */
const HOUSE = [
  ['cli'],
  ['server', 'worker', 'web'],
  ['app'],
  ['dlrn'],
  ['trunk', 'changes', 'sets', 'culprit'],
  ['builds'],
  ['promotion'],
  ['gates'],
  ['queue'],
  ['events', 'access'],
  ['repos'],
  ['drivers'],
  ['db'],
  ['api'],
  ['model'],
  ['lib'],
];
/** Rooms that may not use everything below them. */
const ONLY = { web: ['api'], model: ['lib'] };
const FORBIDDEN = { worker: ['db'] };
/** What runs on a worker's machine: no database, and nothing that needs one. */
const FOR_WORKERS = ['builds/run', 'builds/source'];
const OF_SERVERS = ['promotion', 'gates', 'queue', 'events', 'access', 'repos', 'db'];
/** Drivers of one kind do not know each other; each folder below these is a room of its own, entered through its index.ts. */
const KINDS = ['formats', 'builders', 'sources', 'forges', 'notifiers', 'signers', 'stores'];

/** Rooms whose folders have a door of their own. app's has, so that a command loads no more of the house than it needs. */
const WITH_FOLDERS = ['lib', 'model', 'builds', 'app'];

const levelOf = (room) => HOUSE.findIndex((rooms) => rooms.includes(room));
const pathBelow = (file) => relative(source, file).split(sep);

function verdict(fromFile, toFile) {
  const from = pathBelow(fromFile);
  const to = pathBelow(toFile);
  if (to[0] === '..') return 'src/ imports nothing outside src/';
  if (from[0] !== to[0]) return betweenRooms(from, to);
  if (from[0] === 'drivers' && KINDS.includes(from[1])) return betweenDrivers(from, to);
  return undefined;
}

function betweenRooms(from, to) {
  const [room, other] = [from[0], to[0]];
  if (levelOf(other) < 0)
    return `src/${other} is no room of the house: add it to scripts/eslint-house.js and ARCHITECTURE.md first`;
  if (levelOf(other) <= levelOf(room)) return `${room}/ may import only rooms below it, and ${other}/ is not`;
  if (ONLY[room] && !ONLY[room].includes(other)) return `${room}/ may import only ${ONLY[room].join(', ')}`;
  if (FORBIDDEN[room]?.includes(other)) return `${room}/ may not import ${other}/`;
  const folder = from.slice(0, 2).join('/');
  if (FOR_WORKERS.includes(folder) && OF_SERVERS.includes(other))
    return `${folder}/ runs on workers too, and may not import ${other}/`;
  if (other === 'drivers' && to.at(-1) === 'registry.ts' && room !== 'app') return 'only app/ loads registries';
  if (!isDoor(other, to)) return `${other}/ is entered through its index.ts`;
  return undefined;
}

/** The index.ts of a room; of a driver folder; of lib's, model's, builds' and app's own folders (`lib/git/index.ts`). */
function isDoor(room, to) {
  const file = to.at(-1);
  if (room === 'drivers' && file === 'registry.ts') return true;
  return file === 'index.ts' && to.length <= (room === 'drivers' ? 4 : WITH_FOLDERS.includes(room) ? 3 : 2);
}

function betweenDrivers(from, to) {
  if (from[2]?.endsWith('.ts')) return undefined;
  if (from[1] === to[1] && from[2] !== to[2] && !to[2]?.endsWith('.ts'))
    return 'drivers of one kind do not import each other';
  return undefined;
}

export const houseRule = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const check = (node) => {
      const name = node.source?.value;
      if (typeof name !== 'string' || !name.startsWith('.')) return;
      const message = verdict(context.filename, resolve(dirname(context.filename), name));
      if (message) context.report({ node, message });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};
