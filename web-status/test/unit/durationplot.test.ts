import { describe, expect, it } from 'vitest';

import type { Build } from '../../client/index.ts';
import { layOut, nearest, usual } from '../../src/lib/durationplot.ts';

const FRAME = { width: 500, height: 200, left: 50, right: 10, top: 10, bottom: 20 };
const build = (number: number, took: number | null, results = 0): Build => ({
  buildid: number, number, builderid: 1, buildrequestid: 1, workerid: 1, masterid: 1, started_at: number * 1000, complete: took !== null, complete_at: took === null ? null : number * 1000 + took,
  locks_duration_s: 0, results: took === null ? null : (results as Build['results']), state_string: '', properties: {},
});

describe('the plot of durations', () => {
  it('puts each build beside the one before, within the frame, the longer the higher', () => {
    const { points, rows, columns } = layOut([build(1, 10), build(2, 20), build(3, 15, 2)], FRAME, 0);
    expect(points.map(({ x }) => x)).toEqual([123.3, 270, 416.7]);
    const [a = 0, b = 0, c = 0] = points.map(({ y }) => y);
    expect([b < c, c < a, b >= FRAME.top, a <= 180]).toEqual([true, true, true, true]);
    expect(rows[0]).toEqual({ seconds: 0, y: 180 });
    expect(columns.length).toBeLessThanOrEqual(4);
  });
  it('marks each status by a shape of its own, in one path', () => {
    const { marks } = layOut([build(1, 10), build(2, 20, 2), build(3, 12), build(4, null)], FRAME, 4005);
    expect(marks.map(({ status }) => status)).toEqual(['success', 'failure', 'running']);
    expect(new Set(marks.map(({ path }) => path.replace(/[\d.\- ]+/g, ''))).size).toBe(3);
  });
  it('lets what runs grow', () => {
    const one = [build(1, 10), build(2, null)];
    expect([layOut(one, FRAME, 2003).points[1]?.seconds, layOut(one, FRAME, 2009).points[1]?.seconds]).toEqual([3, 9]);
  });
  it('is not pressed flat by one build that took for ever', () => {
    const { points } = layOut([...Array.from({ length: 40 }, (_, i) => build(i + 1, 100)), build(41, 90_000, 4)], FRAME, 0);
    expect(points[40]?.beyond).toBe(true);
    expect((points[0]?.y ?? 180) < 120).toBe(true);
  });
  it('draws nothing but axes where there is nothing', () => {
    expect(layOut([], FRAME, 0)).toMatchObject({ points: [], marks: [], area: '', middle: '' });
    expect(layOut([build(1, 0)], { ...FRAME, width: 0 }, 0).points).toHaveLength(1);
  });
  it('finds the build that is pointed at', () => {
    const { points } = layOut([build(1, 10), build(2, 20), build(3, 15)], FRAME, 0);
    expect([nearest(points, 0), nearest(points, 280), nearest(points, 9999), nearest([], 5)]).toEqual([0, 1, 2, -1]);
  });
  it('tells what good builds usually take', () => {
    expect(usual([build(1, 10), build(2, 30), build(3, 999, 2)])?.mid).toBe(20);
    expect(usual([build(1, 5, 2)])).toBeUndefined();
  });
});
