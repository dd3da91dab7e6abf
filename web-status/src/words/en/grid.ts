/** The grids; the console says most of it too. */
export const grid = {
  title: 'Grid',
  titleTransposed: 'Transposed grid',
  what: 'The grid',
  label: 'Results of builders by revision',

  builders: (n: number): string => (n === 1 ? '1 builder' : `${n} builders`),
  revisions: (n: number): string => (n === 1 ? '1 revision' : `${n} revisions`),
  revision: (name: string): string => `revision ${name}`,
  latest: 'latest',
  patched: 'patched',
  noComment: '(no comment)',

  // What a cell says to those who do not see it.
  build: (number: number): string => `build ${number}`,
  builds: (n: number): string => `${n} builds`,
  waiting: (n: number): string => (n === 1 ? '1 request waits' : `${n} requests wait`),
  included: (number: number): string => `included in build ${number}`,
  nothing: 'no build',

  // Cards.
  started: (ago: string): string => `started ${ago}`,
  on: (worker: string): string => `on ${worker}`,
  includedAbout: 'There was no build of this revision alone. A later one has it in it:',
  newestShown: (n: number): string => `the newest ${n} are shown`,
  author: 'Author',
  branch: 'Branch',
  codebase: 'Codebase',
  repository: 'Repository',
  files: (n: number): string => (n === 1 ? '1 file' : `${n} files`),
  openRevision: 'Open the revision',
  moreFiles: (n: number): string => `and ${n} more`,

  // Filters.
  filters: 'Filters',
  anyBranch: 'All branches',
  anyCodebase: 'All codebases',
  noCodebase: '(none)',
  anyProject: 'All projects',
  project: 'Project',
  limit: 'Number of revisions',
  tags: 'Tags',
  tagsAbout: 'A builder has to have one of the tags that are wanted, and none of those that are not.',
  noTags: 'No builder has a tag.',
  want: (tag: string): string => `Only builders tagged ${tag}`,
  avoid: (tag: string): string => `No builders tagged ${tag}`,
  drop: (tag: string): string => `No longer filter by ${tag}`,
  without: (tag: string): string => `without ${tag}`,
  reset: 'Reset filters',
  views: 'Ways to show it',

  emptyBuilders: 'No builder matches.',
  emptyRevisions: 'Nothing was built yet of what is chosen.',
  legend: 'What the marks mean',
  legendIncluded: 'Included in a later build',
  keys: 'Arrow keys move, Enter opens the build, Space goes into the details.',
};
