import type { ForceField } from '../../client/index.ts';
import { words } from '../words/words.svelte.ts';
import { sentence } from './format.ts';

/** The values of a force form by full name, as the command takes them. */
export type Values = Record<string, string | boolean | string[]>;

/** All fields that carry a value; groups are opened, fixed ones are the server's own. */
export function leaves(fields: ForceField[]): ForceField[] {
  return fields.flatMap((field) => (field.type === 'nested' ? leaves(field.fields ?? []) : field.type === 'fixed' ? [] : [field]));
}

/** What a form begins with. */
export function defaults(fields: ForceField[]): Values {
  const values: Values = {};
  for (const field of leaves(fields)) {
    const value = field.default;
    if (field.type === 'bool') values[keyOf(field)] = value === true;
    else if (field.multiple) values[keyOf(field)] = several(value);
    else values[keyOf(field)] = first(field, Array.isArray(value) ? (value[0] as unknown) : value);
  }
  return values;
}

function several(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return value === '' || value === null || value === undefined ? [] : [String(value)];
}

function first(field: ForceField, value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  // A strict choice always has one of its values, as the select element shows it.
  if (field.type === 'list' && field.strict !== false && !(field.choices ?? []).includes(text)) return field.choices?.[0] ?? '';
  return text;
}

/** The name under which a field's value is sent. */
export function keyOf(field: ForceField): string {
  return field.fullName ?? field.name;
}

/** What can be told to be wrong before asking the server; by full name. */
export function check(fields: ForceField[], values: Values): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const field of leaves(fields)) {
    const value = values[keyOf(field)];
    const text = Array.isArray(value) ? value.join('') : String(value ?? '');
    if (field.type === 'bool' || field.hide) continue;
    if (field.required && text.trim() === '') errors[keyOf(field)] = words.force.needed;
    else if (field.type === 'int' && text !== '' && !/^[+-]?\d+$/.test(text.trim())) errors[keyOf(field)] = words.force.noNumber;
    else if (field.maxsize !== null && text.length > field.maxsize) errors[keyOf(field)] = words.force.tooLong(field.maxsize);
  }
  return errors;
}

/** Parts the server's errors into those that stand beside a field in sight and a sentence of the others. */
export function sortErrors(fields: ForceField[], errors: Record<string, string>): { beside: Record<string, string>; rest: string } {
  const shown = new Set(leaves(fields).filter((field) => !field.hide).map(keyOf));
  const beside = Object.fromEntries(Object.entries(errors).filter(([name]) => shown.has(name)).map(([name, text]) => [name, sentence(text)]));
  const rest = Object.entries(errors).filter(([name]) => !shown.has(name)).map(([name, text]) => (name === '' ? sentence(text) : `${name}: ${sentence(text)}`));
  return { beside, rest: rest.join(' ') };
}
