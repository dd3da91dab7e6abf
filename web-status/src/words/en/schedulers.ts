export const schedulers = {};
