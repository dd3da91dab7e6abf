/**
 * Writes `client/document.ts`: the schemas of the JSON API's OpenAPI document as types.
 * With `--check` it writes nothing, and fails if the file is not what it would write.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const source = new URL('../../proto/baseline/weir.api.v2.json', import.meta.url);
const target = new URL('../client/document.ts', import.meta.url);

const HEAD = `/**
 * The schemas of the JSON API, as its OpenAPI document has them. Written by \`npm run types\`.
 */
`;

const name = (text) => (/^[A-Za-z_]\w*$/.test(text) ? text : JSON.stringify(text));
const literal = (value) => (typeof value === 'string' ? `'${value}'` : JSON.stringify(value));

/** The type of an object: its fields, and those whose names are not known. */
function object(schema) {
  const required = schema.required ?? [];
  const fields = Object.entries(schema.properties ?? {}).map(
    ([field, of]) => `${name(field)}${required.includes(field) ? '' : '?'}: ${type(of)}`,
  );
  const more = schema.additionalProperties;
  if (fields.length === 0) return `Record<string, ${more ? type(more) : 'unknown'}>`;
  const known = `{ ${fields.join('; ')} }`;
  if (!more) return known;
  // An index has the type of every field: of what is known, and of what is further there.
  const types = [...Object.values(schema.properties), more].map(type);
  return `${known} & Record<string, ${types.includes('unknown') ? 'unknown' : [...new Set(types)].join(' | ')}>`;
}

function array(schema) {
  if (schema.prefixItems) return `[${schema.prefixItems.map(type).join(', ')}]`;
  const of = type(schema.items ?? {});
  return /^\w+$/.test(of) ? `${of}[]` : `(${of})[]`;
}

function plain(kind, schema) {
  switch (kind) {
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return array(schema);
    case 'object':
      return object(schema);
    default:
      return kind;
  }
}

/** The type of a schema; `unknown` if it says nothing. */
function type(schema) {
  if (schema.$ref) return schema.$ref.split('/').pop();
  if ('const' in schema) return literal(schema.const);
  if (schema.enum) return schema.enum.map(literal).join(' | ');
  const several = schema.oneOf ?? schema.anyOf;
  if (several) return several.map(type).join(' | ');
  if (!schema.type) return 'unknown';
  return [schema.type].flat().map((kind) => plain(kind, schema)).join(' | ');
}

/** All schemas that an answer or an event can hold. Filters are no objects: they are parameters. */
function text(document) {
  const schemas = Object.entries(document.components.schemas).filter(([key]) => !key.endsWith('Filter'));
  return HEAD + schemas.map(([key, schema]) => `\nexport type ${key} = ${type(schema)};\n`).join('');
}

const wanted = text(JSON.parse(readFileSync(source, 'utf8')));
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== wanted) {
    process.stderr.write('client/document.ts is not what the OpenAPI document says; `npm run types` writes it anew.\n');
    process.exit(1);
  }
} else {
  writeFileSync(target, wanted);
}
