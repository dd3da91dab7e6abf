import type { End } from './watched.svelte.ts';

/** Whether the browser may notify: `absent` where it cannot, as on pages without TLS. */
export function permission(): NotificationPermission | 'absent' {
  return 'Notification' in window ? Notification.permission : 'absent';
}

/** Asks the reader whether the browser may notify. Only in answer to a click: browsers ignore it otherwise. */
export async function askPermission(): Promise<NotificationPermission | 'absent'> {
  if (permission() === 'default') await Notification.requestPermission().catch(() => undefined);
  return permission();
}

/** Lets the browser tell of an end while the reader is elsewhere; false where it cannot. */
export function notify(end: End, title: string, open: () => void): boolean {
  if (permission() !== 'granted') return false;
  try {
    // One for each build, however many tabs tell it.
    const told = new Notification(title, { body: end.build.state_string, tag: `weir-build-${end.build.buildid}`, icon: iconOf(end.status) });
    told.onclick = () => {
      window.focus();
      open();
      told.close();
    };
    return true;
  } catch {
    // Some phones have notifications for installed pages only.
    return false;
  }
}

const BADGED = ['failure', 'exception', 'running', 'warnings', 'success'];

/** The page's icon with the mark of a status, or without. */
export function iconOf(status: string | undefined): string {
  return new URL(status !== undefined && BADGED.includes(status) ? `icon-${status}.svg` : 'icon.svg', document.baseURI).href;
}

/** Gives the page's tab that icon. */
export function showIcon(status: string | undefined): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  const href = iconOf(status);
  if (link && link.href !== href) link.href = href;
}
