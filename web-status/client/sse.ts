/** One event of a `text/event-stream`. */
export interface SseEvent {
  /** The `event:` field, `message` where it was not given. */
  event: string;
  data: string;
  /** The `id:` field of this very event, if it had one. */
  id?: string;
}

/**
 * Reads a `text/event-stream` in pieces of any size: `push` takes decoded text and gives the events that it completes.
 * Lines may end in LF, CR LF or CR, and a piece may end anywhere, also between CR and LF.
 */
export class SseParser {
  #rest = '';
  #data: string[] = [];
  #event = '';
  #id: string | undefined;
  #first = true;

  push(text: string): SseEvent[] {
    if (text === '') return [];
    if (this.#first) {
      this.#first = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    this.#rest += text;
    const events: SseEvent[] = [];
    let start = 0;
    for (;;) {
      const end = this.#lineEnd(start);
      if (end === undefined) break;
      const event = this.#line(this.#rest.slice(start, end.at));
      if (event) events.push(event);
      start = end.next;
    }
    this.#rest = this.#rest.slice(start);
    return events;
  }

  #lineEnd(start: number): { at: number; next: number } | undefined {
    const text = this.#rest;
    for (let at = start; at < text.length; at++) {
      const character = text[at];
      if (character === '\n') return { at, next: at + 1 };
      if (character !== '\r') continue;
      // A CR at the end of a piece: only the next piece tells whether an LF belongs to it.
      if (at + 1 === text.length) return undefined;
      return { at, next: text[at + 1] === '\n' ? at + 2 : at + 1 };
    }
    return undefined;
  }

  #line(line: string): SseEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    return undefined;
  }

  #dispatch(): SseEvent | undefined {
    const empty = this.#data.length === 0;
    const event: SseEvent = { event: this.#event || 'message', data: this.#data.join('\n') };
    if (this.#id !== undefined) event.id = this.#id;
    this.#data = [];
    this.#event = '';
    this.#id = undefined;
    return empty ? undefined : event;
  }
}
