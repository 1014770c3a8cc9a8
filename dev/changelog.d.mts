/** Types of changelog.mjs, which is plain JavaScript so that it runs before anything is installed. */

export function notesOf(changelog: string, version: string): string;
