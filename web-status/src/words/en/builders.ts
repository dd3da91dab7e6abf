export const builders = {};
