import type { Build, Builder, Change, Client, Worker } from '../../client/index.ts';
import { path } from '../../client/index.ts';
import { to } from './route.ts';

/** A place that one can jump to. */
export interface Target {
  kind: 'view' | 'builder' | 'worker' | 'change' | 'build' | 'request';
  /** What it is called. */
  text: string;
  /** What tells it from others of the name. */
  about: string;
  href: string;
}

/** What is known by name before anything is typed. */
export interface Known {
  views: { text: string; href: string }[];
  builders: Pick<Builder, 'builderid' | 'name' | 'tags'>[];
  workers: Pick<Worker, 'workerid' | 'name'>[];
  changes: Pick<Change, 'changeid' | 'revision' | 'comments' | 'author' | 'branch'>[];
}

/** Names that are read; a master with more of them is found by what the server knows of a number. */
const NAMES = 2000;
const CHANGES = 200;
const SHOWN = { each: 6, all: 14 };

/** Reads the names of what there is, in three bounded questions; what cannot be read is not found. */
export async function readKnown(client: Client, signal: AbortSignal): Promise<Omit<Known, 'views'>> {
  const ask = async <T>(work: Promise<{ data: T[] }>): Promise<T[]> => (await work.catch(() => ({ data: [] }))).data;
  const [builders, workers, changes] = await Promise.all([
    ask(client.list('builders', 'builders', { field: ['builderid', 'name', 'tags'], order: 'name', limit: NAMES }, signal)),
    ask(client.list('workers', 'workers', { field: ['workerid', 'name'], order: 'name', limit: NAMES }, signal)),
    ask(client.list('changes', 'changes', { field: ['changeid', 'revision', 'comments', 'author', 'branch'], order: '-changeid', limit: CHANGES }, signal)),
  ]);
  return { builders, workers, changes };
}

/** The places whose names hold all words of a text, the best first. */
export function findKnown(known: Known, text: string): Target[] {
  const wanted = text.trim();
  if (wanted === '') return known.views.map(viewTarget);
  const numbered = /^(.+?)[\s#]+#?(\d{1,15})$/.exec(wanted);
  const builds = numbered ? best(known.builders, numbered[1] ?? '', builderNames).slice(0, 3).map((builder) => buildTarget(builder, Number(numbered[2]))) : [];
  const targets = [
    ...builds,
    ...best(known.builders, wanted, builderNames).slice(0, SHOWN.each).map(builderTarget),
    ...best(known.views, wanted, ({ text: name }) => [name]).slice(0, 3).map(viewTarget),
    ...best(known.workers, wanted, ({ name }) => [name]).slice(0, SHOWN.each).map(workerTarget),
    ...best(known.changes, wanted, ({ revision, comments, author }) => [comments.split('\n')[0] ?? '', author, revision ?? '']).slice(0, SHOWN.each).map(changeTarget),
  ];
  return targets.slice(0, SHOWN.all);
}

/** What the server knows of a number, or of a revision that is not among the last changes. */
export async function ask(client: Client, text: string, known: Known, signal: AbortSignal): Promise<Target[]> {
  const wanted = text.trim();
  const id = /^#?(\d{1,15})$/.exec(wanted)?.[1];
  const targets = id === undefined ? [] : await askNumber(client, id, known, signal);
  if (/^[0-9a-f]{7,64}$/i.test(wanted) && !known.changes.some(({ revision }) => revision?.startsWith(wanted.toLowerCase()))) {
    targets.push(...(await given(client.list('changes', 'changes', { revision__contains: wanted.toLowerCase(), limit: 3 }, signal))).map(changeTarget));
  }
  return targets;
}

async function askNumber(client: Client, id: string, known: Known, signal: AbortSignal): Promise<Target[]> {
  const [builds, requests, changes] = await Promise.all([
    given(client.list('builds', path('builds', id), {}, signal)),
    given(client.list('buildrequests', path('buildrequests', id), {}, signal)),
    given(client.list('changes', path('changes', id), {}, signal)),
  ]);
  const nameOf = (builderid: number): string => known.builders.find((one) => one.builderid === builderid)?.name ?? String(builderid);
  return [
    ...builds.map((build: Build) => ({ kind: 'build' as const, text: `${nameOf(build.builderid)} #${build.number}`, about: build.state_string, href: to.build(build.builderid, build.number) })),
    ...requests.map((request) => ({ kind: 'request' as const, text: `#${request.buildrequestid}`, about: nameOf(request.builderid), href: to.request(request.buildrequestid) })),
    ...changes.map(changeTarget),
  ];
}

/** The rows of an answer; none where there is nothing, or no answer. */
async function given<T>(asked: Promise<{ data: T[] }>): Promise<T[]> {
  return (await asked.catch(() => ({ data: [] as T[] }))).data;
}

const builderNames = ({ name, tags }: Known['builders'][number]): string[] => [name, ...tags];
const builderTarget = (builder: Known['builders'][number]): Target => ({ kind: 'builder', text: builder.name, about: builder.tags.join(', '), href: to.builder(builder.builderid) });
const buildTarget = (builder: Known['builders'][number], number: number): Target => ({ kind: 'build', text: `${builder.name} #${number}`, about: '', href: to.build(builder.builderid, number) });
const viewTarget = ({ text, href }: Known['views'][number]): Target => ({ kind: 'view', text, about: '', href });
const workerTarget = ({ workerid, name }: Known['workers'][number]): Target => ({ kind: 'worker', text: name, about: '', href: to.worker(workerid) });
function changeTarget({ changeid, comments, author, revision }: Known['changes'][number]): Target {
  const subject = comments.trim().split('\n')[0];
  return { kind: 'change', text: subject || `#${changeid}`, about: [revision?.slice(0, 10), author.replace(/\s*<.*$/, '')].filter(Boolean).join(' · '), href: to.change(changeid) };
}

/** Those with a name for every word, the best first: it is the name, begins with it, has a word that does, or just holds it. */
function best<T>(rows: readonly T[], text: string, names: (row: T) => string[]): T[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const scored = rows.flatMap((row) => {
    const all = names(row).map((name) => name.toLowerCase());
    const each = words.map((word) => Math.max(...all.map((name, at) => score(name, word) * (at === 0 ? 1 : 0.6))));
    return each.length === 0 || each.some((one) => one <= 0) ? [] : [{ row, score: each.reduce((sum, one) => sum + one, 0) }];
  });
  return scored.sort((one, other) => other.score - one.score).map(({ row }) => row);
}

function score(name: string, word: string): number {
  const at = name.indexOf(word);
  if (at < 0) return 0;
  if (name === word) return 5;
  // Of two names that begin so, the shorter one is more of what was typed.
  if (at === 0) return 3 + word.length / name.length;
  return /[^\p{L}\p{N}]/u.test(name[at - 1] ?? '') ? 2 + word.length / name.length : 1;
}
