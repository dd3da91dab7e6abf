import type { ConsoleMessage, Page, Request } from 'playwright-core';

/** A page with everything in it that must not go wrong without being seen. */
export class Watched {
  readonly page: Page;
  /** What the console and the page's script complained about, and what its security policy forbade. */
  readonly problems: string[] = [];
  /** Requests since the page was opened, in order. */
  readonly requests: Request[] = [];
  /** How often a document was loaded. */
  loads = 0;
  readonly #allowed: { url: string; status: number }[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('domcontentloaded', () => this.loads++);
    page.on('request', (request) => this.requests.push(request));
    page.on('pageerror', (error) => this.problems.push(String(error)));
    page.on('console', (message) => this.#said(message));
  }

  /** Opens an address; the policy's violations are told by the page itself. */
  async open(url: string): Promise<void> {
    await this.page.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        // eslint-disable-next-line no-console -- the console is what the test listens to
        console.error(`Forbidden by ${event.violatedDirective}: ${event.blockedURI}`);
      });
    });
    await this.page.goto(url);
  }

  /** The browser itself notes an answer such as HTTP 400: for this address that is what is expected, once. */
  allowRefusal(url: string, status = 400): void {
    this.#allowed.push({ url, status });
  }

  #said(message: ConsoleMessage): void {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    const { url } = message.location();
    const allowed = this.#allowed.findIndex((one) => one.url === url && message.text().includes(`status of ${one.status}`));
    if (allowed >= 0) this.#allowed.splice(allowed, 1);
    else this.problems.push(`${message.text()} (${url})`);
  }
}
