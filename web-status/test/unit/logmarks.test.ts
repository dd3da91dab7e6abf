import { describe, expect, it } from 'vitest';

import { MARKS, problemOf, sectionOf } from '../../src/lib/logmarks.ts';

describe('problemOf', () => {
  it.each([
    ['gauge.c:7:3: error: expected ;', 'error'],
    ['E   AssertionError: assert 4 == 5', 'error'],
    ['Traceback (most recent call last):', 'error'],
    ['make: *** [all] Error 2', 'error'],
    ['3 tests failed', 'error'],
    ['thread main panicked at src/lib.rs', 'error'],
    ['java.lang.NullPointerException', 'error'],
    ["/usr/bin/ld: undefined reference to `level'", 'error'],
    ['Segmentation fault (core dumped)', 'error'],
    ['gauge.c:7: warning: unused variable', 'warning'],
    ['npm WARN deprecated a@1', 'warning'],
    ['2 warnings generated.', 'warning'],
    ['1 warning and 1 error generated.', 'error'],
    ['0 errors, 3 warnings', 'warning'],
  ])('%s is a line of an %s', (text, problem) => {
    expect(problemOf(text)).toBe(problem);
    expect(new RegExp(MARKS, 'iu').test(text)).toBe(true);
  });
  it.each(['all is well', '0 errors, 0 warnings', '12 passed; 0 failed; 0 ignored', 'no errors found', 'failures: 0', 'cc -Werror -Wno-error=x gauge.c', 'compiling error.c', 'cc -o terror.o', '--fail-fast', '--no-warnings'])(
    '%s tells of none',
    (text) => expect(problemOf(text)).toBeUndefined(),
  );
});

describe('sectionOf', () => {
  it('knows what GitHub, GitLab and Travis print', () => {
    expect(sectionOf('::group::Install it')).toEqual({ kind: 'open', name: '', title: 'Install it', collapsed: false });
    expect(sectionOf('##[group]Run make')).toEqual({ kind: 'open', name: '', title: 'Run make', collapsed: false });
    expect(sectionOf('::endgroup::')).toEqual({ kind: 'close', name: '' });
    expect(sectionOf('##[endgroup]')).toEqual({ kind: 'close', name: '' });
    expect(sectionOf('section_start:1560896352:build.it[collapsed=true]\rBuild it')).toEqual({ kind: 'open', name: 'build.it', title: 'Build it', collapsed: true });
    expect(sectionOf('section_start:1560896352:x\r')).toEqual({ kind: 'open', name: 'x', title: 'x', collapsed: false });
    expect(sectionOf('section_end:1560896353:build.it\r')).toEqual({ kind: 'close', name: 'build.it' });
    expect(sectionOf('travis_fold:start:git.1\r')).toEqual({ kind: 'open', name: 'git.1', title: 'git.1', collapsed: false });
    expect(sectionOf('travis_fold:end:git.1')).toEqual({ kind: 'close', name: 'git.1' });
    for (const text of ['', 'group', 'x ::group::', 'section_start:x:y', 'travis_fold:middle:x']) expect(sectionOf(text)).toBeUndefined();
    for (const text of ['::group::a', '##[endgroup]', 'section_end:1:x', 'travis_fold:start:x']) expect(new RegExp(MARKS, 'iu').test(text)).toBe(true);
  });
});
