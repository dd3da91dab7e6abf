/** What the browser remembers under a key; undefined where it remembers nothing, or may not. */
export function recall(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Lets the browser remember a text, or forget it. Where storage is forbidden, this does nothing. */
export function remember(key: string, text: string | undefined): void {
  try {
    if (text === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {
    // The choice lasts as long as the page.
  }
}
