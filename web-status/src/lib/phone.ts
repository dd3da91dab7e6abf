import { MediaQuery } from 'svelte/reactivity';

/** Whether the page is as narrow as a phone: what stands elsewhere there is drawn once, not hidden. */
export const phone = new MediaQuery('max-width: 700px');
