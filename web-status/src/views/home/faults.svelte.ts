import { SvelteMap } from 'svelte/reactivity';

import type { Build, Change, Client, Query, Step, Views } from '../../../client/index.ts';
import { errorLine, type Fault } from '../../lib/causes.ts';
import { inLanes } from '../../lib/lanes.ts';
import { cursorOf } from '../../lib/live.svelte.ts';
import { Pace } from '../../lib/pace.ts';
import { Table } from '../../lib/table.svelte.ts';

/** Bad builds that are looked at. */
const KEPT = 60;
/** Lines at the end of a log among which the one is looked for that tells what went wrong. */
const TAIL = 200;
/** Builds between the last good one and the first bad one whose changes are read. */
const BETWEEN = 5;
/** Milliseconds in which builds that end are gathered, to ask for all of them at once. */
const GATHER = 400;
const PROPERTIES = ['revision', 'got_revision', 'branch'];
const BAD = [2, 4];

/** A line of a log, and where it is. */
export interface Clue {
  text: string;
  slug: string;
}

/** What lies between a builder's last good build and its first bad one. */
export interface Break {
  /** The last good build's number. */
  good: number | undefined;
  changes: Change[];
}

type Broken = Views['home']['broken'][number];

/** Builds that went wrong, and what is known of why. All of it is read after the page shows something, and bounded. */
export class Faults {
  readonly builds = new Table<Build>((b) => b.buildid);
  /** The first step that went wrong, by the build's id; null where none did. */
  readonly steps = new SvelteMap<number, Step | null>();
  /** What a step's log says, by the step's id. */
  readonly clues = new SvelteMap<number, Clue | null>();
  /** By the id of the first bad build. */
  readonly breaks = new SvelteMap<number, Break | null>();
  loaded = $state(false);
  readonly #client: Client;
  #signal: AbortSignal | undefined;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody shows it
  readonly #wanted = new Set<number>();
  readonly #pace = new Pace(() => this.#explain(), GATHER, GATHER);

  constructor(client: Client) {
    this.#client = client;
  }

  /** The bad builds since a moment, as far as it is known why. */
  since(moment: number): Fault[] {
    return this.builds.all.filter((build) => (build.complete_at ?? 0) >= moment).map((build) => {
      const step = this.steps.get(build.buildid);
      return { build, revision: revisionOf(build), ...(step ? { step } : {}) };
    });
  }

  /** Reads the last bad builds of these builders, or of all. */
  async read(builders: number[] | undefined, signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#pace.stop(), { once: true });
    const some: Query = builders === undefined ? {} : { builderid: builders };
    try {
      const answer = await this.#client.list('builds', 'builds', { ...some, results: BAD, order: '-buildid', limit: KEPT, property: PROPERTIES }, signal);
      this.builds.add(answer.data, cursorOf(answer));
      await this.#readSteps(answer.data.map(({ buildid }) => buildid));
    } catch {
      // The rest of the page is there; the next bad build shows up by itself.
    }
    this.loaded = true;
  }

  /** A build that ended badly. */
  add(build: Build, event: number): void {
    if (!this.builds.apply({ ...build, properties: this.builds.get(build.buildid)?.properties ?? {} }, event)) return;
    this.builds.trim(KEPT);
    this.want([build.buildid]);
  }

  /** Has builds explained that may not be among the last bad ones. */
  want(buildids: number[]): void {
    for (const id of buildids) if (!this.steps.has(id)) this.#wanted.add(id);
    if (this.#wanted.size > 0) this.#pace.ask();
  }

  async #explain(): Promise<void> {
    const ids = [...this.#wanted].sort((a, b) => b - a).slice(0, KEPT);
    this.#wanted.clear();
    if (this.#signal?.aborted) return;
    try {
      const [answer] = await Promise.all([
        this.#client.list('builds', 'builds', { buildid: ids, property: PROPERTIES }, this.#signal),
        this.#readSteps(ids),
      ]);
      for (const build of answer.data) this.builds.amend(build.buildid, (row) => ({ ...row, properties: build.properties }));
    } catch {
      // They stand there with what the build itself says.
    }
  }

  async #readSteps(ids: number[]): Promise<void> {
    const unknown = ids.filter((id) => !this.steps.has(id));
    if (unknown.length === 0) return;
    const rows = await this.#client.list('steps', 'steps', { buildid: unknown, results: BAD }, this.#signal).then(
      (answer) => answer.data,
      () => this.#stepsOfEach(unknown),
    );
    for (const id of unknown) this.steps.set(id, rows.filter((row) => row.buildid === id).sort((a, b) => a.number - b.number)[0] ?? null);
  }

  /** Where the server has no list of all steps. */
  async #stepsOfEach(ids: number[]): Promise<Step[]> {
    const rows: Step[] = [];
    await inLanes(ids.slice(0, 16), async (id) => {
      const answer = await this.#client.list('steps', `builds/${id}/steps`, {}, this.#signal);
      rows.push(...answer.data.filter((step) => step.complete && BAD.includes(step.results ?? -1)));
    });
    return rows;
  }

  /** Looks into the logs of steps for the line that tells what went wrong. */
  async look(steps: { stepid: number }[]): Promise<void> {
    const unknown = steps.filter(({ stepid }) => !this.clues.has(stepid));
    for (const { stepid } of unknown) this.clues.set(stepid, null);
    await inLanes(unknown, async ({ stepid }) => {
      try {
        const logs = await this.#client.list('logs', `steps/${stepid}/logs`, {}, this.#signal);
        const log = logs.data.find(({ name, num_lines }) => name === 'stdio' && num_lines > 0) ?? logs.data.find(({ type, num_lines }) => 'st'.includes(type) && num_lines > 0);
        if (!log || !'st'.includes(log.type)) return;
        const { content } = await this.#client.lines(log.logid, Math.max(0, log.num_lines - TAIL), TAIL, this.#signal);
        const text = errorLine(content, log.type === 's');
        if (text !== undefined) this.clues.set(stepid, { text, slug: log.slug });
      } catch {
        // What the step says has to do.
      }
    }, 2);
  }

  /** Finds out what was changed before builders broke. */
  async blame(rows: Broken[]): Promise<void> {
    const unknown = rows.filter(({ since }) => !this.breaks.has(since[0]));
    if (unknown.length === 0) return;
    for (const { since } of unknown) this.breaks.set(since[0], null);
    const good = unknown.flatMap(({ last_good_buildid }) => last_good_buildid ?? []);
    const numbers = await this.#numbers(good);
    await inLanes(unknown, async ({ builderid, since: [first, number], last_good_buildid }) => {
      const before = last_good_buildid === null ? undefined : numbers[last_good_buildid];
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody shows it
      const changes = new Map<number, Change>();
      try {
        const ids = before !== undefined && number - before > 1 ? await this.#between(builderid, before, number) : [first];
        for (const id of ids) {
          for (const change of (await this.#client.list('changes', `builds/${id}/changes`, {}, this.#signal)).data) changes.set(change.changeid, change);
        }
      } catch {
        // Then it is not known whose change it was.
      }
      this.breaks.set(first, { good: before, changes: [...changes.values()].sort((a, b) => b.changeid - a.changeid) });
    });
  }

  /** Numbers of builds by their ids. */
  async #numbers(buildid: number[]): Promise<Record<number, number>> {
    if (buildid.length === 0) return {};
    try {
      const answer = await this.#client.list('builds', 'builds', { buildid, field: ['buildid', 'number'] }, this.#signal);
      return Object.fromEntries(answer.data.map((build) => [build.buildid, build.number]));
    } catch {
      return {};
    }
  }

  /** The first bad build and those before it that told nothing, such as cancelled ones: they may have had changes too. */
  async #between(builderid: number, good: number, bad: number): Promise<number[]> {
    const query = { builderid, number__gt: Math.max(good, bad - BETWEEN), number__le: bad, field: ['buildid'] };
    return (await this.#client.list('builds', 'builds', query, this.#signal)).data.map(({ buildid }) => buildid);
  }
}

/** What a build built, as its properties tell. */
function revisionOf({ properties }: Build): string | undefined {
  const told = properties['got_revision']?.[0] ?? properties['revision']?.[0];
  return typeof told === 'string' && told !== '' ? told : undefined;
}
