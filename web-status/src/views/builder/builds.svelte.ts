import type { Build, Client, Query } from '../../../client/index.ts';
import { cursorOf } from '../../lib/live.svelte.ts';
import { Table } from '../../lib/table.svelte.ts';

/** Which builds of a builder are shown, as the address has it. */
export interface BuildChoice {
  results: number[];
  workerid: number | undefined;
  branch: string;
  /** Only builds with lower numbers: an older page. */
  before: number | undefined;
}

/** Properties that the list shows. */
export const PROPERTIES = ['branch', 'revision', 'got_revision', 'reason', 'owner', 'owners'];
/** A branch is a property, by which the server cannot search: so many builds are read for it at a time, and at most. */
const READ = 200;
const MOST = 1000;

const wholes = (texts: string[]): number[] => texts.filter((text) => /^\d{1,15}$/.test(text)).map(Number);

/** Reads the choice from an address; what makes no sense there is as if it were not. */
export function choiceOf(query: URLSearchParams): BuildChoice {
  return {
    results: wholes(query.getAll('result')).filter((code) => code <= 6),
    workerid: wholes(query.getAll('worker'))[0], branch: query.get('branch')?.trim() ?? '', before: wholes(query.getAll('before'))[0],
  };
}

/** Whether a build is among those chosen. */
export function chosen(build: Build, { results, workerid, branch, before }: BuildChoice): boolean {
  return (results.length === 0 || (build.results !== null && results.includes(build.results)))
    && (workerid === undefined || build.workerid === workerid)
    && (branch === '' || build.properties['branch']?.[0] === branch)
    && (before === undefined || build.number < before);
}

/** A page of a builder's builds, kept true by events. */
export class Builds {
  readonly table = new Table<Build>((b) => b.buildid);
  older = $state(false);
  /** How many builds were looked at for a branch; 0 where the server searched. */
  searched = $state(0);
  readonly #client: Client;
  readonly #builderid: number;

  constructor(client: Client, builderid: number) {
    this.#client = client;
    this.#builderid = builderid;
  }

  /** Reads the builds of a choice; gives the cursor. */
  async read(choice: BuildChoice, page: number, signal: AbortSignal): Promise<number> {
    const first = await this.#page(choice, choice.branch === '' ? page + 1 : READ, choice.before, signal);
    const cursor = cursorOf(first);
    let rows = first.data.filter((build) => chosen(build, choice));
    let read = first.data.length;
    let last = first.data;
    while (choice.branch !== '' && rows.length <= page && last.length === READ && read < MOST) {
      last = (await this.#page(choice, READ, last.at(-1)?.number, signal)).data;
      read += last.length;
      rows = [...rows, ...last.filter((build) => chosen(build, choice))];
    }
    this.searched = choice.branch === '' ? 0 : read;
    this.older = rows.length > page;
    this.table.load(rows.slice(0, page), cursor);
    return cursor;
  }

  #page({ results, workerid }: BuildChoice, limit: number, before: number | undefined, signal: AbortSignal): ReturnType<typeof this.list> {
    return this.list({ ...(results.length > 0 ? { results } : {}), workerid, number__lt: before, limit }, signal);
  }

  private list(query: Query, signal: AbortSignal) {
    return this.#client.list('builds', 'builds', { builderid: this.#builderid, order: '-number', property: PROPERTIES, ...query }, signal);
  }

  /** Events carry no properties: those known stay, those of a new build are read. */
  apply(row: Build, id: number, choice: BuildChoice, page: number): void {
    const before = this.table.get(row.buildid);
    // An older page shows what it showed; only what stands there changes.
    if (!before && (choice.before !== undefined || !chosen({ ...row, properties: {} }, { ...choice, branch: '' }))) return;
    if (!this.table.apply({ ...row, properties: before?.properties ?? {} }, id)) return;
    if (this.table.trim(page, (build) => build.complete)) this.older = true;
    if (before && !row.complete) return;
    this.#client.get('builds', `builds/${row.buildid}`, { property: PROPERTIES }).then(
      (answer) => {
        if (!this.table.get(row.buildid)) return;
        this.table.add([answer.data], cursorOf(answer));
        // Where an event was faster, the row stays as the event had it, which told no properties.
        this.table.amend(row.buildid, (now) => ({ ...now, properties: answer.data.properties }));
      },
      () => undefined,
    );
  }
}
