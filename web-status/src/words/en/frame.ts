export const frame = {
  builders: 'Builders',
  changes: 'Changes',
  main: 'Main',
  skip: 'Skip to content',
  workers: 'Workers',
};
