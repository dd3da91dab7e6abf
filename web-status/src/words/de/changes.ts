import type { Words } from '../en/index.ts';

export const changes: Words['changes'] = {};
