import { expect, it } from 'vitest';

import type { DeadLetter, ListenerStatus } from '../../client/index.ts';
import { behind, buildOf, stateOf } from '../../src/lib/listeners.ts';

const listener = (more: Partial<ListenerStatus>): ListenerStatus => ({
  listenerid: 1, name: 'mail', kind: 'mail', held_by: 'master m1', held_until: 100, waiting: false, waiting_reason: null, waiting_since: null, place: 7,
  dead_letters: 0, ...more,
});
const letter = (key: string[], message: Record<string, unknown>): DeadLetter => ({
  dead_letterid: 1, listenerid: 1, cursor: 9, event: { at_us: 0, key, message }, why: '', parked_at: 0, again: false,
});

it('tells a listener that nobody runs from one that waits', () => {
  expect(stateOf(listener({}), 100)).toBe('well');
  expect(stateOf(listener({ waiting: true }), 100)).toBe('waits');
  expect(stateOf(listener({ waiting: true }), 101)).toBe('stopped');
  expect(stateOf(listener({ held_until: null }), 0)).toBe('stopped');
  expect(stateOf(listener({ held_by: null }), 100)).toBe('stopped');
});

it('counts the events that wait for a listener', () => {
  expect(behind(listener({}), 10)).toBe(3);
  expect(behind(listener({ place: 12 }), 10)).toBe(0);
  expect(behind(listener({ place: null }), 10)).toBeUndefined();
});

it('leads from a dead letter to its build', () => {
  expect(buildOf(letter(['builds', '5', 'finished'], { buildid: 5, builderid: 2, number: 17 }))).toEqual({ builderid: 2, number: 17 });
  expect(buildOf(letter(['workers', '5', 'connected'], { workerid: 5 }))).toBeUndefined();
  expect(buildOf(letter(['builds', '5', 'properties', 'update'], {}))).toBeUndefined();
});
