/** Runs `work` for each item, few at a time: a page never asks the master for everything at once. */
export async function inLanes<T>(items: T[], work: (item: T) => Promise<void>, width = 4): Promise<void> {
  const rest = [...items];
  const lane = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
}
