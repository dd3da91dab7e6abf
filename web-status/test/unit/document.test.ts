import { execFileSync } from 'node:child_process';

import { expect, test } from 'vitest';

test("the document's types are those of the OpenAPI document", () => {
  const script = 'scripts/document-types.mjs';
  expect(() => execFileSync('node', [script, '--check'], { stdio: 'pipe' })).not.toThrow();
});
