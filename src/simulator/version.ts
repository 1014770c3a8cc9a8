/** What the `Intercom-Version` of a request means. */

/** Whether a version is older than 2.`minor`. Version 0 is the preview, which is ahead of them all. */
export function isBefore(version: string, minor: number): boolean {
  if (version === '0') return false;
  const [first = 2, second = 0] = version.split('.').map(Number);
  return first < 2 || (first === 2 && second < minor);
}
