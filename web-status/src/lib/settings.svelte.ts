import { recall, remember } from './storage.ts';

/**
 * What the reader may choose in the view *settings*, with all values that there are. The first one holds until another is
 * chosen, unless the deployment wants another one. Whoever shows something by a setting reads it from `settings`, and is drawn again when it changes.
 */
export const CHOICES = {
  /** `auto`: what the browser prefers, of what there is. */
  language: ['auto', 'en', 'de'],
  /** `system`: light or dark as the device is, with more contrast where it wants that. */
  theme: ['system', 'light', 'dark', 'contrast'],
  /** `safe`: colours of results that all kinds of colour blindness tell apart; their shapes are the same. */
  palette: ['standard', 'safe'],
  /** How high rows of tables are. */
  density: ['comfortable', 'compact'],
  /** Whether authors have avatars beside their names. */
  avatars: [true, false],
  /** In which time zone times are told. */
  zone: ['local', 'utc'],
  /** Rows that a list begins with, and has more of at each *more*. */
  rows: [50, 25, 100, 200],
  /** Minutes without any build beyond which the waterfall cuts time out; 0: nowhere. */
  idle: [0, 10, 30, 60, 240],
  /** Whether single keys are shortcuts; those with Ctrl or ⌘ always are. */
  shortcuts: [true, false],
  /** Which ends of watched builds the browser notifies of. */
  notify: ['all', 'bad', 'off'],
  /** Whether the page's icon shows how watched builds stand. */
  badge: [true, false],
} as const;

type Choices = typeof CHOICES;
/** The name of a setting that is one of a few values. */
export type ChoiceName = keyof Choices;
/** All settings. */
export type Settings = { [K in ChoiceName]: Choices[K][number] } & {
  /** The name of the view that an empty address opens; empty: `home`, or `builders` where there is none. */
  first: string;
};

const KEY = 'weir-settings';
const NAMES = Object.keys(CHOICES) as ChoiceName[];

const FIRST = { ...Object.fromEntries(NAMES.map((name) => [name, CHOICES[name][0]])), first: '' } as Settings;

/** Settings as they are where the reader has chosen nothing. */
let usual = FIRST;

/** Settings as they were kept, each checked by itself: what does not fit is as if it had never been chosen. */
export function parseSettings(text: string | undefined): Settings {
  return over(usual, object(text));
}

function over(before: Settings, given: Record<string, unknown>): Settings {
  const chosen = Object.fromEntries(NAMES.map((name) => [name, CHOICES[name].find((value) => value === given[name]) ?? before[name]]));
  return { ...(chosen as Settings), first: typeof given['first'] === 'string' ? given['first'] : before.first };
}

function object(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const current: Settings = $state(parseSettings(recall(KEY)));

/** The reader's settings. */
export const settings: Readonly<Settings> = current;

/** Takes a choice, now and for later pages of this browser. */
export function choose<K extends keyof Settings>(name: K, value: Settings[K]): void {
  current[name] = value;
  remember(KEY, JSON.stringify(changed()));
}

/** Takes what a deployment wants to hold where the reader has chosen nothing; what does not fit is as if it were not said. */
export function begin(given: Record<string, unknown>): void {
  usual = over(FIRST, given);
  Object.assign(current, parseSettings(recall(KEY)));
}

/** Takes all choices back. */
export function reset(): void {
  Object.assign(current, parseSettings(undefined));
  remember(KEY, undefined);
}

/** What is not as it is for everybody: what is chosen here stays so when defaults become others. */
function changed(): Partial<Settings> {
  return Object.fromEntries(Object.entries(current).filter(([name, value]) => value !== usual[name as keyof Settings]));
}

// Another tab of this page chose.
addEventListener('storage', (event) => {
  if (event.key === KEY || event.key === null) Object.assign(current, parseSettings(event.newValue ?? undefined));
});
