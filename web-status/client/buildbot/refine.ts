import { row, type Row } from './rows.ts';
import { kindOf, type Told } from './topics.ts';

/** Milliseconds in which such events are gathered: a master that starts tells of each builder by itself. */
const GATHER = 100;

/** Kinds whose rows Buildbot does not tell whole when they start and stop -> the field that tells them apart. */
const PARTIAL: Record<string, string> = { builders: 'builderid', masters: 'masterid' };

/** What `refiner` needs of those around it. */
export interface Around {
  put: (event: Told) => void;
  list: (resource: 'builders' | 'masters') => Promise<Row[]>;
}

/** Puts events in Weir's words: the resource after it, whole. What Buildbot tells in part comes once it was read. */
export function refiner(around: Around): (event: Told) => Told | undefined {
  const waiting = new Map<string, Map<number, Told>>();

  async function readAll(kind: 'builders' | 'masters'): Promise<void> {
    const events = waiting.get(kind);
    waiting.delete(kind);
    try {
      for (const whole of await around.list(kind)) {
        const event = events?.get(whole[PARTIAL[kind] ?? ''] as number);
        if (event) around.put({ key: event.key, message: whole });
      }
    } catch {
      // It is not there to be asked: when it is back, all is read again.
    }
  }

  return (event) => {
    const kind = kindOf(event.key);
    const verb = event.key.at(-1);
    const field = PARTIAL[kind];
    if (field === undefined || (verb !== 'started' && verb !== 'stopped')) {
      return { key: event.key, message: kind === 'properties' ? event.message : row(kind, event.message) };
    }
    const gathered = waiting.get(kind);
    if (gathered) gathered.set(event.message[field] as number, event);
    else {
      waiting.set(kind, new Map([[event.message[field] as number, event]]));
      setTimeout(() => void readAll(kind as 'builders' | 'masters'), GATHER);
    }
    return undefined;
  };
}
