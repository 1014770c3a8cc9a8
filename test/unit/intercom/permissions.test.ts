/** Which permission is named for a refused request. */

import { expect, it } from 'vitest';
import { permissionAdvice, permissionFor } from '../../../src/intercom/permissions.js';

const scope = (name: string) => `You do not have the required scope (${name}) to access this resource`;

it.each([
  ['/tickets/search', null, 'Read tickets'],
  ['/tickets/{id}', 'Forbidden', 'Read tickets'],
  ['/ticket_types', null, 'Read tickets'],
  ['/admins', null, 'Read admins'],
  ['/admins/activity_logs', null, 'Read admin activity logs'],
  ['/contacts/{id}/tags', null, 'Read and list users and companies'],
  ['/companies/scroll', null, 'Read and list users and companies'],
  ['/conversations/{id}', null, 'Read conversations'],
  ['/help_center/collections', null, 'Read and List articles'],
  ['/tagsoup', null, null],
  ['/me', null, null],
  // What Intercom says of a scope counts more.
  ['/macros', scope('read_conversations'), 'Read conversations'],
  ['/tags', scope('read_conversations'), 'Read conversations'],
  ['/tags', scope('read_secrets'), 'read_secrets'],
  ['/tags', 'no scope is named', 'Read tags'],
])('%s, refused with %j, needs %j', (route, said, permission) => {
  expect(permissionFor(route, said)).toBe(permission);
});

it('the advice names permission, place, token and the other way', () => {
  const advice = permissionAdvice('Read tickets');
  for (const part of [
    'lacks the permission "Read tickets"',
    'in the Developer Hub (your app → Configure → Authentication)',
    'renew the token',
    'leave the table out',
  ])
    expect(advice).toContain(part);
  expect(permissionAdvice(null)).toContain('lacks a permission for this');
});
