import { describe, expect, it } from 'vitest';

import type { ForceField } from '../../client/index.ts';
import { check, defaults, leaves, sortErrors } from '../../src/lib/force.ts';
import { FIELDS } from '../mock/seed.ts';

const field = (name: string, more: Partial<ForceField> = {}): ForceField => ({
  name, fullName: name, label: name, tablabel: name, type: 'text', tooltip: '', default: '', required: false, multiple: false, hide: false, maxsize: null, ...more,
});

describe('defaults', () => {
  it('gives every leaf its value under its full name, and leaves out groups and fixed fields', () => {
    const fields = [
      field('group', { type: 'nested', fullName: null, fields: [field('branch', { fullName: 'lib_branch', default: 'main' })] }),
      field('fix', { type: 'fixed', default: 'x' }), field('n', { type: 'int', default: 5 }), field('b', { type: 'bool', default: true }),
      field('none', { default: null }),
    ];
    expect(leaves(fields).map((one) => one.name)).toEqual(['branch', 'n', 'b', 'none']);
    expect(defaults(fields)).toEqual({ lib_branch: 'main', n: '5', b: true, none: '' });
  });
  it('takes the first choice where a strict list has no such default', () => {
    const choices = ['debug', 'release'];
    expect(defaults([field('a', { type: 'list', choices, strict: true })])).toEqual({ a: 'debug' });
    expect(defaults([field('a', { type: 'list', choices, strict: false, default: 'mine' })])).toEqual({ a: 'mine' });
    expect(defaults([field('a', { type: 'list', choices, multiple: true, default: 'debug' })])).toEqual({ a: ['debug'] });
    expect(defaults([field('a', { type: 'list', choices, multiple: true, default: '' })])).toEqual({ a: [] });
  });
});

describe('check', () => {
  it('finds what is missing, no number, or too long, by full name', () => {
    const fields = [
      field('reason', { required: true }), field('n', { type: 'int' }), field('m', { type: 'int' }), field('s', { maxsize: 3 }),
      field('b', { type: 'bool', required: true }), field('hidden', { required: true, hide: true }),
    ];
    const errors = check(fields, { reason: '  ', n: '1.5', m: '-7', s: 'long', b: false });
    expect(Object.keys(errors)).toEqual(['reason', 'n', 's']);
  });
  it('finds nothing wrong with what a form begins with', () => {
    expect(check(FIELDS, defaults(FIELDS))).toEqual({});
  });
});

describe('sortErrors', () => {
  it('puts errors beside the fields in sight, and the others into words', () => {
    const fields = [field('branch'), field('token', { hide: true })];
    expect(sortErrors(fields, { branch: 'No such branch.', token: 'Expired.', '': 'Closed.' })).toEqual({
      beside: { branch: 'No such branch.' }, rest: 'token: Expired. Closed.',
    });
  });
});
