import { mount } from 'svelte';

import App from './App.svelte';
import './app.css';
import { readConfig } from './lib/config.ts';
import { errorText } from './lib/format.ts';
import { Session } from './lib/session.svelte.ts';
import Broken from './parts/Broken.svelte';

const target = document.getElementById('app');
if (target) {
  readConfig(document.baseURI).then(
    (config) => mount(App, { target, props: { session: new Session(config) } }),
    (error: unknown) => mount(Broken, { target, props: { message: errorText(error) } }),
  );
}
