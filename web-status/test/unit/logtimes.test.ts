import { afterEach, describe, expect, it } from 'vitest';

import { nextTimes, parseTimes, since, stampOf } from '../../src/lib/logtimes.ts';
import { choose, reset } from '../../src/lib/settings.svelte.ts';

afterEach(() => void reset());

describe('times of lines', () => {
  it('are shown by one way after the other, and by none that there is not', () => {
    expect([nextTimes('off'), nextTimes('day'), nextTimes('step')]).toEqual(['day', 'step', 'off']);
    expect([undefined, 'step', 'never'].map(parseTimes)).toEqual(['off', 'step', 'off']);
  });
  it('count from the begin of the step', () => {
    expect([0, 5.25, 59.999, 60, 3723.4, -1].map(since)).toEqual(['0:00.0', '0:05.2', '0:59.9', '1:00.0', '1:02:03.4', '0:00.0']);
    expect(stampOf(1_700_000_001_500_000, { way: 'step', began: 1_700_000_000.2 })).toBe('0:01.3');
    expect(stampOf(1_700_000_001_500_000, { way: 'step', began: undefined })).toBe('');
  });
  it('are times of the day in the zone that was chosen', () => {
    choose('zone', 'utc');
    expect(stampOf(1_700_000_001_500_000, { way: 'day', began: undefined })).toBe('22:13:21');
    expect(stampOf(undefined, { way: 'day', began: undefined })).toBe('');
  });
});
