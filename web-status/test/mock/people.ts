import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

const COOKIE = 'weir_session';

/** Who may sign in with name and password, and who has. */
export class People {
  readonly #passwords: Record<string, string>;
  readonly #sessions = new Map<string, string>();

  constructor(passwords: Record<string, string>) {
    this.#passwords = passwords;
  }

  /** Ends all sessions, as when the passwords are others. */
  expire(): void {
    this.#sessions.clear();
  }

  /** Whose session a request is of: undefined where it has none, null where it is nobody's. */
  of(request: IncomingMessage): string | null | undefined {
    const id = new RegExp(`${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1];
    return id === undefined ? undefined : (this.#sessions.get(id) ?? null);
  }

  /** What `config` says of signing in, and of whoever asks. */
  config(request: IncomingMessage): Record<string, unknown> {
    const name = this.of(request);
    const auth = { name: Object.keys(this.#passwords).length > 0 ? 'UserPasswordAuth' : 'NoAuth' };
    const user = name ? { anonymous: false, username: name, full_name: `${name} Kern`, email: `${name}@example.org`, groups: ['pumps'], roles: [] } : { anonymous: true };
    return { auth, user };
  }

  /** `/auth/login` and `/auth/logout`. */
  async handle(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path === '/auth/logout') return void response.writeHead(303, { Location: '/', 'Set-Cookie': `${COOKIE}=; Path=/; Max-Age=0; HttpOnly` }).end();
    let text = '';
    for await (const piece of request) text += String(piece);
    const { username, password } = JSON.parse(text) as { username: string; password: string };
    if (this.#passwords[username] !== password) {
      const error = JSON.stringify({ error: 'there is no such user with this password', code: 'unauthenticated' });
      return void response.writeHead(401, { 'Content-Type': 'application/json' }).end(error);
    }
    const id = randomUUID();
    this.#sessions.set(id, username);
    response.writeHead(200, { 'Content-Type': 'application/json', 'Set-Cookie': `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax` }).end('{}');
  }
}
