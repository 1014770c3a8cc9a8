/** Types of node-versions.mjs, which is plain JavaScript so that any Node runs it as it is. */

export const OTHER_VERSIONS: readonly string[];
export const hasOtherVersions: boolean;
export function nodeBinary(version: string): string;
