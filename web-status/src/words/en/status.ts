/** How builds, steps and requests stand. */
export const status = {
  success: 'Success',
  warnings: 'Warnings',
  failure: 'Failed',
  skipped: 'Skipped',
  exception: 'Exception',
  retry: 'Retry',
  cancelled: 'Cancelled',
  running: 'Running',
  pending: 'Waiting',
  none: 'No builds',
};
