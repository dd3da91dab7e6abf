import { createContext } from 'svelte';

import type { Session } from './session.svelte.ts';

/** The session of the page. */
export const [getSession, setSession] = createContext<Session>();
