import { Client, isRefused } from '../../client/index.ts';
import type { SiteConfig } from './config.ts';
import { recall, remember } from './storage.ts';

/** The master that this page shows, and the reader's API token for it. */
export class Session {
  readonly client: Client;
  readonly title: string;
  /** Why the sign-in dialog is open; undefined while it is closed. */
  asked: string | undefined = $state();
  #token: string | undefined = $state();
  readonly #key: string;
  #waiting: ((signed: boolean) => void)[] = [];

  constructor(config: SiteConfig) {
    this.title = config.title;
    // By master: a token is never shown to another one.
    this.#key = `weir-token:${config.api}`;
    this.#token = recall(this.#key);
    this.client = new Client({ base: config.api, token: () => this.#token });
  }

  get signedIn(): boolean {
    return this.#token !== undefined;
  }

  /** Opens the sign-in dialog; true once a token was given, false where the reader gave none. */
  ask(why: string): Promise<boolean> {
    this.asked = why;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Closes the dialog with a token, or as it was. */
  answer(token: string | undefined): void {
    if (token !== undefined) this.#use(token);
    this.asked = undefined;
    for (const resolve of this.#waiting.splice(0)) resolve(token !== undefined);
  }

  signOut(): void {
    this.#use(undefined);
    this.answer(undefined);
  }

  /** Carries out a command; where the server refuses it, asks for a token and tries again. */
  async act<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isRefused(error) || !(await this.ask(error.message))) throw error;
      }
    }
  }

  #use(token: string | undefined): void {
    this.#token = token;
    remember(this.#key, token);
  }
}
