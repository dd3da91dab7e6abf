import { MediaQuery } from 'svelte/reactivity';

import { settings } from './settings.svelte.ts';

const more = new MediaQuery('prefers-contrast: more');

/** Dresses the page as the reader chose, by attributes that app.css and a deployer's own theme go by; in an effect it follows the choice. */
export function dress(): void {
  const { theme, palette, density } = settings;
  const { dataset } = document.documentElement;
  dataset['theme'] = theme === 'contrast' ? 'system' : theme;
  dataset['contrast'] = theme === 'contrast' || (theme === 'system' && more.current) ? 'more' : 'usual';
  dataset['palette'] = palette;
  dataset['density'] = density;
}
