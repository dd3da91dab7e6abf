/** A piece of text within a line. */
export type Inline =
  | { kind: 'text' | 'code'; text: string }
  | { kind: 'strong' | 'em'; parts: Inline[] }
  | { kind: 'link'; href: string; parts: Inline[] }
  | { kind: 'break' };

/** A part of a text that stands by itself. */
export type Block =
  | { kind: 'paragraph' | 'heading'; parts: Inline[] }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'code'; text: string };

const ITEM = /^ {0,3}(?:([-*+])|\d{1,9}[.)])\s+(.*)$/;
const HEADING = /^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
/** Quotes within quotes beyond this are text. */
const DEEP = 3;

/**
 * Reads the part of Markdown that descriptions are written in: paragraphs, headings, lists, quotes, code, emphasis and links.
 * What it gives is a tree to be drawn with components: markup in the text stays text, and links lead to web addresses or
 * places of this page only.
 */
export function parseMarkdown(text: string, depth = 0): Block[] {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const end = (): void => {
    if (paragraph.length > 0) blocks.push({ kind: 'paragraph', parts: parseInline(paragraph.join('\n')) });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const fence = FENCE.exec(line)?.[1];
    const heading = HEADING.exec(line)?.[1];
    if (fence !== undefined) {
      end();
      const from = at + 1;
      while (at + 1 < lines.length && !(lines[at + 1] ?? '').trimStart().startsWith(fence)) at++;
      blocks.push({ kind: 'code', text: lines.slice(from, at + 1).join('\n') });
      at++;
    } else if (line.trim() === '') end();
    else if (heading !== undefined) {
      end();
      blocks.push({ kind: 'heading', parts: parseInline(heading) });
    } else if (/^ {0,3}>/.test(line) && depth < DEEP) {
      end();
      const from = at;
      while (/^ {0,3}>/.test(lines[at + 1] ?? '')) at++;
      const inner = lines.slice(from, at + 1).map((one) => one.replace(/^ {0,3}> ?/, '')).join('\n');
      blocks.push({ kind: 'quote', blocks: parseMarkdown(inner, depth + 1) });
    } else if (ITEM.test(line)) {
      end();
      at = readList(lines, at, blocks);
    } else paragraph.push(line.trim() + (/ {2,}$|\\$/.test(line) ? '\\' : ''));
  }
  end();
  return blocks;
}

/** The first line of a description, for where there is no room for more: without marks, but for those of code. */
export function inShort(text: string, format: string | null | undefined): string {
  if (format !== 'markdown') return text.trim().split('\n')[0] ?? '';
  return shortly(parseMarkdown(text.slice(0, 1000))[0]);
}

function shortly(block: Block | undefined): string {
  if (!block) return '';
  if (block.kind === 'quote') return shortly(block.blocks[0]);
  if (block.kind === 'code') return block.text.split('\n')[0] ?? '';
  return plain(block.kind === 'list' ? (block.items[0] ?? []) : block.parts);
}

function plain(parts: readonly Inline[]): string {
  return parts.map((part) => {
    if ('parts' in part) return plain(part.parts);
    if (part.kind === 'code') return `\`${part.text}\``;
    return part.kind === 'break' ? ' ' : part.text.replaceAll('\n', ' ');
  }).join('');
}

/** Reads a list that begins at a line; gives its last line. */
function readList(lines: string[], from: number, blocks: Block[]): number {
  const ordered = ITEM.exec(lines[from] ?? '')?.[1] === undefined;
  const items: string[] = [];
  let at = from;
  for (; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const item = ITEM.exec(line);
    if (item && (item[1] === undefined) === ordered) items.push(item[2] ?? '');
    // What is indented belongs to the item above it.
    else if (!item && /^\s+\S/.test(line)) items.push(`${items.pop() ?? ''}\n${line.trim()}`);
    else break;
  }
  blocks.push({ kind: 'list', ordered, items: items.map((item) => parseInline(item)) });
  return at - 1;
}

const LINK = /^\[((?:[^\][\\]|\\.){1,500})\]\(<?([^\s()<>]{1,2000})>?(?:\s+"[^"]*")?\)/;
const AUTO = /^<(https?:\/\/[^\s<>]{1,2000})>/;
const BARE = /^https?:\/\/[^\s<>"'`]{1,2000}[^\s<>"'`.,:;!?)\]}]/;
const SAFE = /^(?:https?:\/\/|#\/)/i;
/** Emphasis within emphasis beyond this is text. */
const NESTED = 6;

/** Reads emphasis, code and links of a line. */
export function parseInline(text: string, depth = 0): Inline[] {
  const parts: Inline[] = [];
  let plain = '';
  const add = (part: Inline): void => {
    if (plain !== '') parts.push({ kind: 'text', text: plain });
    plain = '';
    parts.push(part);
  };
  for (let at = 0; at < text.length; ) {
    const found = depth < NESTED ? special(text, at, depth) : undefined;
    if (found) {
      if (found.part.kind === 'text') plain += found.part.text;
      else add(found.part);
      at += found.length;
    } else plain += text[at++] ?? '';
  }
  if (plain !== '') parts.push({ kind: 'text', text: plain });
  return parts;
}

function special(text: string, at: number, depth: number): { part: Inline; length: number } | undefined {
  const char = text[at];
  const rest = text.slice(at, at + 3000);
  if (char === '\\') {
    if (text[at + 1] === '\n' || at + 1 === text.length) return { part: { kind: 'break' }, length: 2 };
    return /[\\`*_{}[\]()#+\-.!<>|~]/.test(text[at + 1] ?? '') ? { part: { kind: 'text', text: text[at + 1] ?? '' }, length: 2 } : undefined;
  }
  if (char === '`') {
    const code = /^(`+)([^`]|[^`][^]*?[^`])\1(?!`)/.exec(rest);
    return code ? { part: { kind: 'code', text: (code[2] ?? '').replace(/^ (.+) $/, '$1') }, length: code[0].length } : undefined;
  }
  if (char === '*' || char === '_') return emphasis(text, at, rest, depth);
  if (char === '[') {
    const link = LINK.exec(rest);
    // A link to elsewhere than the web stays the text that it is.
    if (!link || !SAFE.test(link[2] ?? '')) return undefined;
    return { part: { kind: 'link', href: link[2] ?? '', parts: parseInline(link[1] ?? '', NESTED - 1) }, length: link[0].length };
  }
  if (char === '<' || (char === 'h' && !/\w/.test(text[at - 1] ?? ''))) {
    const link = char === '<' ? AUTO.exec(rest) : BARE.exec(rest);
    const href = link && (link[1] ?? link[0]);
    return link && href ? { part: { kind: 'link', href, parts: [{ kind: 'text', text: href }] }, length: link[0].length } : undefined;
  }
  return undefined;
}

function emphasis(text: string, at: number, rest: string, depth: number): { part: Inline; length: number } | undefined {
  // Names such as some_long_name are no emphasis.
  if (text[at] === '_' && /\w/.test(text[at - 1] ?? '')) return undefined;
  const found = /^(\*\*|__)(?=\S)([^]*?\S)\1/.exec(rest) ?? /^(\*|_)(?=[^\s*_])([^]*?[^\s*_]|[^\s*_])\1(?![\w*])/.exec(rest);
  if (!found) return undefined;
  return { part: { kind: found[1]?.length === 2 ? 'strong' : 'em', parts: parseInline(found[2] ?? '', depth + 1) }, length: found[0].length };
}
