import { afterEach, describe, expect, it } from 'vitest';

import { ago, authorName, caption, count, duration, roughDuration, roundDuration, safeLink, sentence, shortRevision, spanText, time, took, valueText, when } from '../../src/lib/format.ts';
import { languageOf, speakAs } from '../../src/lib/language.svelte.ts';
import { choose, reset } from '../../src/lib/settings.svelte.ts';
import { statusOf, STATUS_WORD } from '../../src/lib/status.ts';

describe('format', () => {
  it('gives durations shorter where there is little room', () => {
    expect([0, 30, 60, 64, 1200, 3600, 5400, 90_000].map(roundDuration)).toEqual(['0 s', '30 s', '1 m', '1 m 04 s', '20 m', '1 h', '1 h 30 m', '1 d 1 h']);
    expect([7, 64, 7860, 0.04].map(roughDuration)).toEqual(['7 s', '1 m', '2 h', '< 0.1 s']);
  });
  it('gives durations short', () => {
    expect([0, 7, 64, 7860, 270_000, -3].map(duration)).toEqual(['0 s', '7 s', '1 m 04 s', '2 h 11 m', '3 d 3 h', '0 s']);
    expect([0.04, 0.46, 3.99, 9.99, 10.5].map(duration)).toEqual(['< 0.1 s', '0.4 s', '3.9 s', '9.9 s', '10 s']);
  });
  it('tells how long something took, as exactly as the server does', () => {
    const span = { started_at: 100, complete_at: 103 };
    expect(took(span, 0)).toBe(3);
    expect(took({ ...span, started_at_us: 100_900_000, complete_at_us: 103_100_000 }, 0)).toBeCloseTo(2.2);
    expect(took({ started_at: 100, complete_at: null, started_at_us: 100_900_000, complete_at_us: null }, 105.5)).toBe(5);
    expect(took({ started_at: null, complete_at: null }, 105)).toBeUndefined();
    expect(spanText(span)).toBe(`${when(100)} – ${when(103)}`);
    expect(spanText({ started_at: 100, complete_at: null })).toBe(`Since ${when(100)}`);
    expect(spanText({ started_at: null, complete_at: 103 })).toBe('');
  });
  it('makes captions of words, and sentences of what a server says', () => {
    expect(['reason', 'your name', 'Branch', 'iOS', 'got_revision', 'x', ''].map(caption)).toEqual(['Reason', 'Your name', 'Branch', 'iOS', 'got_revision', 'X', '']);
    expect(['a whole number is expected', 'There is none.', 'why?', ' '].map(sentence)).toEqual(['A whole number is expected.', 'There is none.', 'Why?', '']);
  });
  it('gives how long ago', () => {
    expect([0, -30, 60, 3600, 90_000].map((s) => ago(1_000_000, 1_000_000 + s))).toEqual(['just now', 'just now', '1 min ago', '1 h ago', '1 d ago']);
  });
  it('makes links of web addresses and of places here only', () => {
    for (const url of ['https://example.org/', '#/builders/1/builds/2']) expect(safeLink(url)).toBe(url);
    for (const url of ['javascript:alert(1)', ' https://x', 'data:text/html,x', '//x', '#x', '', null]) expect(safeLink(url)).toBeUndefined();
  });
  it('shortens hashes and keeps other revisions', () => {
    expect(shortRevision('bb95f7d1331d7f59bb95')).toBe('bb95f7d133');
    expect(shortRevision('r12345')).toBe('r12345');
    expect(shortRevision(null)).toBe('');
  });
  it('writes names, counts and values', () => {
    expect(authorName('Ada Kern <ada@example.org>')).toBe('Ada Kern');
    expect(authorName('<ada@example.org>')).toBe('<ada@example.org>');
    expect([count(1, 'line'), count(2301, 'line')]).toEqual(['1 line', '2,301 lines']);
    expect([valueText('a'), valueText({ a: [1, null] }), valueText(undefined)]).toEqual(['a', '{"a":[1,null]}', '']);
  });
});

it('tells how a build, a step or a request stands', () => {
  expect(statusOf(undefined)).toBe('none');
  expect(statusOf({ complete: false, results: null })).toBe('running');
  expect(statusOf({ complete: false, results: null, started_at: null })).toBe('pending');
  expect([0, 1, 2, 3, 4, 5, 6, -1, 99].map((results) => statusOf({ complete: true, results }))).toEqual([
    'success', 'warnings', 'failure', 'skipped', 'exception', 'retry', 'cancelled', 'none', 'none',
  ]);
});

describe('language', () => {
  afterEach(async () => {
    reset();
    await speakAs('en');
  });
  it('is what the browser prefers, of what there is, or what was chosen', () => {
    expect(languageOf('auto', ['fr', 'de-AT', 'en'])).toEqual({ language: 'de', tag: 'de-AT' });
    expect(languageOf('auto', ['fr', 'xx-not a tag'])).toEqual({ language: 'en', tag: 'en' });
    expect(languageOf('auto', [])).toEqual({ language: 'en', tag: 'en' });
    expect(languageOf('de', ['en-GB', 'de-CH'])).toEqual({ language: 'de', tag: 'de-CH' });
    expect(languageOf('en', ['de'])).toEqual({ language: 'en', tag: 'en' });
  });
  it('changes numbers, lengths of time, and words', async () => {
    await speakAs('de');
    expect(document.documentElement.lang).toBe('de');
    expect([0.46, 64, 7860].map(duration)).toEqual(['0,4 s', '1 min 04 s', '2 h 11 min']);
    expect([0, 60, 90_000].map((s) => ago(1_000_000, 1_000_000 + s))).toEqual(['gerade eben', 'vor 1 min', 'vor 1 Tag']);
    expect(STATUS_WORD.failure).toBe('Fehlgeschlagen');
  });
  it('tells times in UTC where that was chosen', () => {
    choose('zone', 'utc');
    expect(when(1_700_000_000)).toBe('Nov 14, 2023, 10:13:20 PM UTC');
    expect(time(1_700_000_000)).toBe('10:13 PM');
  });
});
