/**
 * Lets the page talk to its own site and to the API's, and to nobody else. The page's file allows every address, since only
 * `config.json` tells where the API is; a browser holds to both.
 */
export function confine(api: string): void {
  const { origin } = new URL(api);
  const meta = Object.assign(document.createElement('meta'), {
    httpEquiv: 'Content-Security-Policy',
    content: `connect-src 'self' ${origin} ${origin.replace(/^http/, 'ws')}`,
  });
  document.head.append(meta);
}
