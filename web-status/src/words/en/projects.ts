/** Projects, and one with its builders. */
export const projects = {
  title: 'Projects',
  project: 'Project',
  thing: 'The projects',
  thisOne: 'This project',
  none: 'No project is configured.',
  noneOf: 'No project matches.',
  search: 'Filter by name',
  stands: 'How it stands',
  running: 'Running',
  failing: (n: number) => (n === 1 ? '1 builder failing' : `${n} builders failing`),
  fine: 'All well',
};
