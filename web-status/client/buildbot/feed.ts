import type { Dial, Link } from './link.ts';
import { topicsOf, type Told } from './topics.ts';

/** An event with the number that it got when it arrived. */
export interface Numbered extends Told {
  id: number;
}

/** Who wants to know what happens to the feed. */
export interface Listener {
  /** The kinds of resource that it follows. */
  readonly kinds: ReadonlySet<string>;
  /** Wants nothing for now. */
  readonly paused: boolean;
  take(event: Numbered): void;
  /** Events up to this number are no longer kept. */
  forgot(id: number): void;
  /** The connection is open: whatever happened before `floor` may have been missed. */
  opened(floor: number): void;
  lost(): void;
}

export interface Timing {
  /** Milliseconds: first and longest pause before a new attempt. */
  first: number;
  longest: number;
  /** Time that reads wait for the connection before they do without. */
  patience: number;
  /** Time between two looks at whether the connection lives and what is still wanted. */
  round: number;
  /** Time for which a topic that nobody follows any more is kept. */
  kept: number;
}
export const TIMING: Timing = { first: 500, longest: 15_000, patience: 5000, round: 20_000, kept: 60_000 };

/** Events that are kept for those who have yet to come back for them. */
const KEPT = 5000;

interface Topic {
  /** The number from which on all its events are here; undefined until the server has said so. */
  from: number | undefined;
  asked: Promise<void> | undefined;
  used: number;
}

/**
 * All events of a Buildbot master, over one connection for everybody who follows something. The server numbers nothing,
 * so the feed does: an event's number is when it arrived here. What is read after its topic is followed is true at the
 * number of that moment, or later; so a read and the events behind that number leave no gap.
 */
export class Feed {
  /** Number of the newest event. */
  number = 1;
  /** What happened before this number may be missing: the connection was opened then. */
  floor = 1;
  /** Before `Listener`s are told, who may put it another way, or later. */
  readonly #refine: (event: Told) => Told | undefined;
  #dials: Dial[];
  readonly #timing: Timing;
  readonly #random: () => number;
  readonly #listeners = new Set<Listener>();
  readonly #topics = new Map<string, Topic>();
  #events: Numbered[] = [];
  #link: Link | undefined;
  #opening: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round: ReturnType<typeof setInterval> | undefined;
  #failures = 0;
  #idle = 0;
  /** Grows with each connection, so that what comes of an older one is known as such. */
  #turn = 0;

  constructor(dials: Dial[], refine: (event: Told) => Told | undefined, timing: Timing = TIMING, random: () => number = Math.random) {
    this.#dials = dials;
    this.#refine = refine;
    this.#timing = timing;
    this.#random = random;
  }

  get live(): boolean {
    return this.#link !== undefined;
  }

  /**
   * Sees to it that events of these kinds come, and gives the number from which on they do: a read that begins now is true
   * at it. Where the server tells no events at the moment, the number is one that followers will be sent back from.
   */
  async cover(kinds: Iterable<string>): Promise<number> {
    const topics = topicsOf(kinds);
    for (const name of topics) {
      const topic = this.#topics.get(name) ?? { from: undefined, asked: undefined, used: 0 };
      topic.used = Date.now();
      this.#topics.set(name, topic);
    }
    if (topics.length === 0) return this.number;
    // After a failure the next attempt is on its way: nobody waits for it.
    if (!this.#link && this.#timer === undefined) await this.#patiently(this.#open());
    if (this.#link) await this.#patiently(Promise.all(topics.map((name) => this.#start(name))));
    return this.number;
  }

  /** Whether all events of these kinds behind the number are here, or will come. */
  covers(kinds: Iterable<string>, since: number): boolean {
    return since >= this.floor && topicsOf(kinds).every((name) => (this.#topics.get(name)?.from ?? Infinity) <= since);
  }

  /** The events behind a number, the oldest first. */
  after(since: number): Numbered[] {
    return this.#events.filter((event) => event.id > since);
  }

  /** Puts in an event that the server did not tell in these words. */
  put(event: Told): void {
    const numbered = { ...event, id: ++this.number };
    this.#events.push(numbered);
    // Not one by one: each time all others move.
    if (this.#events.length > KEPT * 1.1) {
      const gone = this.#events.splice(0, this.#events.length - KEPT);
      const last = gone.at(-1)?.id ?? 0;
      this.floor = Math.max(this.floor, last);
      for (const listener of [...this.#listeners]) listener.forgot(last);
    }
    for (const listener of [...this.#listeners]) listener.take(numbered);
  }

  join(listener: Listener): void {
    this.#listeners.add(listener);
    if (!this.#link && this.#timer === undefined) void this.#open();
  }

  leave(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  /** Tries at once if it waits for the next attempt. */
  retry(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#failures = 0;
    void this.#open();
  }

  /** Ends the connection, until somebody wants something again. */
  close(): void {
    this.#turn++;
    clearTimeout(this.#timer);
    clearInterval(this.#round);
    this.#timer = undefined;
    this.#opening = undefined;
    this.#link?.close();
    this.#link = undefined;
    this.#topics.clear();
    this.#events = [];
  }

  #open(): Promise<void> {
    if (this.#opening) return this.#opening;
    const opening = this.#connect().finally(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    this.#opening = opening;
    return opening;
  }

  async #connect(): Promise<void> {
    const turn = ++this.#turn;
    let link: Link | undefined;
    try {
      const open = (link = await this.#dial(turn));
      const names = [...this.#topics.keys()];
      await within(this.#timing.patience, Promise.all(names.map((name) => open.start(name))));
      if (turn !== this.#turn) return link.close();
      this.#opened(link, names);
    } catch {
      link?.close();
      this.#lost(turn);
    }
  }

  /** Takes the first way that leads there, and only that one from then on: a proxy may let through one and not the other. */
  async #dial(turn: number): Promise<Link> {
    const hooks = { told: (event: Told) => this.#told(event, turn), ended: () => this.#lost(turn) };
    let why: unknown;
    for (const dial of this.#dials) {
      let late = false;
      const dialled = dial(hooks);
      dialled.then((link) => late && link.close(), () => undefined);
      try {
        const link = await within(this.#timing.patience, dialled);
        this.#dials = [dial];
        return link;
      } catch (error) {
        late = true;
        why = error;
      }
    }
    throw why;
  }

  #opened(link: Link, names: string[]): void {
    this.#link = link;
    this.#failures = 0;
    this.#idle = 0;
    this.#events = [];
    this.floor = ++this.number;
    for (const [name, topic] of this.#topics) {
      topic.from = names.includes(name) ? this.number : undefined;
      topic.asked = undefined;
    }
    clearInterval(this.#round);
    this.#round = setInterval(() => this.#look(), this.#timing.round);
    for (const listener of [...this.#listeners]) listener.opened(this.floor);
  }

  #lost(turn: number): void {
    if (turn !== this.#turn) return;
    this.#turn++;
    clearInterval(this.#round);
    this.#link?.close();
    this.#link = undefined;
    for (const topic of this.#topics.values()) Object.assign(topic, { from: undefined, asked: undefined });
    const pause = Math.min(this.#timing.longest, this.#timing.first * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#listeners.size > 0) void this.#open();
    }, pause * (0.5 + this.#random() / 2));
    for (const listener of [...this.#listeners]) listener.lost();
  }

  #told(event: Told, turn: number): void {
    // What comes before the connection counts as open is in what is read after that.
    if (turn !== this.#turn || !this.#link) return;
    const refined = this.#refine(event);
    if (refined) this.put(refined);
  }

  async #start(name: string): Promise<void> {
    const topic = this.#topics.get(name);
    const link = this.#link;
    if (!topic || !link || topic.from !== undefined) return;
    topic.asked ??= link.start(name).then(
      () => {
        if (link === this.#link) topic.from = this.number;
      },
      (why: unknown) => {
        topic.asked = undefined;
        throw why;
      },
    );
    await topic.asked;
  }

  /** Gives up a connection that does not do what it is there for; another one is opened after a pause. */
  drop(): void {
    if (this.#link) this.#lost(this.#turn);
  }

  /** Waits for something, but not for ever, and takes its failure as it is: who follows is told by the connection. */
  async #patiently(work: Promise<unknown>): Promise<void> {
    await within(this.#timing.patience, work).catch(() => undefined);
  }

  /** Looks whether the connection lives, and lets go of what nobody wants any more. */
  #look(): void {
    const link = this.#link;
    if (!link) return;
    const wanted = [...this.#listeners].filter((listener) => !listener.paused);
    this.#idle = wanted.length === 0 ? this.#idle + 1 : 0;
    const old = Date.now() - this.#timing.kept;
    if (this.#idle > 1 && [...this.#topics.values()].every((topic) => topic.used < old)) return this.close();
    const topics = new Set(topicsOf(wanted.flatMap((listener) => [...listener.kinds])));
    for (const [name, topic] of this.#topics) {
      if (topics.has(name)) topic.used = Date.now();
      else if (topic.used < old) {
        this.#topics.delete(name);
        link.stop(name);
      }
    }
    const turn = this.#turn;
    within(this.#timing.patience, link.ping()).catch(() => this.#lost(turn));
  }
}

/** The same, or a rejection where it takes longer. */
function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer within ${milliseconds} ms.`)), milliseconds);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
