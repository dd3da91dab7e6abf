import type {
  Build, BuildData, Builder, BuildRequest, Buildset, Change, DeadLetter, ForceField, ForceScheduler, ListenerStatus, Log, Master, Project, Properties, Scheduler, Step, TestResult, TestResultSet, Worker,
} from '../../client/index.ts';

/** An event as it goes out: its number, its topics (the shortest name first) and the resource. */
export interface MockEvent {
  id: number;
  topics: string[][];
  message: unknown;
}

/** The state of a made-up build master and the events that led to it. Every change goes through a method that emits its event. */
export class World {
  readonly builders: Builder[] = [];
  readonly builds: Build[] = [];
  readonly requests: BuildRequest[] = [];
  readonly buildsets: Buildset[] = [];
  readonly steps: Step[] = [];
  readonly logs: Log[] = [];
  readonly content = new Map<number, string[]>();
  /** When lines of logs came: pairs of a line and microseconds, by log. */
  readonly times = new Map<number, [number, number][]>();
  /** What builds leave behind; see `outcomes.ts`. */
  readonly resultSets: TestResultSet[] = [];
  readonly results: TestResult[] = [];
  readonly data: BuildData[] = [];
  readonly projects: Project[] = [];
  readonly workers: Worker[] = [];
  readonly changes: Change[] = [];
  readonly changesOf = new Map<number, number[]>();
  readonly forces: ForceScheduler[] = [];
  readonly schedulers: Scheduler[] = [];
  readonly listeners: ListenerStatus[] = [];
  readonly deadLetters: DeadLetter[] = [];
  readonly masters: Master[] = [{ masterid: 1, name: 'pump:/srv/ci', active: true, last_active: 0 }];
  readonly events: MockEvent[] = [];
  /** Number of the last event. */
  cursor = 1000;
  /** Events up to this one are forgotten. */
  oldest = 1000;
  #listenerids = 0;
  readonly #hearers = new Set<() => void>();

  /** In UTC seconds. */
  readonly now: () => number;

  /** It is always `now`, where that is given. */
  constructor(now?: number) {
    this.now = () => now ?? Math.floor(Date.now() / 1000);
  }

  hear(hearer: () => void): () => void {
    this.#hearers.add(hearer);
    return () => this.#hearers.delete(hearer);
  }

  /** Forgets all events so far: who watches from an older cursor has to read again. */
  forget(): void {
    this.oldest = this.cursor;
    this.events.length = 0;
  }

  emit(message: object, ...topics: (string | number)[][]): void {
    const build = 'properties' in message && 'state_string' in message ? { ...message, properties: {} } : { ...message };
    this.events.push({ id: ++this.cursor, topics: topics.map((topic) => topic.map(String)), message: build });
    if (this.events.length > 50_000) this.oldest = this.events.splice(0, 10_000).at(-1)?.id ?? this.oldest;
    for (const hearer of this.#hearers) hearer();
  }

  builder(name: string, tags: string[], description: string | null = null): Builder {
    const builder: Builder = { builderid: this.builders.length + 1, name, masterids: [1], description, projectid: null, tags };
    this.builders.push(builder);
    return builder;
  }

  project(name: string, description: string, builders: Builder[]): Project {
    const project: Project = { projectid: this.projects.length + 1, name, slug: name, description, description_format: 'markdown', active: true };
    this.projects.push(project);
    for (const builder of builders) builder.projectid = project.projectid;
    return project;
  }

  worker(name: string, builders: Builder[], up = true): Worker {
    const worker: Worker = {
      workerid: this.workers.length + 1, name, connected_to: up ? [{ masterid: 1 }] : [], paused: false, pause_reason: null, graceful: false,
      away_reason: up ? null : 'a connection from 192.0.2.5 presented the wrong token',
      configured_on: builders.map(({ builderid }) => ({ masterid: 1, builderid })),
      workerinfo: up ? { admin: 'Ada <ada@example.org>', host: `${name}, 16 cores`, version: '0.1.0' } : {},
    };
    this.workers.push(worker);
    return worker;
  }

  workerChanged(worker: Worker, verb: string): void {
    this.emit(worker, ['workers', worker.workerid, verb]);
  }

  change(author: string, comments: string, files: string[], at = this.now()): Change {
    const changeid = this.changes.length + 1;
    const revision = Array.from({ length: 40 }, (_, i) => ((changeid * 7919 + i * i * 31 + i * 17) % 16).toString(16)).join('');
    const source = { revision, branch: 'main', repository: 'https://git.example.org/pump.git', project: '', codebase: '' };
    const change: Change = {
      ...source, changeid, parent_changeids: changeid > 1 ? [changeid - 1] : [], author, committer: null, files, comments, category: null,
      revlink: `https://git.example.org/pump/commit/${revision}`, properties: {}, when_timestamp: at,
      sourcestamp: { ...source, ssid: changeid, created_at: at, patch: null },
    };
    this.changes.push(change);
    this.emit(change, ['changes', changeid, 'new']);
    return change;
  }

  request(builderid: number, reason: string, changes: Change[] = this.changes.slice(-1), at = this.now()): BuildRequest {
    const bsid = this.buildsets.length + 1;
    const buildset: Buildset = {
      bsid, external_idstring: null, reason, rebuilt_buildid: null, submitted_at: at, complete: false, complete_at: null, results: null,
      sourcestamps: changes.slice(-1).map((change) => change.sourcestamp), parent_buildid: null, parent_relationship: null,
    };
    this.buildsets.push(buildset);
    const request: BuildRequest = {
      buildrequestid: bsid, buildsetid: bsid, builderid, priority: 0, claimed: false, claimed_at: null, claimed_by_masterid: null, complete: false,
      complete_at: null, results: -1, submitted_at: at, waited_for: false, properties: null,
    };
    this.requests.push(request);
    this.changesOf.set(bsid, changes.map((change) => change.changeid));
    this.#requestEvent(request, 'new');
    return request;
  }

  cancel(request: BuildRequest): void {
    Object.assign(request, { complete: true, complete_at: this.now(), results: 6 });
    this.#requestEvent(request, 'complete');
  }

  start(request: BuildRequest, workerid: number, properties: Properties = {}, at = this.now()): Build {
    Object.assign(request, { claimed: true, claimed_at: at, claimed_by_masterid: 1 });
    this.#requestEvent(request, 'claimed');
    const number = this.builds.filter((build) => build.builderid === request.builderid).length + 1;
    const buildset = this.buildsets[request.buildsetid - 1];
    const build: Build = {
      buildid: this.builds.length + 1, number, builderid: request.builderid, buildrequestid: request.buildrequestid, workerid, masterid: 1,
      started_at: at, complete: false, complete_at: null, locks_duration_s: 0, results: null, state_string: 'starting',
      properties: {
        buildername: [this.builders[request.builderid - 1]?.name, 'Builder'], buildnumber: [number, 'Build'],
        workername: [this.workers[workerid - 1]?.name, 'Worker'], branch: ['main', 'Build'],
        revision: [buildset?.sourcestamps[0]?.revision ?? null, 'Build'], reason: [buildset?.reason, 'Force Build Form'], ...properties,
      },
    };
    this.builds.push(build);
    this.buildEvent(build, 'new');
    return build;
  }

  finish(build: Build, results: Build['results'], at = this.now()): void {
    const words = ['build successful', 'warnings', 'failed', 'skipped', 'exception', 'retry', 'cancelled'];
    Object.assign(build, { complete: true, complete_at: at, results, state_string: words[results ?? 0] });
    this.buildEvent(build, 'finished');
    const request = this.requests.find((one) => one.buildrequestid === build.buildrequestid);
    if (!request) return;
    Object.assign(request, { complete: true, complete_at: at, results });
    this.#requestEvent(request, 'complete');
  }

  buildEvent(build: Build, verb: string): void {
    const topics = [['builds', build.buildid, verb], ['builders', build.builderid, 'builds', build.number, verb], ['workers', build.workerid ?? 0, 'builds', build.buildid, verb]];
    this.emit(build, ...topics);
  }

  step(build: Build, name: string, at = this.now()): Step {
    const step: Step = {
      stepid: this.steps.length + 1, number: this.steps.filter((one) => one.buildid === build.buildid).length, name, buildid: build.buildid,
      started_at: at, locks_acquired_at: at, complete: false, complete_at: null, results: null, state_string: 'running', urls: [], hidden: false,
    };
    this.steps.push(step);
    this.#stepEvent(step, 'new');
    this.#stepEvent(step, 'started');
    return step;
  }

  finishStep(step: Step, results: Step['results'], state: string, at = this.now()): void {
    for (const log of this.logs) if (log.stepid === step.stepid && !log.complete) this.finishLog(log);
    Object.assign(step, { complete: true, complete_at: at, results, state_string: state });
    this.#stepEvent(step, 'finished');
  }

  log(step: Step, name: string, type: Log['type'] = 's'): Log {
    const log: Log = { logid: this.logs.length + 1, name, slug: name.replace(/\W/g, '_'), stepid: step.stepid, complete: false, num_lines: 0, type };
    this.logs.push(log);
    this.content.set(log.logid, []);
    this.times.set(log.logid, []);
    this.#logEvent(log, 'new');
    return log;
  }

  append(log: Log, ...lines: string[]): void {
    this.content.get(log.logid)?.push(...lines);
    this.times.get(log.logid)?.push([log.num_lines, this.now() * 1e6]);
    log.num_lines += lines.length;
    this.#logEvent(log, 'append');
  }

  finishLog(log: Log): void {
    log.complete = true;
    this.#logEvent(log, 'finished');
  }

  scheduler(name: string): Scheduler {
    const scheduler: Scheduler = { schedulerid: this.schedulers.length + 1, name, enabled: true, master: { masterid: 1, name: 'pump:/srv/ci', active: true } };
    this.schedulers.push(scheduler);
    return scheduler;
  }

  listener(name: string, kind: string): ListenerStatus {
    const listener: ListenerStatus = {
      listenerid: ++this.#listenerids, name, kind, held_by: 'master pump:/srv/ci', held_until: this.now() + 3600, waiting: false, waiting_reason: null,
      waiting_since: null, place: this.cursor, dead_letters: 0,
    };
    this.listeners.push(listener);
    this.emit(listener, ['listeners', listener.listenerid, 'new']);
    return listener;
  }

  /** The listener's destination takes nothing now, for a reason, or takes everything again. */
  wait(listener: ListenerStatus, reason: string | null): void {
    Object.assign(listener, { waiting: reason !== null, waiting_reason: reason, waiting_since: reason === null ? null : this.now() });
    this.emit(listener, ['listeners', listener.listenerid, 'updated']);
  }

  /** The listener could not deliver that a build ended. */
  park(listener: ListenerStatus, build: Build, why: string): DeadLetter {
    const letter: DeadLetter = {
      dead_letterid: this.deadLetters.length + 1, listenerid: listener.listenerid, cursor: this.cursor,
      event: { at_us: this.now() * 1e6, key: ['builds', String(build.buildid), 'finished'], message: { ...build } }, why, parked_at: this.now(), again: false,
    };
    this.deadLetters.push(letter);
    this.#letterEvent(letter, 'new');
    this.#count(letter.listenerid);
    return letter;
  }

  deliverAgain(letters: DeadLetter[]): void {
    for (const letter of letters) {
      letter.again = true;
      this.#letterEvent(letter, 'updated');
    }
  }

  /** Nobody runs the listener any more. */
  release(listener: ListenerStatus): void {
    Object.assign(listener, { held_by: null, held_until: this.now() });
    this.emit(listener, ['listeners', listener.listenerid, 'updated']);
  }

  forgetListener(listener: ListenerStatus): void {
    for (const letter of this.deadLetters.filter(({ listenerid }) => listenerid === listener.listenerid)) this.drop(letter);
    this.listeners.splice(this.listeners.indexOf(listener), 1);
    this.emit(listener, ['listeners', listener.listenerid, 'deleted']);
  }

  drop(letter: DeadLetter): void {
    this.deadLetters.splice(this.deadLetters.indexOf(letter), 1);
    this.#letterEvent(letter, 'deleted');
    this.#count(letter.listenerid);
  }

  #letterEvent(letter: DeadLetter, verb: string): void {
    this.emit(letter, ['dead_letters', letter.dead_letterid, verb], ['listeners', letter.listenerid, 'dead_letters', letter.dead_letterid, verb]);
  }

  #count(listenerid: number): void {
    const listener = this.listeners.find((one) => one.listenerid === listenerid);
    if (!listener) return;
    listener.dead_letters = this.deadLetters.filter((letter) => letter.listenerid === listenerid).length;
    this.emit(listener, ['listeners', listenerid, 'updated']);
  }

  enable(scheduler: Scheduler, enabled: boolean): void {
    scheduler.enabled = enabled;
    this.emit(scheduler, ['schedulers', scheduler.schedulerid, 'updated']);
  }

  prioritize(request: BuildRequest, priority: number): void {
    request.priority = priority;
    this.#requestEvent(request, 'update');
  }

  force(name: string, label: string, builders: Builder[], fields: ForceField[]): void {
    this.forces.push({ name, button_name: label, label, builder_names: builders.map((builder) => builder.name), enabled: true, all_fields: fields });
    this.scheduler(name);
  }

  #requestEvent(request: BuildRequest, verb: string): void {
    const { buildrequestid, buildsetid, builderid } = request;
    const place = ['builders', builderid, 'buildrequests', buildrequestid, verb];
    this.emit(request, ['buildrequests', buildrequestid, verb], place, ['buildsets', buildsetid, ...place]);
  }

  #stepEvent(step: Step, verb: string): void {
    this.emit(step, ['steps', step.stepid, verb], ['builds', step.buildid, 'steps', step.stepid, verb]);
  }

  #logEvent(log: Log, verb: string): void {
    this.emit(log, ['logs', log.logid, verb], ['steps', log.stepid, 'logs', log.slug, verb]);
  }
}
