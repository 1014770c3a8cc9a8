/** Types of tools.mjs, which is plain JavaScript so that it runs before anything is installed. */

export function nodeProblem(version?: string): string | null;
export function javaProblem(): string | null;
export function java21(): string | null;
export function mavenProblem(): string | null;
