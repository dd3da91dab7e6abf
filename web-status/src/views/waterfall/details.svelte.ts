import type { Client, Properties, Step, Worker } from '../../../client/index.ts';
import { valueText } from '../../lib/format.ts';

/** What a card tells of a build beyond what is drawn. */
export interface Details {
  steps: Step[];
  reason: string;
  source: string;
  worker: string;
}

const PROPERTIES = ['reason', 'branch', 'revision', 'got_revision', 'workername'];
/** Milliseconds that a reader has to stay at a build before it is asked for. */
const DWELL = 120;
const KEPT = 60;

/** Reads details of builds as they are pointed at; the last ones are remembered. */
export class DetailReader {
  /** Those of the build that is pointed at, when they are there. */
  current: Details | undefined = $state.raw();
  readonly #client: Client;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody shows it
  readonly #known = new Map<string, Details>();
  #workers: Promise<Map<number, string>> | undefined;
  #abort: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Shows a build as it is now; `version` is another one when something about it is. */
  show(buildid: number | undefined, workerid: number | null, version: number): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    if (buildid === undefined) return void (this.current = undefined);
    const key = `${buildid} ${version}`;
    this.current = this.#known.get(key);
    if (this.current) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#timer = setTimeout(() => {
      this.#read(buildid, workerid, abort.signal).then(
        (details) => {
          if (abort.signal.aborted) return;
          const oldest = this.#known.keys().next().value;
          if (this.#known.size >= KEPT && oldest !== undefined) this.#known.delete(oldest);
          this.#known.set(key, details);
          this.current = details;
        },
        // The card tells what is known in any case.
        () => undefined,
      );
    }, DWELL);
  }

  async #read(buildid: number, workerid: number | null, signal: AbortSignal): Promise<Details> {
    const [steps, build] = await Promise.all([
      this.#client.list('steps', `builds/${buildid}/steps`, { order: 'number' }, signal),
      this.#client.get('builds', `builds/${buildid}`, { property: PROPERTIES }, signal),
    ]);
    const { properties } = build.data;
    const names = workerid === null || text(properties, 'workername') !== '' ? undefined : await this.#names();
    const revision = text(properties, 'got_revision') || text(properties, 'revision');
    return {
      steps: steps.data,
      reason: text(properties, 'reason'),
      source: [text(properties, 'branch'), revision.slice(0, 10)].filter((part) => part !== '').join(' · '),
      worker: text(properties, 'workername') || (names?.get(workerid ?? -1) ?? ''),
    };
  }

  /** Names of workers, read once. */
  async #names(): Promise<Map<number, string>> {
    this.#workers ??= this.#client.list('workers', 'workers').then(({ data }) => byId(data));
    return this.#workers.catch(() => {
      this.#workers = undefined;
      return byId([]);
    });
  }
}

function byId(workers: Worker[]): Map<number, string> {
  return new Map(workers.map((worker) => [worker.workerid, worker.name]));
}

function text(properties: Properties, name: string): string {
  const value = properties[name]?.[0];
  return value === undefined || value === null ? '' : valueText(value);
}
