/** Cuts what a WebSocket's server sends into whole frames, behind the HTTP answer that opens it. */
export class Frames {
  /** Whether the answer is over. */
  open = false;
  #rest = Buffer.alloc(0);

  /** Takes bytes; gives those that can be passed on without cutting a frame. */
  take(bytes: Buffer): Buffer {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    let end = 0;
    if (!this.open) {
      const head = this.#rest.indexOf('\r\n\r\n');
      if (head < 0) return Buffer.alloc(0);
      this.open = true;
      end = head + 4;
    }
    for (let size = sizeAt(this.#rest, end); size !== undefined && end + size <= this.#rest.length; size = sizeAt(this.#rest, end)) end += size;
    const whole = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(end);
    return whole;
  }
}

/** The bytes of the frame that begins there; undefined while that is not known. A server's frames have no mask. */
function sizeAt(bytes: Buffer, at: number): number | undefined {
  const short = bytes[at + 1];
  if (short === undefined) return undefined;
  const length = short & 127;
  if (length < 126) return 2 + length;
  if (length === 126) return bytes.length < at + 4 ? undefined : 4 + bytes.readUInt16BE(at + 2);
  return bytes.length < at + 10 ? undefined : 10 + Number(bytes.readBigUInt64BE(at + 2));
}

/** A frame of text, as a server sends it. */
export function textFrame(text: string): Buffer {
  const body = Buffer.from(text);
  if (body.length < 126) return Buffer.concat([Buffer.from([0x81, body.length]), body]);
  const head = Buffer.alloc(4);
  head[0] = 0x81;
  head[1] = 126;
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}
