import type { Words } from '../en/index.ts';

export const builder: Words['builder'] = {};
