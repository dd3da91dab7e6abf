import { describe, expect, it } from 'vitest';

import { inShort, parseInline, parseMarkdown, type Block, type Inline } from '../../src/lib/markdown.ts';

/** The tree in few letters, to compare it. */
const short = (parts: Inline[]): string => parts.map(one).join('');
function one(part: Inline): string {
  switch (part.kind) {
    case 'text': return part.text;
    case 'code': return `c(${part.text})`;
    case 'break': return '/';
    case 'link': return `a(${part.href} ${short(part.parts)})`;
    default: return `${part.kind}(${short(part.parts)})`;
  }
}
const outline = (blocks: Block[]): string[] =>
  blocks.map((block) => {
    if (block.kind === 'code') return `code:${block.text}`;
    if (block.kind === 'quote') return `quote[${outline(block.blocks).join()}]`;
    if (block.kind === 'list') return `${block.ordered ? 'ol' : 'ul'}:${block.items.map(short).join('|')}`;
    return `${block.kind}:${short(block.parts)}`;
  });

describe('Markdown of descriptions', () => {
  it('has paragraphs, headings, lists, quotes and code', () => {
    const text = '# A gauge\nOf *water*\nlevels.\n\n- one\n- two\n  and more\n1. first\n\n> quoted\n\n```sh\nmake <all>\n\n# no heading\n```\nend';
    expect(outline(parseMarkdown(text))).toEqual([
      'heading:A gauge', 'paragraph:Of em(water)\nlevels.', 'ul:one|two\nand more', 'ol:first', 'quote[paragraph:quoted]', 'code:make <all>\n\n# no heading', 'paragraph:end',
    ]);
  });
  it('has emphasis, code and links', () => {
    expect(short(parseInline('Run **all `make` *tests*** of [the *gauge*](https://example.org/a_b_c).'))).toContain('strong(all c(make) ');
    expect(short(parseInline('some_long_name and 2 * 3 * 4 and \\*so\\*'))).toBe('some_long_name and 2 * 3 * 4 and *so*');
    expect(short(parseInline('see https://example.org/x, or <https://example.org/?q=1>'))).toBe('see a(https://example.org/x https://example.org/x), or a(https://example.org/?q=1 https://example.org/?q=1)');
    expect(short(parseInline('[here](#/builders/1)'))).toBe('a(#/builders/1 here)');
  });
  it('makes no link of what is not of the web, and no markup of what looks like it', () => {
    for (const text of ['[x](javascript:alert(1))', '[x](data:text/html,x)', '[x](//example.org)', '[x](vbscript:x)', '<img src=x onerror=alert(1)>', '<javascript:alert(1)>', '&lt;b&gt;']) {
      expect(parseMarkdown(text)).toEqual([{ kind: 'paragraph', parts: [{ kind: 'text', text }] }]);
    }
  });
  it('takes whatever it is given, in reasonable time', () => {
    for (const text of ['', '\n', '```', '[', '*'.repeat(5000), '['.repeat(5000), '_a'.repeat(5000), '>'.repeat(3000), '`'.repeat(3001), '**a'.repeat(2000)]) {
      const from = performance.now();
      const blocks = parseMarkdown(text);
      expect(performance.now() - from).toBeLessThan(1500);
      expect(Array.isArray(blocks)).toBe(true);
    }
  });
  it('says a description in one line', () => {
    const short = (text: string): string => inShort(text, 'markdown');
    expect(short('Builds the *gauge* with `cc` for\n[all](https://x.example/) of **us**.\n\nMore of it.')).toBe('Builds the gauge with `cc` for all of us.');
    expect(short('# Gates #\ntext')).toBe('Gates');
    expect(short('- one\n- two')).toBe('one');
    expect(short('> > said')).toBe('said');
    expect(short('```\nmake\n```')).toBe('make');
    expect(short('')).toBe('');
    expect(inShort('2 * 3 * 4\nmore', null)).toBe('2 * 3 * 4');
  });
});
