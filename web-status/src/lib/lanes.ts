/** Runs `work` for each item, few at a time: a page never asks the master for everything at once. */
export async function inLanes<T>(items: T[], work: (item: T) => Promise<void>, width = 4): Promise<void> {
  const rest = [...items];
  const lane = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
}

/** Gives what runs works in the order in which it is given them, few at a time. */
export function lanes(width = 4): <T>(work: () => Promise<T>) => Promise<T> {
  let busy = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    // Whoever leaves a lane hands it on.
    if (busy < width) busy++;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else busy--;
    }
  };
}
