import { digits } from '../digits.ts';

/** Changes, and one change with its builds. */
export const changes = {
  title: 'Changes',
  thing: 'The changes',
  thisOne: 'This change',
  none: 'No change has been seen yet.',
  noneOf: 'No change matches.',
  filter: 'Filter the changes',
  filters: { author: 'Author', comments: 'Comment', branch: 'Branch', codebase: 'Codebase', project: 'Project' },
  older: 'Older changes',
  revision: 'Revision',
  author: 'Author',
  when: 'When',
  facts: { branch: 'Branch', codebase: 'Codebase', project: 'Project', repository: 'Repository', category: 'Category' },
  files: (n: number) => (n === 1 ? '1 file' : `${digits(n, 'en')} files`),
  builds: 'Builds of this change',
  noBuilds: 'Nothing has been built of this change yet.',
  show: 'Its builds',
};
