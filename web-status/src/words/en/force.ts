export const force = {};
