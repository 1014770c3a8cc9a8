/** What is said of a wrong file. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml, stringify } from 'yaml';

import { formatPath, isMapping, type Path, valueAt } from '../../../src/config/path.js';
import { ALL_TABLE_NAMES } from '../../../src/model/table-names.js';
import { CONTRACT_YAML } from './contract.js';
import { connectionYaml, FILE, message, problems } from './parse.js';

const CONNECTION_KEYS =
  'name, region, baseUrl, apiVersion, credentials, gateway, startDate, schedule, lookback, rateLimit, retry, deletes, values, ' +
  'customAttributes, hashKey, tables';
const TABLES = ALL_TABLE_NAMES.join(', ');
const VERSION =
  'a version in quotes, such as "2.16" (without quotes YAML reads a number, and 2.10 becomes 2.1)';
const PAST = 'a date or date-time that is not in the future, such as 2024-01-01T00:00:00Z';
const CRON = 'a cron expression of 5 or 6 fields, or null';
const REGISTRY_FORMS =
  'username and password, or token, or tokenEndpoint with clientId, clientSecret and, where needed, scope';
const FORMS = 'accessToken, or clientId with clientSecret and tokenFile';

describe('a connection', () => {
  it.each([
    ['region: usa', 'region: expected one of us, eu, au (or baseUrl), got "usa" (line 4:13)'],
    ['apiVersion: 2.16', `apiVersion: expected ${VERSION}, got the number 2.16 (line 4:17)`],
    ['apiVersion: Unstable', `apiVersion: expected ${VERSION}, got "Unstable" (line 4:17)`],
    ['baseUrl: ftp://x', 'baseUrl: expected an http(s) URL without user name, got "ftp://x" (line 4:14)'],
    ['baseUrl: http://u:pw@x', 'baseUrl: expected an http(s) URL without user name, got "***@x" (line 4:14)'],
    ['gateway: u:pw@proxy', 'gateway: expected an http(s) URL or null, got "***@proxy" (line 4:14)'],
    ['startDate: 2999-01-01', `startDate: expected ${PAST}, got "2999-01-01" (line 4:16)`],
    ['startDate: 2024-02-30', `startDate: expected ${PAST}, got "2024-02-30" (line 4:16)`],
    [
      'startDate: 2024-01-01T25:00:00Z',
      `startDate: expected ${PAST}, got "2024-01-01T25:00:00Z" (line 4:16)`,
    ],
    [
      'startDate: 2024-01-01T00:00:00+15:00',
      `startDate: expected ${PAST}, got "2024-01-01T00:00:00+15:00" (line 4:16)`,
    ],
    ['startDate: yesterday', `startDate: expected ${PAST}, got "yesterday" (line 4:16)`],
    ['startDate: 1704067200', `startDate: expected ${PAST}, got the number 1704067200 (line 4:16)`],
    ['schedule: "* * * *"', `schedule: expected ${CRON}, got "* * * *" (line 4:15)`],
    ['schedule: "@daily"', `schedule: expected ${CRON}, got "@daily" (line 4:15)`],
    ['schedule: "61 * * * *"', `schedule: expected ${CRON}, got "61 * * * *" (line 4:15)`],
    ['rateLimit: 0', 'rateLimit: expected a number above 0 and up to 1, got the number 0 (line 4:16)'],
    ['rateLimit: 1.1', 'rateLimit: expected a number above 0 and up to 1, got the number 1.1 (line 4:16)'],
    [
      'retry: {attempts: 0}',
      'retry.attempts: expected a whole number from 1 to 100, got the number 0 (line 4:23)',
    ],
    [
      'retry: {timeout: 0}',
      'retry.timeout: expected a duration of at least 1s, such as 30s, got the number 0 (line 4:22)',
    ],
    [
      'deletes: true',
      'deletes: expected a mapping with reconcile and webhooks, got true or false (line 4:14)',
    ],
    ['deletes: {webhooks: yes}', 'deletes.webhooks: expected true or false, got "yes" (line 4:25)'],
    ['values: Flat', 'values: expected one of flat, nested, got "Flat" (line 4:13)'],
    ['tables: [tags]', 'tables: expected a mapping of tables, got a list (line 4:13)'],
    [
      'tables: {tag: {}}',
      `tables.tag: unknown key, expected one of ${TABLES} (did you mean \`tags\`?) (line 4:14)`,
    ],
    [
      'tables: {tags: {hash: [a..b]}}',
      'tables.tags.hash[0]: expected the dotted path of a field, such as author.email, got "a..b" (line 4:28)',
    ],
    [
      'tables: {tags: {exclude: a}}',
      'tables.tags.exclude: expected a list of field paths, got text (line 4:30)',
    ],
    [
      'baseurl: http://x',
      `baseurl: unknown key, expected one of ${CONNECTION_KEYS} (did you mean \`baseUrl\`?) (line 4:5)`,
    ],
    ['frequency: 5', `frequency: unknown key, expected one of ${CONNECTION_KEYS} (line 4:5)`],
    ['region: us\nbaseUrl: http://x', 'baseUrl: expected region or baseUrl, got both (line 5:5)'],
    [
      'lookback: 15 minutes',
      'lookback: expected a duration such as 90s, 15m, 1h, 2d, or a whole number of seconds, got "15 minutes" (line 4:15)',
    ],
    [
      'lookback: -1',
      'lookback: expected a duration such as 90s, 15m, 1h, 2d, or a whole number of seconds, got the number -1 (line 4:15)',
    ],
  ])('%s', (yaml, expected) => {
    expect(problems(connectionYaml(yaml))).toEqual([`connections[0].${expected}`]);
  });

  it.each([
    ['{}', `expected ${FORMS}, got neither`],
    ['{accessToken: hush, clientId: i}', `expected ${FORMS}, got keys of both`],
    ['hush', `expected a mapping with ${FORMS}, got text`],
    ['null', `expected a mapping with ${FORMS}, got null`],
  ])('credentials: %s', (yaml, expected) => {
    expect(problems(`connections: [{name: a, credentials: ${yaml}}]`)).toEqual([
      `connections[0].credentials: ${expected} (line 1:38)`,
    ]);
  });

  it('says what is missing of the credentials of an app', () => {
    expect(problems('connections: [{name: a, credentials: {clientId: i}}]')).toEqual([
      'connections[0].credentials.clientSecret: missing, expected text (line 1:38)',
      'connections[0].credentials.tokenFile: missing, expected text (line 1:38)',
    ]);
  });

  it('does not put credentials together from two places', () => {
    const yaml = `
defaults: {credentials: {clientId: i, clientSecret: s, tokenFile: t}}
connections: [{name: a, credentials: {tokenFile: other}}]`;
    expect(problems(yaml)).toEqual([
      'connections[0].credentials.clientId: missing, expected text (line 3:38)',
      'connections[0].credentials.clientSecret: missing, expected text (line 3:38)',
    ]);
  });

  it('needs a name and credentials', () => {
    expect(problems('connections: [{}]')).toEqual([
      'connections[0].name: missing, expected 1 to 40 of a-z, 0-9, _ and - (line 1:15)',
      `connections[0].credentials: missing, expected a mapping with ${FORMS} (line 1:15)`,
    ]);
  });

  it.each(['Acme', 'a b', '', 'a'.repeat(41), 'ä'])('can not be called "%s"', (name) => {
    const yaml = `connections: [{name: "${name}", credentials: {accessToken: t}}]`;
    expect(problems(yaml)).toEqual([
      `connections[0].name: expected 1 to 40 of a-z, 0-9, _ and -, got "${name}" (line 1:22)`,
    ]);
  });
});

describe('the rest of the file', () => {
  it.each([
    ['kafka: {brokers: localhost:9092}', 'kafka.brokers: expected a list of host:port, got text (line 1:18)'],
    ['kafka: {brokers: []}', 'kafka.brokers: expected a list of host:port, got an empty list (line 1:18)'],
    ['kafka: {brokers: [localhost]}', 'kafka.brokers[0]: expected host:port, got "localhost" (line 1:19)'],
    ['kafka: {brokers: ["h:70000"]}', 'kafka.brokers[0]: expected host:port, got "h:70000" (line 1:19)'],
    [
      'kafka: {ssl: yes}',
      'kafka.ssl: expected true, false, or a mapping with ca, cert and key, got text (line 1:14)',
    ],
    ['kafka: {ssl: {cert: c}}', 'kafka.ssl.key: missing, expected cert and key together (line 1:14)'],
    [
      'kafka: {ssl: {cart: c}}',
      'kafka.ssl.cart: unknown key, expected one of ca, cert, key (did you mean `cert`?) (line 1:15)',
    ],
    [
      'kafka: {sasl: {mechanism: plain, username: u}}',
      'kafka.sasl.password: missing, expected text (line 1:15)',
    ],
    [
      'kafka: {sasl: {mechanism: PLAIN}}',
      'kafka.sasl.mechanism: expected one of plain, scram-sha-256, scram-sha-512, oauthbearer, got "PLAIN" (line 1:27)',
    ],
    [
      'kafka: {sasl: {mechanism: plain, username: u, password: p, scope: s}}',
      'kafka.sasl.scope: not used together with the keys beside it (line 1:60)',
    ],
    [
      'kafka: {sasl: {mechanism: plain, username: u, password: 7351}}',
      'kafka.sasl.password: expected text, got a number (line 1:57)',
    ],
    [
      'kafka: {compression: brotli}',
      'kafka.compression: expected one of none, gzip, snappy, lz4, zstd, got "brotli" (line 1:22)',
    ],
    [
      'schemaRegistry: {auth: {username: u}}',
      'schemaRegistry.auth.password: missing, expected text (line 1:24)',
    ],
    [
      'schemaRegistry: {auth: {tokenEndpoint: http://t, clientId: c}}',
      'schemaRegistry.auth.clientSecret: missing, expected text (line 1:24)',
    ],
    [
      'schemaRegistry: {auth: {scope: s, clientId: c, clientSecret: hush}}',
      'schemaRegistry.auth.tokenEndpoint: missing, expected an http(s) URL without user name (line 1:24)',
    ],
    [
      'schemaRegistry: {auth: {token: hush, username: u, password: hush}}',
      `schemaRegistry.auth: expected ${REGISTRY_FORMS}, got keys of several (line 1:24)`,
    ],
    [
      'schemaRegistry: {auth: {}}',
      `schemaRegistry.auth: expected ${REGISTRY_FORMS}, got none of them (line 1:24)`,
    ],
    [
      'schemaRegistry: {auth: hush}',
      `schemaRegistry.auth: expected null or a mapping with ${REGISTRY_FORMS}, got text (line 1:24)`,
    ],
    [
      'schemaRegistry: {ssl: {cert: c}}',
      'schemaRegistry.ssl.key: missing, expected cert and key together (line 1:23)',
    ],
    [
      'schemaRegistry: {register: once}',
      'schemaRegistry.register: expected one of always, never, got "once" (line 1:28)',
    ],
    [
      'schemaRegistry: {compatibility: backward}',
      'schemaRegistry.compatibility: expected one of keep, NONE, BACKWARD, BACKWARD_TRANSITIVE, FORWARD, FORWARD_TRANSITIVE, FULL, FULL_TRANSITIVE, got "backward" (line 1:33)',
    ],
    [
      'topics: {prefix: a b}',
      'topics.prefix: expected letters, digits, dots, underscores and hyphens, got "a b" (line 1:18)',
    ],
    [
      'topics: {partitions: 0}',
      'topics.partitions: expected a whole number of at least 1, got the number 0 (line 1:22)',
    ],
    [
      'topics: {partitions: 1.5}',
      'topics.partitions: expected a whole number of at least 1, got the number 1.5 (line 1:22)',
    ],
    [
      'topics: {replicationFactor: 0}',
      'topics.replicationFactor: expected -1 or a whole number of at least 1, got the number 0 (line 1:29)',
    ],
    [
      'topics: {config: {cleanup.policy: "compact,delete"}}',
      'topics.config["cleanup.policy"]: expected compact, because the topics are always compacted, got "compact,delete" (line 1:35)',
    ],
    [
      'topics: {config: {a: [1]}}',
      'topics.config.a: expected text, a number, true or false, got a list (line 1:22)',
    ],
    ['topics: {create: 1}', 'topics.create: expected true or false, got the number 1 (line 1:18)'],
    ['http: {port: 65536}', 'http.port: expected a port from 0 to 65535, got the number 65536 (line 1:14)'],
    ['http: 9464', 'http: expected a mapping or null, got a number (line 1:7)'],
    ['kafka:', 'kafka: expected a mapping, got null (line 1:7)'],
    [
      'state: {topic: intercom.acme.tags}',
      'connections[0].name: expected topics that differ in more than . and _, but that of tags of connections[0] and that of the state do not (line 3:11)',
    ],
    ['__proto__: {a: 1}', '__proto__: unknown key'],
  ])('%s', (yaml, expected) => {
    const [first, ...more] = problems(`${yaml}\n${connectionYaml('')}`);
    expect(first).toContain(expected);
    expect(more).toEqual([]);
  });

  it('needs connections', () => {
    const expected = 'expected a list with at least one connection';
    expect(problems('kafka: {}')).toEqual([`connections: missing, ${expected} (line 1:1)`]);
    expect(problems('connections: []')).toEqual([`connections: ${expected}, got an empty list (line 1:14)`]);
    expect(problems('connections: {}')).toEqual([`connections: ${expected}, got a mapping (line 1:14)`]);
    expect(problems('connections: [token]')).toEqual([
      'connections[0]: expected a mapping, got text (line 1:15)',
    ]);
  });
});

describe('contradictions', () => {
  const shared = 'defaults: {credentials: {accessToken: t}}\n';

  it('names are taken once', () => {
    expect(problems(`${shared}connections: [{name: a}, {name: b}, {name: a}]`)).toEqual([
      'connections[2].name: expected a name of its own, got that of connections[0] (line 2:44)',
    ]);
  });

  it('topics are no longer than Kafka takes', () => {
    const yaml = `${shared}topics: {prefix: ${'p'.repeat(228)}}\nconnections: [{name: a}, {name: ab}, {name: abc, tables: {tags: }}]`;
    expect(problems(yaml)).toEqual([
      'connections[1].name: expected topic names of at most 249 characters: shorten it or topics.prefix (line 3:33)',
    ]);
  });

  it('topics differ in more than what Kafka can tell apart', () => {
    expect(problems(`${shared}connections: [{name: a}, {name: a_company}]`)).toEqual([
      'connections[1].name: expected topics that differ in more than . and _, but that of segments of connections[1] and ' +
        'that of company_segments of connections[0] do not (line 2:33)',
    ]);
    expect(message(`${shared}connections: [{name: a}, {name: a_company, tables: {tags: {}}}]`)).toBe(
      'no problem',
    );
  });

  it('what is wrong in defaults is told there, once', () => {
    const yaml = `
defaults: {region: mars, deletes: {webhook: true}, credentials: {clientId: i}, name: x}
connections: [{name: a}, {name: b, deletes: {webhooks: true}}, {name: c, region: venus}]`;
    expect(problems(yaml).map((line) => line.split(':')[0])).toEqual([
      'defaults.region',
      'defaults.deletes.webhook',
      'defaults.credentials.clientSecret',
      'defaults.credentials.tokenFile',
      'defaults.name',
      'connections[2].region',
    ]);
  });
});

describe('YAML', () => {
  it.each([
    ['', 'the file is empty'],
    ['# nothing\n', 'the file is empty'],
    ['- a', 'expected a mapping with kafka, topics, connections …, got a list (line 1:1)'],
    ['a: 1\na: 2', 'not valid YAML: Map keys must be unique (line 2:1)'],
    ['a: "x', 'not valid YAML: Missing closing "quote (line 1:6)'],
    ['a: b: c', 'not valid YAML: Nested mappings are not allowed in compact mappings (line 1:4)'],
    ['a: !env B', 'not valid YAML: Unresolved tag: !env (line 1:4)'],
    ['a: *none', 'not valid YAML: Unresolved alias (the anchor must be set before the alias): none'],
    [
      `a: [\${B}]`,
      `not valid YAML: Missing , or : between flow sequence items; inside [ ] and { } put quotes around values with \${…} (line 1:6)`,
    ],
  ])('%j', (yaml, expected) => {
    expect(problems(yaml)).toEqual([expected]);
  });

  it('shows nothing of a text that it can not read', () => {
    expect(problems('credentials: {accessToken: x}}hush')).toEqual([
      'not valid YAML: Unexpected flow-map-end token (line 1:30)',
    ]);
  });

  it('an alias to what is around it does not end in a loop', () => {
    expect(problems('kafka: &k {brokers: *k}')).toContain(
      'kafka.brokers: expected a value, got an alias to what is around it (line 1:21)',
    );
  });

  it('an alias and a merge key lead to where the value is written', () => {
    const yaml = `
defaults: {credentials: {accessToken: t}}
connections:
  - &first
    name: a
    values: wrong
  - {<<: *first, name: b}`;
    expect(problems(yaml)).toEqual([
      'connections[0].values: expected one of flat, nested, got "wrong" (line 6:13)',
      'connections[1].values: expected one of flat, nested, got "wrong" (line 6:13)',
    ]);
  });
});

it('tells everything at once, in the order of the file, under its name', () => {
  const yaml = `conections: []
http: {port: nine}
connections:
  - name: A
    credentials: {accessToken: "\${NOPE}"}`;
  expect(message(yaml)).toBe(
    [
      `${FILE}: 4 problems`,
      '  conections: unknown key, expected one of kafka, schemaRegistry, topics, state, http, defaults, connections ' +
        '(did you mean `connections`?) (line 1:1)',
      '  http.port: expected a port from 0 to 65535, got "nine" (line 2:14)',
      '  connections[0].name: expected 1 to 40 of a-z, 0-9, _ and -, got "A" (line 4:11)',
      '  connections[0].credentials.accessToken: environment variable NOPE is not set and has no default (line 5:32)',
    ].join('\n'),
  );
});

/** The file of the contract with every form in it, so that every key there is occurs. */
const complete: unknown = {
  ...parseYaml(CONTRACT_YAML),
  kafka: {
    brokers: ['h:1'],
    clientId: 'c',
    ssl: { ca: 'a', cert: 'b', key: 'c' },
    sasl: {
      mechanism: 'oauthbearer',
      tokenEndpoint: 'http://x',
      clientId: 'i',
      clientSecret: 's',
      scope: 'o',
    },
    compression: 'none',
  },
  schemaRegistry: {
    url: 'http://x',
    auth: { tokenEndpoint: 'http://x', clientId: 'i', clientSecret: 's', scope: 'o' },
    ssl: { ca: 'a', cert: 'b', key: 'c' },
    register: 'never',
    compatibility: 'FULL',
  },
  defaults: {
    baseUrl: 'http://x',
    credentials: { clientId: 'i', clientSecret: 's', tokenFile: 't' },
    lookback: '1h',
    deletes: { reconcile: null },
  },
};

function keyPaths(tree: unknown, path: Path = []): Path[] {
  if (Array.isArray(tree)) return tree.flatMap((inner, index) => keyPaths(inner, [...path, index]));
  if (!isMapping(tree)) return [];
  return Object.entries(tree).flatMap(([key, inner]) => [[...path, key], ...keyPaths(inner, [...path, key])]);
}

/** The tree with the key at the path renamed. */
function renamed(tree: unknown, path: Path, to: string): unknown {
  const copy: unknown = structuredClone(tree);
  const parent = valueAt(copy, path.slice(0, -1));
  const from = String(path.at(-1));
  if (!isMapping(parent)) throw new Error(`no mapping at ${formatPath(path)}`);
  parent[to] = parent[from];
  delete parent[from];
  return copy;
}

describe('misspelt keys', () => {
  const paths = keyPaths(complete);

  it('the complete file is right as it is', () => {
    expect(message(stringify(complete), { ACME_INTERCOM_TOKEN: 't' })).toBe('no problem');
    expect(paths.length).toBeGreaterThan(55);
  });

  it('are each told by their path', () => {
    const seed = 20_260_101;
    process.stdout.write(`seed ${seed}\n`);
    const slips = fc.record({ at: fc.nat(40), kind: fc.constantFrom('drop', 'double', 'capital', 'add') });
    fc.assert(
      fc.property(fc.constantFrom(...paths), slips, (path, slip) => {
        const wrong = misspelt(String(path.at(-1)), slip.at, slip.kind);
        const text = message(stringify(renamed(complete, path, wrong)), { ACME_INTERCOM_TOKEN: 't' });
        expect(text).toContain(
          `  ${formatPath([...path.slice(0, -1), wrong])}: unknown key, expected one of`,
        );
        expect(text).toContain(`(did you mean \`${path.at(-1)}\`?)`);
      }),
      { seed, numRuns: 500 },
    );
  });
});

function misspelt(key: string, position: number, kind: string): string {
  const at = position % key.length;
  const letter = key.charAt(at);
  if (kind === 'drop' && key.length > 2) return key.slice(0, at) + key.slice(at + 1);
  if (kind === 'double') return key.slice(0, at) + letter + key.slice(at);
  const other = letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
  if (kind === 'capital' && other !== letter) return key.slice(0, at) + other + key.slice(at + 1);
  return `${key}x`;
}

it('no text makes it fail in another way', () => {
  const seed = 7;
  process.stdout.write(`seed ${seed}\n`);
  const anything = fc.anything({ withNullPrototype: false, withDate: false });
  fc.assert(
    fc.property(
      fc.constantFrom(...keyPaths(complete)),
      fc.oneof(fc.string(), fc.jsonValue(), anything),
      (path, value) => {
        const copy: unknown = structuredClone(complete);
        const parent = valueAt(copy, path.slice(0, -1));
        if (isMapping(parent))
          parent[String(path.at(-1))] = JSON.parse(JSON.stringify(value ?? null) ?? 'null');
        expect(message(stringify(copy), { ACME_INTERCOM_TOKEN: 't' })).toMatch(
          /^(no problem|\/etc\/publisher\/.*problem)/,
        );
      },
    ),
    { seed, numRuns: 500 },
  );
});
