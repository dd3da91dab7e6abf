/** Forms that begin builds, and dialogs that end something. */
export const force = {
  asking: 'Asking…',
  start: 'Start build',
  required: 'required',
  optional: '(optional)',
  reason: 'Reason',
  noReason: 'asked for on the web page',
  username: 'Name <name@example.org>',
  needed: 'A value is required.',
  noNumber: 'This must be a whole number.',
  tooLong: (most: number) => `At most ${most} characters.`,
};
