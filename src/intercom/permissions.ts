/**
 * The permissions of an app, as Intercom's Developer Hub calls them.
 *
 * Intercom documents the permissions, but not which path requires which. Its description says so for a few
 * paths; the rest is what the permissions' own descriptions and other connectors say. A refusal that names
 * the scope counts more than this table.
 */

const PEOPLE = 'Read and list users and companies';
const CONVERSATIONS = 'Read conversations';
const ADMINS = 'Read admins';
const ARTICLES = 'Read and List articles';
const TICKETS = 'Read tickets';

/** By the beginning of the route; the first that fits counts. */
const BY_ROUTE: readonly (readonly [route: string, permission: string])[] = [
  ['/admins/activity_logs', 'Read admin activity logs'],
  ['/admins', ADMINS],
  ['/teams', ADMINS],
  ['/companies', PEOPLE],
  ['/contacts', PEOPLE],
  ['/data_attributes', PEOPLE],
  ['/segments', PEOPLE],
  ['/subscription_types', PEOPLE],
  ['/conversations', CONVERSATIONS],
  ['/macros', CONVERSATIONS],
  ['/tags', 'Read tags'],
  ['/tickets', TICKETS],
  ['/ticket_types', TICKETS],
  ['/articles', ARTICLES],
  ['/help_center', ARTICLES],
];

/** The names of scopes in Intercom's API description. */
const BY_SCOPE: Readonly<Record<string, string>> = {
  read_conversations: CONVERSATIONS,
  read_articles_scope: ARTICLES,
};

/** For example "You do not have the required scope (read_conversations) to access this resource". */
const NAMED_SCOPE = /\bscope \((\w+)\)/;

/**
 * The permission that an app lacks when Intercom refuses a request with 403; `said` is the message in its
 * error list. A scope that the Developer Hub's name is not known of is named as Intercom does. Null: unknown.
 */
export function permissionFor(route: string, said: string | null): string | null {
  const scope = said === null ? undefined : NAMED_SCOPE.exec(said)?.[1];
  if (scope !== undefined) return BY_SCOPE[scope] ?? scope;
  return BY_ROUTE.find(([start]) => route === start || route.startsWith(`${start}/`))?.[1] ?? null;
}

/** Where an operator grants permissions. */
export const WHERE_TO_GRANT = 'in the Developer Hub (your app → Configure → Authentication)';

/** What an operator does about a missing permission. */
export function permissionAdvice(permission: string | null): string {
  const what = permission === null ? 'a permission for this' : `the permission "${permission}"`;
  return `the app lacks ${what}: grant it ${WHERE_TO_GRANT} and renew the token (regenerate it under Your workspaces, or run \`intercom-kafka connect\` again), or leave the table out of the connection's tables`;
}
