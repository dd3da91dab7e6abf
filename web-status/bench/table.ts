import type { Figures } from './measuring.ts';
import type { Kind } from './pages.ts';

interface Line {
  what: string;
  goal: string;
  of: (figures: Figures) => number | undefined;
}

const LINES: readonly Line[] = [
  { what: 'first view (builders) usable, ms', goal: '< 500', of: (it) => it.first },
  { what: 'script of the first view, compressed, kB', goal: '< 100', of: (it) => it.script },
  { what: 'waterfall: first picture, ms', goal: '< 1,000', of: (it) => it.picture },
  { what: 'waterfall: all in sight is there, ms', goal: '', of: (it) => it.settled },
  { what: 'waterfall: longest frame while scrolling, ms', goal: '< 50', of: (it) => it.frame },
  { what: 'waterfall: most CPU of a task while scrolling, ms', goal: '', of: (it) => it.task },
  { what: 'long log: first lines, ms', goal: '< 300', of: (it) => it.lines },
  { what: 'long log: first lines, coming from its build, ms', goal: '< 300', of: (it) => it.there },
  { what: 'long log: jump to the end, ms', goal: '< 300', of: (it) => it.end },
  { what: '1,000 events a second: CPU, % of a core', goal: '< 30', of: (it) => it.cpu },
  { what: '1,000 events a second: growth of memory, MB', goal: '0', of: (it) => it.growth },
];

/** The figures side by side, and what could not be measured. */
export function table(all: Partial<Record<Kind, Figures>>): string {
  const { weir, buildbot } = all;
  const rows = LINES.map(({ what, goal, of }) => {
    const [ours, theirs] = [weir && of(weir), buildbot && of(buildbot)];
    const ratio = ours !== undefined && theirs !== undefined && ours > 0 && theirs > 0 ? `${number(theirs / ours)} ×` : '–';
    return `| ${what} | ${goal} | ${number(ours)} | ${number(theirs)} | ${ratio} |`;
  });
  const notes = Object.entries(all).flatMap(([kind, figures]) => told(kind === 'weir' ? 'Weir' : 'Buildbot', figures));
  return ['| what | goal | Weir | Buildbot | Buildbot / Weir |', '|---|--:|--:|--:|--:|', ...rows, '', ...notes.map((note) => `- ${note}`), ''].join('\n');
}

function told(name: string, { late, events, seconds, problems }: Figures): string[] {
  return [
    ...(late === undefined ? [] : [`${name}: frames of more than 50 ms while scrolling: ${late}.`]),
    ...(events === undefined ? [] : [`${name}: ${number(events)} events a second arrived for ${number(seconds)} s.`]),
    ...problems.map((problem) => `${name}: not measured: ${problem}`),
  ];
}

/** Three digits that mean something. */
function number(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
