import { mount } from 'svelte';

import App from './App.svelte';
import './app.css';
import { dress } from './lib/appearance.svelte.ts';
import { readConfig, type SiteConfig } from './lib/config.ts';
import { errorText } from './lib/format.ts';
import { speakAs } from './lib/language.svelte.ts';
import { readViews, wear } from './lib/outside.ts';
import { place } from './lib/place.svelte.ts';
import { confine } from './lib/policy.ts';
import { Session } from './lib/session.svelte.ts';
import { begin, settings } from './lib/settings.svelte.ts';
import Broken from './parts/Broken.svelte';
import { addViews } from './views/views.ts';

/** What the deployment says, with what it adds to the page. */
async function prepare(): Promise<SiteConfig> {
  const config = await readConfig(document.baseURI);
  confine(config.api);
  const { language } = settings;
  begin(config.settings);
  dress();
  const speaking = settings.language === language ? undefined : speakAs(settings.language);
  const theme = config.theme === undefined ? undefined : wear(config.theme);
  addViews(await readViews(config.views));
  await Promise.all([theme, speaking]);
  return config;
}

dress();
const target = document.getElementById('app');
if (target) {
  // The language at the same time: nothing is shown in another one first.
  const ready = Promise.all([prepare(), speakAs(settings.language)]);
  // As is what shows the view; where that cannot be read, its frame tells.
  Promise.resolve(place.route.view?.load()).catch(() => undefined);
  ready.then(
    ([config]) => mount(App, { target, props: { session: new Session(config) } }),
    (error: unknown) => mount(Broken, { target, props: { message: errorText(error) } }),
  );
}
