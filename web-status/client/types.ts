/**
 * The resources of Weir's JSON API v2 (Buildbot's REST v2), field by field.
 * Times are UTC seconds. A field that the server may leave empty is `null`, never absent;
 * those in microseconds (`_us`) are told by Weir alone.
 */

import type { ConsoleView, GridView, HomeView, WaterfallView } from './document.ts';

export type { BuildCell, Cell, GridRevision } from './document.ts';

/** Result codes: 0 success, 1 warnings, 2 failure, 3 skipped, 4 exception, 5 retry, 6 cancelled. */
export type Results = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** A property's value and where it came from. */
export type PropertyValue = [value: unknown, source: string];
export type Properties = Record<string, PropertyValue>;

export interface Builder {
  builderid: number;
  name: string;
  /** Masters that run it; empty means that it is no longer configured. */
  masterids: number[];
  description: string | null;
  projectid: number | null;
  /** `markdown`, or null for plain text. */
  description_format?: string | null;
  tags: string[];
}

export interface Build {
  buildid: number;
  /** Counts from 1 within its builder. */
  number: number;
  builderid: number;
  buildrequestid: number | null;
  workerid: number | null;
  masterid: number;
  started_at: number;
  /** The same in microseconds; Buildbot does not tell it. */
  started_at_us?: number;
  complete: boolean;
  complete_at: number | null;
  complete_at_us?: number | null;
  locks_duration_s: number;
  /** null until complete. */
  results: Results | null;
  state_string: string;
  /** Filled only where the request had `property=`; always empty in events. */
  properties: Properties;
}

export interface BuildRequest {
  buildrequestid: number;
  buildsetid: number;
  builderid: number;
  priority: number;
  claimed: boolean;
  claimed_at: number | null;
  claimed_by_masterid: number | null;
  complete: boolean;
  complete_at: number | null;
  /** -1 until complete. */
  results: Results | -1;
  submitted_at: number;
  waited_for: boolean;
  properties: Properties | null;
  /** The lock that it waits for, and who holds it; Buildbot does not tell. */
  waiting_for?: string | null;
}

export interface Buildset {
  bsid: number;
  external_idstring: string | null;
  reason: string;
  rebuilt_buildid: number | null;
  submitted_at: number;
  complete: boolean;
  complete_at: number | null;
  results: Results | null;
  sourcestamps: Sourcestamp[];
  parent_buildid: number | null;
  parent_relationship: string | null;
}

export interface Step {
  stepid: number;
  /** Counts from 0 within its build. */
  number: number;
  name: string;
  buildid: number;
  started_at: number | null;
  started_at_us?: number | null;
  locks_acquired_at: number | null;
  locks_acquired_at_us?: number | null;
  complete: boolean;
  complete_at: number | null;
  complete_at_us?: number | null;
  results: Results | null;
  state_string: string;
  urls: { name: string; url: string }[];
  hidden: boolean;
}

export interface Log {
  logid: number;
  name: string;
  slug: string;
  stepid: number;
  complete: boolean;
  num_lines: number;
  /** s: each line begins with its stream letter; t: text; h: HTML; d: deleted. */
  type: 's' | 't' | 'h' | 'd';
}

export interface LogChunk {
  logid: number;
  /** Number of the first line, from 0. */
  firstline: number;
  /** Whole lines, each ended by a newline. */
  content: string;
  /** When they were stored: pairs of a line, from 0, and microseconds, each up to the line of the next; only Weir tells. */
  times_us?: [number, number][] | null;
}

/** What is looked for in the lines of a log: a text, or a regular expression. */
export interface LogQuery {
  text?: string;
  regex?: string;
  ignore_case?: boolean;
  /** The first line, from 0. */
  offset?: number;
  limit?: number;
}

/** The lines that a search found within a short time: it goes on at `next_offset` until it is `complete`. */
export interface LogSearch {
  logid: number;
  hits: LogHit[];
  /** The first line that was not searched, from 0. */
  next_offset: number;
  /** Whether that is the end of the log. */
  complete: boolean;
}

export interface LogHit {
  /** The line's number, from 0. */
  line: number;
  /** The letter of its stream; null in a log of another type than s. */
  stream: string | null;
  /** The line without escape sequences; of a long one a part with what was found first. */
  text: string;
  /** How many characters of the line are before `text`. */
  text_start: number;
  /** Where in the line something was found: begin and end, in characters (code points). */
  ranges: number[][];
}

export interface Worker {
  workerid: number;
  name: string;
  connected_to: { masterid: number }[];
  configured_on: { masterid: number; builderid: number }[];
  workerinfo: Record<string, string | null>;
  paused: boolean;
  pause_reason: string | null;
  /** Why it is not connected. Buildbot's masters do not say. */
  away_reason?: string | null;
  graceful: boolean;
}

export interface Sourcestamp {
  ssid: number;
  revision: string | null;
  branch: string | null;
  repository: string;
  project: string;
  codebase: string;
  created_at: number;
  patch: { patchid: number; level: number; subdir: string; author: string; comment: string } | null;
}

export interface Change {
  changeid: number;
  parent_changeids: number[];
  author: string;
  committer: string | null;
  files: string[];
  comments: string;
  revision: string | null;
  branch: string | null;
  category: string | null;
  revlink: string | null;
  properties: Properties;
  repository: string;
  project: string;
  codebase: string;
  sourcestamp: Sourcestamp;
  when_timestamp: number;
}

export interface Scheduler {
  schedulerid: number;
  name: string;
  enabled: boolean;
  /** In an event, or where it cannot be read, its id alone. */
  master: (Pick<Master, 'masterid'> & Partial<Master>) | null;
}

/** A listener that keeps its place with the master, and how it fares; Buildbot has none. */
export interface ListenerStatus {
  listenerid: number;
  name: string;
  /** What it is: `mail`, `webhook`. */
  kind: string;
  /** Who runs it, or ran it last. */
  held_by: string | null;
  /** Until when that is certain; goes on without an event. Once it is past, nobody has run it since. */
  held_until: number | null;
  /** Whether what comes waits: its destination takes nothing now, or no further dead letter can be kept. */
  waiting: boolean;
  waiting_reason: string | null;
  waiting_since: number | null;
  /** All events up to this cursor are done; goes on without an event. */
  place: number | null;
  /** How many dead letters of it are kept. */
  dead_letters: number;
}

/** An event that a listener could not deliver. */
export interface DeadLetter {
  dead_letterid: number;
  listenerid: number;
  /** The event's number. */
  cursor: number;
  event: { at_us: number; key: string[]; message: Record<string, unknown> };
  why: string;
  /** When it was tried last. */
  parked_at: number;
  /** Whether somebody asked to deliver it again. */
  again: boolean;
}

export interface Master {
  masterid: number;
  name: string;
  active: boolean;
  last_active: number;
}

/** A field of a force form; groups have `type` nested and carry `fields`. */
export interface ForceField {
  name: string;
  /** The key of its value in a force command; null for a group without a name. */
  fullName: string | null;
  label: string;
  tablabel: string;
  type: 'fixed' | 'text' | 'textarea' | 'int' | 'bool' | 'username' | 'list' | 'file' | 'nested';
  tooltip: string;
  default: unknown;
  required: boolean;
  multiple: boolean;
  hide: boolean;
  maxsize: number | null;
  choices?: string[];
  strict?: boolean;
  size?: number;
  cols?: number;
  rows?: number;
  fields?: ForceField[];
  layout?: string;
  columns?: number | null;
}

export interface ForceScheduler {
  name: string;
  button_name: string;
  label: string;
  builder_names: string[];
  enabled: boolean;
  all_fields: ForceField[];
}

export interface Project {
  projectid: number;
  name: string;
  slug: string;
  description: string | null;
  /** `markdown`, or null for plain text. */
  description_format: string | null;
  /** Whether a builder of it is configured; Buildbot does not tell. */
  active?: boolean;
}

/** A piece of data that a build keeps by name; its value is read by itself. */
export interface BuildData {
  buildid: number;
  name: string;
  /** In bytes. */
  length: number;
  /** Who set it, such as a step. */
  source: string;
  value: null;
}

/** Results of one kind that a step gave. */
export interface TestResultSet {
  test_result_setid: number;
  builderid: number;
  buildid: number;
  stepid: number;
  description: string | null;
  /** Such as pass_fail, pass_only, fail_only, code_issue, performance. */
  category: string;
  /** The unit of its results' values, such as boolean, ms, message. */
  value_unit: string;
  tests_passed: number | null;
  tests_failed: number | null;
  complete: boolean;
}

/** What one test came to; it has a name or a path. */
export interface TestResult {
  test_resultid: number;
  builderid: number;
  test_result_setid: number;
  test_name: string | null;
  test_code_path: string | null;
  line: number | null;
  duration_ns: number | null;
  value: string;
}

/** Key under which an answer carries its objects -> type of the objects. */
export interface Resources {
  builders: Builder;
  builds: Build;
  buildrequests: BuildRequest;
  buildsets: Buildset;
  steps: Step;
  logs: Log;
  logchunks: LogChunk;
  workers: Worker;
  changes: Change;
  sourcestamps: Sourcestamp;
  schedulers: Scheduler;
  forceschedulers: ForceScheduler;
  masters: Master;
  projects: Project;
  properties: Properties;
  build_data: BuildData;
  test_result_sets: TestResultSet;
  test_results: TestResult;
  listeners: ListenerStatus;
  dead_letters: DeadLetter;
}
export type ResourceName = keyof Resources;

/** Name of a view below `views/` -> its answer. */
export interface Views {
  home: HomeView;
  waterfall: WaterfallView;
  grid: GridView;
  console: ConsoleView;
}
export type ViewName = keyof Views;
