import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/**
 * Rooms by how far they are from the ground; a room may use those below it, and of its own storey only what
 * is named.
 */
const STOREY: Readonly<Record<string, number>> = {
  model: 0,
  auth: 0.5,
  config: 1,
  intercom: 1,
  tables: 1,
  avro: 1,
  kafka: 1,
  sync: 1,
  http: 1,
  observe: 1,
  simulator: 1,
  publisher: 2,
  library: 3,
  cli: 3,
};
const SIDEWAYS = new Set(['observe → http', 'tables → intercom']);

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports = files.flatMap((file): Import[] => {
  const text = readFileSync(join(SRC, file), 'utf8');
  const targets = [...text.matchAll(/(?:from|import)\s+'(\.[^']+)'/g)].map((match) => match[1] ?? '');
  return targets.map((target) => ({
    file,
    from: roomOf(file),
    to: roomOf(relative(SRC, join(SRC, dirname(file), target))),
  }));
});

function roomOf(file: string): string {
  const [first = ''] = file.split('/');
  return first.replace(/\.[jt]s$/, '');
}

function isAllowed({ from, to }: Import): boolean {
  if (from === to || SIDEWAYS.has(`${from} → ${to}`)) return true;
  // What programs may import stands beside the rooms.
  if (from === 'index') return true;
  if (to === 'simulator') return from === 'cli';
  return (STOREY[from] ?? -1) > (STOREY[to] ?? 99);
}

describe('the rooms of src/', () => {
  it('are all known', () => {
    const rooms = new Set(files.map(roomOf));
    rooms.delete('index');
    expect([...rooms].filter((room) => STOREY[room] === undefined)).toEqual([]);
  });

  it('import only downwards', () => {
    const wrong = imports.filter((each) => !isAllowed(each)).map(({ file, to }) => `${file} imports ${to}`);
    expect(wrong).toEqual([]);
  });

  it.each([
    ['the environment', /process\.env/, ['cli/context.ts', 'library/create-publisher.ts']],
    [
      'a transaction',
      /TransactionalProducer\.open\(|\.endTxn\(/,
      ['kafka/transaction.ts', 'kafka/writer.ts'],
    ],
    [
      'kafkajs’s internals',
      /kafkajsModule\(|kafkajs\/src/,
      ['kafka/kafkajs.ts', 'kafka/links.ts', 'kafka/protocol-error.ts', 'kafka/wire.ts'],
    ],
    ['OpenTelemetry’s API', /'@opentelemetry\/api'/, ['model/spans.ts', 'model/tracing.ts']],
    // Each other import would load the instance that the whole process shares.
    ['kafkajs but for its types', /^import (?!type ).*'kafkajs'|\('kafkajs[/']/m, ['kafka/kafkajs.ts']],
  ])('touch %s in few places', (_, pattern, places) => {
    const found = files.filter((file) => pattern.test(readFileSync(join(SRC, file), 'utf8')));
    expect(found).toEqual(places);
  });
});
