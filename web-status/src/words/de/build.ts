import type { Words } from '../en/index.ts';

export const build: Words['build'] = {};
