import { describe, expect, it } from 'vitest';
import { flatSchema } from '../../../src/avro/flat.js';
import { publishedText } from '../../../src/avro/published.js';
import { contentOf, type Field, type RecordSchema } from '../../../src/avro/schema.js';
import { compileShape } from '../../../src/avro/shape.js';

const KEY: Field = { name: 'id', type: 'string', doc: 'ID.' };

function schemaOf(...fields: Field[]): RecordSchema {
  return { type: 'record', name: 'Row', namespace: 'test', doc: 'A row.', fields: [KEY, ...fields] };
}

function text(name: string, path?: Field['path']): Field {
  return {
    name,
    type: ['null', 'string'],
    default: null,
    doc: 'Text.',
    ...(path === undefined ? {} : { path }),
  };
}

function record(name: string, ...fields: Field[]): Field {
  return {
    name,
    type: ['null', { type: 'record', name: 'Inner', doc: 'Inner.', fields }],
    default: null,
    doc: 'Record.',
  };
}

describe('publishedText', () => {
  it('holds plain Avro in one order, whatever the order in the file', () => {
    const schema: RecordSchema = {
      fields: [
        { zero: 'null', doc: 'Name.', path: 'a.b', default: null, type: ['null', 'string'], name: 'n' },
      ],
      constants: { 'a.type': ['x'] },
      elsewhere: { parts: 'conversation_parts' },
      doc: 'A row.',
      namespace: 'test',
      name: 'Row',
      type: 'record',
    };
    expect(publishedText(schema)).toBe(
      '{"type":"record","name":"Row","namespace":"test","doc":"A row.","fields":[{"type":["null","string"],"name":"n","doc":"Name.","default":null}]}',
    );
  });

  it('strips nothing that it does not know', () => {
    const type = {
      type: 'string',
      'connect.name': 'io.debezium.data.Json',
      'connect.parameters': { b: '1', a: '2' },
    };
    const schema = schemaOf({ ...text('n'), type: ['null', type as never] });
    expect(publishedText(schema)).toContain(
      '{"type":"string","connect.name":"io.debezium.data.Json","connect.parameters":{"a":"2","b":"1"}}',
    );
  });
});

describe('flatSchema', () => {
  it('gives a record inside a record one name from the root', () => {
    const names = flatSchema(schemaOf(record('a', record('b', text('c')), text('d')))).fields.map(
      ({ name }) => name,
    );
    expect(names).toEqual(['id', 'a_b_c', 'a_d']);
  });

  it('refuses two fields of one name', () => {
    expect(() => flatSchema(schemaOf(record('a', text('b')), text('a_b')))).toThrow('a_b');
  });

  it('leaves out what maps the row', () => {
    expect(flatSchema(schemaOf(text('n', 'a.b'))).fields[1]).toEqual(text('n'));
  });
});

describe('a schema that cannot work', () => {
  it('is refused when fields of one object stand apart', () => {
    expect(() => compileShape(schemaOf(text('a', 'x.a'), text('b'), text('c', 'x.c')))).toThrow(
      'stand together',
    );
  });

  it('is refused when two fields read the same value', () => {
    expect(() => compileShape(schemaOf(text('a', 'x.a'), text('b', 'x.a')))).toThrow('x.a');
  });

  it('is refused when it has a type that no sink takes', () => {
    const type = { type: 'map', values: 'string' };
    expect(() => contentOf({ ...text('m'), type: ['null', type as never] })).toThrow('not supported');
  });

  it('is refused when it has no fields', () => {
    expect(() => compileShape({ ...schemaOf(), fields: [] })).toThrow('no fields');
  });
});
