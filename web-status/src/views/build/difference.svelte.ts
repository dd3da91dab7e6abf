import type { Build, Change, Client, Properties, Sourcestamp, Step, Worker } from '../../../client/index.ts';
import { builtSources, diffProperties, diffSources, diffSteps, type BuiltSource, type PropertyDifference, type SourceDifference, type StepDifference } from '../../lib/builddiff.ts';
import { errorText } from '../../lib/format.ts';
import type { FollowedBuild } from './followed.svelte.ts';

/** Changes of a codebase that are read. */
export const MOST = 100;

/** A codebase of which two builds had another revision, and the changes that lie between. */
export interface SourceStep extends SourceDifference {
  /** The newest first; undefined where it is not known which. */
  changes: Change[] | undefined;
  /** There are more than were read. */
  more: boolean;
  /** The later build is of an older revision. */
  backwards: boolean;
}

/** What another build was made of. */
interface Base {
  build: Build;
  worker: Worker | undefined;
  properties: Properties;
  steps: Step[];
  stamps: Sourcestamp[];
}

/** How a build differs from an earlier one of its builder: read when it is asked for, and amended by what the later one does. */
export class Difference {
  base: Base | undefined = $state.raw();
  sources: SourceStep[] = $state.raw([]);
  state: 'idle' | 'reading' | 'ready' | 'missing' | 'broken' = $state('idle');
  problem = $state('');
  readonly #client: Client;
  readonly #of: FollowedBuild;
  #asked: number | undefined;

  constructor(client: Client, of: FollowedBuild) {
    this.#client = client;
    this.#of = of;
  }

  get properties(): PropertyDifference[] {
    return this.base ? diffProperties(this.base.properties, this.#of.properties) : [];
  }

  get steps(): StepDifference[] {
    return this.base ? diffSteps(this.base.steps, this.#of.ordered) : [];
  }

  get otherWorker(): boolean {
    return this.base !== undefined && this.base.build.workerid !== this.#of.build?.workerid;
  }

  /** Reads the difference to the build of that number, once. */
  async read(builderid: number, number: number): Promise<void> {
    if (this.#asked === number) return;
    this.#asked = number;
    this.state = 'reading';
    this.base = undefined;
    try {
      const found = await this.#client.list('builds', 'builds', { builderid, number });
      const [build] = found.data;
      if (this.#asked !== number) return;
      if (!build) return void (this.state = 'missing');
      const base = await this.#readBase(build);
      const after = await this.#sourcesNow();
      const sources = await Promise.all(diffSources(builtSources(base.stamps, base.properties), after).map((one) => this.#between(one)));
      if (this.#asked !== number) return;
      Object.assign(this, { base, sources, state: 'ready' });
    } catch (error) {
      if (this.#asked !== number) return;
      Object.assign(this, { problem: errorText(error), state: 'broken' });
      this.#asked = undefined;
    }
  }

  async #readBase(build: Build): Promise<Base> {
    const client = this.#client;
    const [properties, steps, stamps] = await Promise.all([
      client.get('properties', `builds/${build.buildid}/properties`),
      client.list('steps', `builds/${build.buildid}/steps`),
      this.#stampsOf(build),
    ]);
    const worker = build.workerid === null || build.workerid === this.#of.worker?.workerid ? this.#of.worker : await this.#worker(build.workerid);
    return { build, worker, properties: properties.data, steps: steps.data, stamps };
  }

  async #worker(id: number): Promise<Worker | undefined> {
    return (await this.#client.get('workers', `workers/${id}`).catch(() => undefined))?.data;
  }

  async #stampsOf(build: Build): Promise<Sourcestamp[]> {
    if (build.buildrequestid === null) return [];
    const { data: request } = await this.#client.get('buildrequests', `buildrequests/${build.buildrequestid}`);
    return (await this.#client.get('buildsets', `buildsets/${request.buildsetid}`)).data.sourcestamps;
  }

  async #sourcesNow(): Promise<BuiltSource[]> {
    const { build, buildset, properties } = this.#of;
    return builtSources(buildset?.sourcestamps ?? (build ? await this.#stampsOf(build) : []), properties);
  }

  /** The changes between two revisions of a branch: those that came to the master after the one and up to the other. */
  async #between(difference: SourceDifference): Promise<SourceStep> {
    const { before, after } = difference;
    const unknown = { ...difference, changes: undefined, more: false, backwards: false };
    if (!before?.revision || !after?.revision || (before.repository && after.repository && before.repository !== after.repository)) return unknown;
    const repository = after.repository || before.repository;
    const same = { codebase: after.codebase, ...(repository ? { repository } : {}) };
    const ends = (await this.#client.list('changes', 'changes', { ...same, revision__eq: [before.revision, after.revision], limit: 20 })).data;
    const idOf = (revision: string): number | undefined => ends.find((change) => change.revision === revision)?.changeid;
    const [from, to] = [idOf(before.revision), idOf(after.revision)];
    if (from === undefined || to === undefined) return { ...unknown, changes: this.#own(after.codebase) };
    const [low, high] = from < to ? [from, to] : [to, from];
    const branch = ends.find((change) => change.changeid === to)?.branch;
    const range = { ...same, ...(branch ? { branch } : {}), changeid__gt: low, changeid__le: high, order: '-changeid', limit: MOST + 1 };
    const changes = (await this.#client.list('changes', 'changes', range)).data;
    return { ...difference, changes: changes.slice(0, MOST), more: changes.length > MOST, backwards: from > to };
  }

  /** The build's own changes, where no more is known. */
  #own(codebase: string): Change[] | undefined {
    const own = this.#of.changes.filter((change) => change.codebase === codebase);
    return own.length > 0 ? own : undefined;
  }
}
