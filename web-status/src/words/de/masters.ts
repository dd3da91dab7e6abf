import type { Words } from '../en/index.ts';

export const masters: Words['masters'] = {};
