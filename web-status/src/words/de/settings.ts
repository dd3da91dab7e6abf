import type { Words } from '../en/index.ts';

export const settings: Words['settings'] = {};
