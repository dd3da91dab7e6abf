const MOST = 4000;

/** Writes texts that may be too long for their place. What fits is measured once for each text, font and width. */
export class Texts {
  readonly #to: CanvasRenderingContext2D;
  readonly #cut = new Map<string, string>();

  constructor(to: CanvasRenderingContext2D) {
    this.#to = to;
  }

  /** Where `text` is too long, `shorter` is written. */
  write(text: string, x: number, y: number, width: number, font: string, shorter = text): void {
    if (width < 6 || text === '') return;
    if (this.#to.font !== font) this.#to.font = font;
    const whole = this.#fitting(text, Math.floor(width), font);
    this.#to.fillText(whole === text ? whole : this.#fitting(shorter, Math.floor(width), font), x, y);
  }

  #fitting(text: string, width: number, font: string): string {
    const key = `${font} ${width} ${text}`;
    const known = this.#cut.get(key);
    if (known !== undefined) return known;
    if (this.#cut.size >= MOST) this.#cut.clear();
    const cut = fitting(text, width, (part) => this.#to.measureText(part).width);
    this.#cut.set(key, cut);
    return cut;
  }
}

/** The text, or as much of its beginning as fits with dots behind it; nothing where not even that fits. */
export function fitting(text: string, width: number, measure: (text: string) => number): string {
  // What is far too long is not measured whole.
  const near = text.length > width ? text.slice(0, Math.max(1, Math.floor(width))) : text;
  if (near === text && measure(text) <= width) return text;
  let [low, high] = [0, near.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(`${near.slice(0, middle)}…`) <= width) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : `${near.slice(0, low).trimEnd()}…`;
}
