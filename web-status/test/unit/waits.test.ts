import { expect, it } from 'vitest';

import type { BuildRequest } from '../../client/index.ts';
import { queues, waitOf, type Wait } from '../../src/lib/waits.ts';

const request = (buildrequestid: number, builderid = 1, more: Partial<BuildRequest> = {}): BuildRequest => ({
  buildrequestid, builderid, buildsetid: 1, priority: 0, claimed: false, claimed_at: null, claimed_by_masterid: null, complete: false, complete_at: null,
  results: -1, submitted_at: 100 + buildrequestid, waited_for: false, properties: null, ...more,
});

it('says why a request waits, of what was told last', () => {
  expect(waitOf(request(1), undefined)).toBe('unknown');
  expect(waitOf(request(1), 'busy')).toBe('busy');
  expect(waitOf(request(1, 1, { claimed: true }), 'busy')).toBe('starting');
  // A lock is told by an event, before the reasons are read again; and so is that it is free.
  expect(waitOf(request(1, 1, { waiting_for: 'the lock x' }), 'busy')).toBe('locked');
  expect(waitOf(request(1, 1, { waiting_for: null }), 'locked')).toBe('unknown');
  expect(waitOf(request(1, 1, { waiting_for: 'the lock x' }), 'paused')).toBe('paused');
});

it('shows those together that wait for the same, and first what is stuck', () => {
  const told: Record<number, Wait> = { 1: 'busy', 2: 'busy', 3: 'paused', 4: 'busy' };
  const rows = queues([request(4, 2), request(2), request(1), request(3, 3)], (id) => told[id]);
  expect(rows.map(({ wait, builderid, requests, since }) => [wait, builderid, requests.map((one) => one.buildrequestid), since])).toEqual([
    ['paused', 3, [3], 103], ['busy', 1, [2, 1], 101], ['busy', 2, [4], 104],
  ]);
  const locks = queues([request(1, 1, { waiting_for: 'a' }), request(2, 1, { waiting_for: 'b' })], () => undefined);
  expect(locks.map(({ lock }) => lock)).toEqual(['a', 'b']);
});
