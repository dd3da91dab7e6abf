/** Where a link of a step leads: to a build or a request of this master, as steps that trigger builds link to them. */
export type TriggerLink = { builderid: number; number: number } | { requestid: number };

/** Reads a link such as `#/builders/2/builds/7`, also with the site's address before it, or `#/buildrequests/12`. */
export function triggerLink(url: string): TriggerLink | undefined {
  const build = /#\/?builders\/(\d{1,15})\/builds\/(\d{1,15})\/?$/.exec(url);
  if (build) return { builderid: Number(build[1]), number: Number(build[2]) };
  const request = /#\/?buildrequests\/(\d{1,15})\/?$/.exec(url);
  return request ? { requestid: Number(request[1]) } : undefined;
}
