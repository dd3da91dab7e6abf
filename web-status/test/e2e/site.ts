import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** Where the built page is. */
export const DIST = join(ROOT, 'dist');
/** Where the examples are. */
export const EXAMPLES = join(ROOT, 'examples');

/** The built page as somebody deploys it: a folder with a `config.json` and files of their own. */
export class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'web-status-site-'));

  constructor(config: object) {
    cpSync(DIST, this.folder, { recursive: true });
    this.write('config.json', JSON.stringify(config));
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  /** Puts one of the examples there. */
  add(example: string, path: string): void {
    cpSync(join(EXAMPLES, example), join(this.folder, path), { recursive: true });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
