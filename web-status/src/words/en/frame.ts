/** What surrounds the views, and what every view may have to say. */
export const frame = {
  // The names of views, in the navigation and the settings.
  about: 'About',
  builders: 'Builders',
  changes: 'Changes',
  console: 'Console',
  grid: 'Grid',
  home: 'Home',
  masters: 'Masters',
  projects: 'Projects',
  requests: 'Requests',
  schedulers: 'Schedulers',
  settings: 'Settings',
  tgrid: 'Transposed grid',
  waterfall: 'Waterfall',
  workers: 'Workers',

  main: 'Main',
  menu: 'Menu',
  more: 'More',
  skip: 'Skip to content',

  // What is wrong, and the ways out.
  again: 'Try again',
  brokenStart: 'This page cannot start',
  brokenPanel: 'This part of the page could not be shown',
  brokenView: 'This page could not be shown',
  brokenAbout: 'It is a fault of the page, not of the builds. The others go on.',
  reload: 'Reload the page',
  loadFailed: 'This page could not be loaded',
  loadFailedAbout: 'The web status may have been replaced by another version since it was opened, or the network is gone. Reloading gets what there is now.',
};
