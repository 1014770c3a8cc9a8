/** The permissions that docs/security.md lists, as access control entries. */

import kafkajs, { type AclEntry } from 'kafkajs';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

type Permission = Pick<AclEntry, 'resourceType' | 'resourceName' | 'resourcePatternType' | 'operation'>;

const RESOURCES = [
  [/^topic/, AclResourceTypes.TOPIC],
  [/^group/, AclResourceTypes.GROUP],
  [/^transactional ID/, AclResourceTypes.TRANSACTIONAL_ID],
] as const;
const OPERATIONS = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
} as const;

/**
 * Reads the table; the names in it are those of the defaults, and become those of a project with a prefix of
 * its own.
 */
export function permissionsIn(markdown: string, prefix: string): Permission[] {
  const [, section = ''] = markdown.split('## Permissions in Kafka');
  const [table = ''] = section.split('\n## ');
  let before: Permission['operation'][] = [];
  const permissions = table.split('\n').flatMap((line) => {
    const [, resource = '', text = ''] = line.split('|').map((cell) => cell.trim());
    const type = RESOURCES.find(([pattern]) => pattern.test(resource))?.[1];
    const [, name] = /`([^`]+)`/.exec(resource) ?? [];
    if (type === undefined || name === undefined) return [];
    const words = text.match(/\b[A-Z][A-Za-z]+\b/g) ?? [];
    const operations = text === 'the same' ? before : words.map(operationOf);
    before = operations;
    const resourcePatternType = resource.includes('(prefixed')
      ? ResourcePatternTypes.PREFIXED
      : ResourcePatternTypes.LITERAL;
    const resourceName = name.replace(/^intercom(-kafka)?/, prefix);
    return operations.map((operation) => ({
      resourceType: type,
      resourceName,
      resourcePatternType,
      operation,
    }));
  });
  if (permissions.length === 0) throw new Error('no permissions are listed');
  return permissions;
}

/** The entry that gives a user a permission, from any host. */
export function granted(permission: Permission, user: string): AclEntry {
  return { ...permission, principal: `User:${user}`, host: '*', permissionType: AclPermissionTypes.ALLOW };
}

function operationOf(word: string): Permission['operation'] {
  const operation = OPERATIONS[word as keyof typeof OPERATIONS];
  if (operation === undefined) throw new Error(`${word} is no operation`);
  return operation;
}
