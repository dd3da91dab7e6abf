import { Client, isRefused, WEIR, type Capabilities } from '../../client/index.ts';
import type { SiteConfig } from './config.ts';
import { isOwnSite, readSite, signIn, signInAsAsked, signOut, type Site } from './site.ts';
import { recall, remember } from './storage.ts';

/** Ways to sign in, by Buildbot's names, that want name and password; its `HTPasswdAuth` takes them in the same way. */
const BY_PASSWORD = new Set(['UserPasswordAuth', 'HTPasswdAuth']);

/** The master that this page shows, and who its reader is for it: by an API token, or by a session of name and password. */
export class Session {
  readonly client: Client;
  readonly title: string;
  /** Why the sign-in dialog is open; undefined while it is closed. */
  asked: string | undefined = $state();
  /** What the server says of itself and of the reader; undefined until it has. */
  site: Site | undefined = $state.raw();
  /** The server takes what the reader signed in with for nobody's any more. */
  expired = $state(false);
  /** Counts how often the reader became somebody else: what is shown has to be read again then. */
  turn = $state(0);
  /** What the master can do; views leave out what it cannot. */
  capabilities: Capabilities = $state.raw(WEIR);
  #token: string | undefined = $state();
  readonly #key: string;
  #waiting: ((signed: boolean) => void)[] = [];

  constructor(config: SiteConfig) {
    this.title = config.title;
    // By master: a token is never shown to another one.
    this.#key = `weir-token:${config.api}`;
    this.#token = recall(this.#key);
    this.client = new Client({
      base: config.api,
      token: () => this.#token,
      master: config.master ?? 'ask',
      onCapabilities: (capabilities) => (this.capabilities = capabilities),
    });
    this.capabilities = this.client.capabilities;
  }

  /** What another tab does to the token holds here too; gives what ends that. */
  listen(): () => void {
    const heard = (event: StorageEvent): void => {
      if (event.key === this.#key) this.#become(event.newValue ?? undefined);
    };
    addEventListener('storage', heard);
    return () => removeEventListener('storage', heard);
  }

  /** Whether the server was given something to know the reader by. */
  get signedIn(): boolean {
    return this.#token !== undefined || this.site?.who.anonymous === false;
  }

  /** Who the reader is, where the server knows. */
  get name(): string | undefined {
    const who = this.site?.who;
    return who && !who.anonymous ? who.full_name || who.username || who.email || undefined : undefined;
  }

  /** Whether one can sign in with name and password: its cookie is for the server's own pages only. */
  get byPassword(): boolean {
    return BY_PASSWORD.has(this.site?.auth ?? '') && isOwnSite(this.client.base);
  }

  /** The page of the server's own on which one signs in, where there is no other way. */
  get signInPage(): string | undefined {
    if (this.capabilities.tokens || this.byPassword || !isOwnSite(this.client.base)) return undefined;
    return this.site && this.site.auth !== '' && this.site.auth !== 'NoAuth' ? `${this.client.base}auth/login` : undefined;
  }

  /** Asks the server who the reader is. */
  async identify(): Promise<void> {
    // Buildbot tells that to its own pages only.
    if (!this.capabilities.tokens && !isOwnSite(this.client.base)) return;
    try {
      this.site = await readSite(this.client.base, this.#token);
      this.expired = false;
    } catch (error) {
      // Where it cannot be reached, the view says so.
      if (isRefused(error)) this.refused(error.status);
    }
  }

  /** Takes note of a refusal: 401 to somebody who has signed in says that it holds no more. */
  refused(status: number): void {
    if (status === 401 && this.signedIn) this.expired = true;
  }

  /** Opens the sign-in dialog; true once the reader has signed in, false where they did not. */
  ask(why: string): Promise<boolean> {
    this.asked = why;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Closes the dialog with a token, or as it was. */
  answer(token: string | undefined): void {
    if (token !== undefined) {
      remember(this.#key, token);
      this.#become(token);
    }
    this.#close(token !== undefined);
  }

  /** Closes the dialog after the reader has signed in elsewhere. */
  returned(): void {
    this.#become(undefined);
    this.#close(true);
  }

  /** Begins a session, and closes the dialog; an error says why not. */
  async signIn(username: string, password: string): Promise<void> {
    await (this.capabilities.tokens ? signIn : signInAsAsked)(this.client.base, username, password);
    // A token would go before the session.
    remember(this.#key, undefined);
    this.#become(undefined);
    this.#close(true);
  }

  /** Forgets the token, and ends the session. */
  async signOut(): Promise<void> {
    remember(this.#key, undefined);
    this.#close(false);
    if (this.site?.who.anonymous === false || (this.expired && this.#token === undefined)) await signOut(this.client.base);
    this.#become(undefined);
  }

  /** Carries out a command; where the server refuses it, asks who the reader is and tries again. */
  async act<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isRefused(error)) throw error;
        this.refused(error.status);
        if (!(await this.ask(error.message))) throw error;
      }
    }
  }

  #become(token: string | undefined): void {
    this.#token = token;
    this.site = this.site && { ...this.site, who: { anonymous: true } };
    this.expired = false;
    this.turn++;
    void this.identify();
  }

  #close(signed: boolean): void {
    this.asked = undefined;
    for (const resolve of this.#waiting.splice(0)) resolve(signed);
  }
}
