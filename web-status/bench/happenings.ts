/** An event as a server tells it. */
export interface Happening {
  key: string[];
  message: object;
}

type Row = Record<string, unknown>;

/** Ids of what never was begin here: far beyond those of any history. */
const FAR = 1_000_000_000;
/** What happens to a build, one after the other. */
const STEPS = ['checkout', 'compile', 'test'];
const PARTS = 2 + 2 * STEPS.length;

/**
 * Makes events of builds that begin on all builders in turn, go through their steps and end. They look as a server's own, of
 * which one serves as the pattern.
 */
export class Happenings {
  readonly #build: Row;
  readonly #step: Row;
  readonly #builders: readonly number[];
  #count = 0;

  private constructor(build: Row, step: Row, builders: readonly number[]) {
    this.#build = build;
    this.#step = step;
    this.#builders = builders;
  }

  static async like(url: string): Promise<Happenings> {
    const read = async (path: string, key: string): Promise<Row[]> => {
      const response = await fetch(`${url}/api/v2/${path}`, { headers: { Accept: 'application/json' } });
      return ((await response.json()) as Record<string, Row[]>)[key] ?? [];
    };
    const [build] = await read('builds?limit=1&order=-buildid', 'builds');
    const [step] = await read(`builds/${String(build?.['buildid'])}/steps`, 'steps');
    const builders = (await read('builders', 'builders')).map((builder) => Number(builder['builderid']));
    if (!build || !step || builders.length === 0) throw new Error(`${url} has no build to begin with.`);
    return new Happenings(build, step, builders);
  }

  /** The next event; without `steps` whatever happens is told of builds. */
  next(steps: boolean): Happening {
    const count = this.#count++;
    const builderid = this.#builders[count % this.#builders.length] ?? 0;
    const round = Math.floor(count / this.#builders.length);
    const [turn, part] = [Math.floor(round / PARTS), round % PARTS];
    const number = 100_000 + turn;
    const buildid = FAR + turn * this.#builders.length + (count % this.#builders.length);
    const now = Math.floor(Date.now() / 1000);
    if (part === 0 || part === PARTS - 1 || !steps) {
      const complete = part === PARTS - 1;
      const verb = part === 0 ? 'new' : complete ? 'finished' : 'update';
      return { key: ['builds', String(buildid), verb], message: { ...this.#build, ...times(now, complete), buildid, number, builderid, complete, results: complete ? turn % 3 : null, state_string: verb, properties: {} } };
    }
    const at = (part - 1) >> 1;
    const complete = part % 2 === 0;
    const stepid = FAR + buildid * STEPS.length + at;
    return {
      key: ['steps', String(stepid), complete ? 'finished' : 'started'],
      message: { ...this.#step, ...times(now, complete), stepid, buildid, number: at, name: STEPS[at], complete, results: complete ? 0 : null },
    };
  }
}

/** When it began and ended. */
function times(now: number, complete: boolean): Row {
  const end = complete ? { complete_at: now, complete_at_us: now * 1e6 } : { complete_at: null, complete_at_us: null };
  return { started_at: now - 1, started_at_us: (now - 1) * 1e6, ...end };
}
