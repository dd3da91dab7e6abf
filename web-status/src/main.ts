import { mount } from 'svelte';

import App from './App.svelte';
import './app.css';
import { readConfig } from './lib/config.ts';
import { errorText } from './lib/format.ts';
import { speakAs } from './lib/language.svelte.ts';
import { Session } from './lib/session.svelte.ts';
import { settings } from './lib/settings.svelte.ts';
import Broken from './parts/Broken.svelte';

const target = document.getElementById('app');
if (target) {
  // The language at the same time: nothing is shown in another one first.
  const ready = Promise.all([readConfig(document.baseURI), speakAs(settings.language)]);
  ready.then(
    ([config]) => mount(App, { target, props: { session: new Session(config) } }),
    (error: unknown) => mount(Broken, { target, props: { message: errorText(error) } }),
  );
}
