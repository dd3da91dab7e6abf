import { buildStatus, type Face } from '../../lib/faces.ts';
import { duration, shortRevision, took } from '../../lib/format.ts';
import type { Line } from '../../lib/lines.ts';
import { STATUS_WORD } from '../../lib/status.ts';
import { words } from '../../words/words.svelte.ts';

/** What a line is called. */
export function lineName(line: Line): string {
  return shortRevision(line.stamp?.revision) || line.stamp?.branch || words.grid.latest;
}

/** What a cell says to those who do not see it: `gauge-debug, revision abc123: Failed, build 17, 3 m 04 s`; `some`: not all builds are shown. */
export function cellName(builder: string, line: Line, face: Face | undefined, some = false): string {
  const where = `${builder}, ${words.grid.revision(lineName(line))}`;
  const { build } = face ?? {};
  if (!face) return `${where}: ${some ? words.grid.nothingOf : words.grid.nothing}`;
  if (!build) return `${where}: ${words.grid.waiting(face.count)}`;
  const parts = [STATUS_WORD[buildStatus(build)], face.included ? words.grid.included(build.number) : words.grid.build(build.number)];
  if (build.complete) parts.push(duration(took(build, 0) ?? 0));
  if (face.count > 1) parts.push(words.grid.builds(face.count));
  if (face.waiting > 0) parts.push(words.grid.waiting(face.waiting));
  return `${where}: ${parts.join(', ')}`;
}
