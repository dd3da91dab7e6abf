import type { Words } from '../en/index.ts';

export const projects: Words['projects'] = {};
