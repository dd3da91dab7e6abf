import type { Build, BuildRequest, Step } from '../../client/index.ts';

/** Where a link of a step leads: to a build or a request of this master, as steps that trigger builds link to them. */
export type TriggerLink = { builderid: number; number: number } | { requestid: number };

/** Reads a link such as `#/builders/2/builds/7`, also with the site's address before it, or `#/buildrequests/12`. */
export function triggerLink(url: string): TriggerLink | undefined {
  const build = /#\/?builders\/(\d{1,15})\/builds\/(\d{1,15})\/?$/.exec(url);
  if (build) return { builderid: Number(build[1]), number: Number(build[2]) };
  const request = /#\/?buildrequests\/(\d{1,15})\/?$/.exec(url);
  return request ? { requestid: Number(request[1]) } : undefined;
}

/** A build that another one triggered, or its request as long as it has none. */
export interface Child {
  key: string;
  build: Build | undefined;
  request: BuildRequest | undefined;
}

/** Parts triggered builds by the step that links to them; `rest` are those that none does. */
export function byStep(children: readonly Child[], steps: readonly Step[]): { steps: Map<number, Child[]>; rest: Child[] } {
  const rest = new Set(children);
  const found = new Map<number, Child[]>();
  for (const step of steps) {
    const links = step.urls.flatMap(({ url }) => triggerLink(url) ?? []);
    const mine = [...rest].filter((child) => links.some((link) => leadsTo(link, child)));
    for (const child of mine) rest.delete(child);
    if (mine.length > 0) found.set(step.stepid, mine);
  }
  return { steps: found, rest: [...rest] };
}

function leadsTo(link: TriggerLink, { build, request }: Child): boolean {
  if ('requestid' in link) return link.requestid === (request ?? build)?.buildrequestid;
  return link.builderid === build?.builderid && link.number === build.number;
}
