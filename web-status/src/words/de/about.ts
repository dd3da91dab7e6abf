import type { Words } from '../en/index.ts';

export const about: Words['about'] = {};
