/** Versions of the API. */

/** Versions that there are; a word is the one that moves without notice. */
const KNOWN = /^(1\.[0-4]|2\.([0-9]|1[0-7])|0|Preview|Unstable)$/;

export function isKnownVersion(version: string): boolean {
  return KNOWN.test(version);
}

/** Whether one version came before another; words, and 0, come after all numbers. */
export function isBefore(version: string, other: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number);
  if (Number.isNaN(major) || major === 0) return false;
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}
