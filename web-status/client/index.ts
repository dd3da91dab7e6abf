/**
 * Client of Weir's JSON API: typed reads with their cursor, commands, a watch that neither misses nor repeats an event,
 * and live collections. No dependencies; runs in browsers and in Node.
 *
 * Not in here: anything of a user interface.
 */
export { WEIR, type Capabilities } from './adapter.ts';
export { Client, type Answer, type ClientOptions } from './client.ts';
export { collection, Collection, type CollectionName, type CollectionOptions } from './collection.ts';
export { ApiError, ControlError, isRefused, UnreachableError } from './errors.ts';
export { cursorOf, Following, type Phase, type Source, type StreamState, type Trouble } from './follow.ts';
export { findMaster, type Master as MasterProgram } from './master.ts';
export { encodeQuery, path, type Query, type QueryValue } from './query.ts';
export { SseParser, type SseEvent } from './sse.ts';
export { Table, type Rows } from './table.ts';
export { watch, type Watch, type WatchEvent, type WatchOptions, type WatchState } from './watch.ts';
export type * from './types.ts';
