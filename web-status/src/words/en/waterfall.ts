export const waterfall = {};
