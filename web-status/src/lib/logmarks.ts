/** What a line tells of by its words. */
export type Problem = 'error' | 'warning';

/** Where a section of a log begins or ends, as the programs that print such marks have it. */
export type SectionMark = { kind: 'open'; name: string; title: string; collapsed: boolean } | { kind: 'close'; name: string };

const ERROR = String.raw`\b(?:error|errors|fatal|failed|failure|failures|panic|panicked|exception|traceback|segmentation fault|core dumped|undefined reference)\b|\w(?:Error|Exception)\b`;
const WARNING = String.raw`\bwarn(?:ing|ings)?\b`;
const SECTION = String.raw`^(?:::group::|##\[group\]|::endgroup::|##\[endgroup\]|section_start:|section_end:|travis_fold:)`;

/** Every line of which this module has something to say holds this, in any case: syntax that browsers and the server share. */
export const MARKS = `${ERROR}|${WARNING}|${SECTION}`;

const ERRORS = new RegExp(ERROR, 'i');
const WARNINGS = new RegExp(WARNING, 'i');
/** That there were none is no problem; options and file names that only speak of errors are none either. */
const NONE = /\b(?:0|no|without|zero)\s+(?:\w+\s+)?(?:errors?|failures?|failed|warnings?|exceptions?)\b|\b(?:errors?|failures?|failed|warnings?|exceptions?)\s*[:=]\s*0\b|-W(?:no-)?error\b|[\w-]*-(?:error|warning)s?(?=[=\s.-]|$)|\w*(?:error|exception|warning)s?\.\w{1,4}\b(?!:)|\bfail(?:ed|ure)?-?fast\b/gi;

/** What the text of a line tells of; nothing where it only says that there is no problem. */
export function problemOf(text: string): Problem | undefined {
  const left = text.replace(NONE, ' ');
  if (WARNINGS.test(left) && !/\berrors?\b/i.test(left)) return 'warning';
  if (ERRORS.test(left)) return 'error';
  return undefined;
}

/** What the text of a line begins or ends: GitHub's groups, GitLab's sections, Travis' folds. */
export function sectionOf(text: string): SectionMark | undefined {
  const github = /^(?:::group::|##\[group\])(.*)$/.exec(text);
  if (github) return { kind: 'open', name: '', title: (github[1] ?? '').trim(), collapsed: false };
  if (/^(?:::endgroup::|##\[endgroup\])/.test(text)) return { kind: 'close', name: '' };
  const gitlab = /^section_(start|end):\d+:([\w.-]+)(\[[^\]\r]*\])?\r?(.*)$/.exec(text);
  if (gitlab) {
    const [, which, name = '', options = '', title = ''] = gitlab;
    return which === 'end' ? { kind: 'close', name } : { kind: 'open', name, title: title.trim() || name, collapsed: options.includes('collapsed=true') };
  }
  const travis = /^travis_fold:(start|end):([\w.-]+)\r?(.*)$/.exec(text);
  if (!travis) return undefined;
  const [, which, name = '', title = ''] = travis;
  return which === 'end' ? { kind: 'close', name } : { kind: 'open', name, title: title.trim() || name, collapsed: false };
}
