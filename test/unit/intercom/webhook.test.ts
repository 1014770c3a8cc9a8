import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSigned, readNotification } from '../../../src/intercom/webhook.js';
import { DOCUMENTED_TOPICS, entitiesOf } from '../../../src/intercom/webhook-topics.js';
import { ENTITIES } from '../../../src/model/hint.js';

const SECRET = 'a secret';
const body = Buffer.from('{"topic":"ping"}');
const sign = (bytes: Buffer, secret = SECRET) =>
  `sha1=${createHmac('sha1', secret).update(bytes).digest('hex')}`;

describe('isSigned', () => {
  it('knows the signature of Intercom’s own example', () => {
    // RFC 2202, test case 2.
    const data = Buffer.from('what do ya want for nothing?');
    expect(isSigned(data, 'sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79', 'Jefe')).toBe(true);
  });

  it.each([
    ['none', undefined],
    ['an empty one', ''],
    ['one of another secret', sign(body, 'another')],
    ['one of another body', sign(Buffer.from('{"topic":"pong"}'))],
    ['one without its method', sign(body).slice(5)],
    ['one that is cut', sign(body).slice(0, -1)],
    ['one with more behind it', `${sign(body)}0`],
    ['one of another method', `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`],
    ['the method alone', 'sha1='],
    ['letters beyond ASCII', `sha1=${'é'.repeat(40)}`],
    ['a very long one', 'sha1='.padEnd(1_000_000, 'a')],
  ])('refuses %s', (_, header) => {
    expect(isSigned(body, header, SECRET)).toBe(false);
  });

  it('takes what was signed, byte for byte, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1 }),
        fc.string({ minLength: 1 }),
        fc.nat(),
        (bytes, secret, at) => {
          const signed = Buffer.from(bytes);
          expect(isSigned(signed, sign(signed, secret), secret)).toBe(true);
          const changed = Buffer.from(signed);
          const index = at % changed.length;
          changed[index] = (changed[index] ?? 0) ^ 1;
          expect(isSigned(changed, sign(signed, secret), secret)).toBe(false);
        },
      ),
    );
  });
});

describe('readNotification', () => {
  const read = (topic: unknown, item: unknown) =>
    readNotification(Buffer.from(JSON.stringify({ type: 'notification_event', topic, data: { item } })));
  const none = { contact: [], conversation: [], company: [], ticket: [] };

  it.each([
    ['contact.user.updated', { type: 'contact', id: 'c1' }, { contact: ['c1'] }],
    ['contact.deleted', { type: 'contact', id: 'c1', external_id: null }, { contact: ['c1'] }],
    ['contact.archived', { id: 'c1' }, { contact: ['c1'] }],
    ['contact.lead.created', { type: 'lead', id: 'c1' }, { contact: ['c1'] }],
    [
      'contact.merged',
      { type: 'contact', id: 'c1', merged_from: { type: 'contact', id: 'c2' } },
      { contact: ['c1', 'c2'] },
    ],
    [
      'contact.user.tag.created',
      { type: 'contact_tag', tag: { id: 't' }, contact: { type: 'contact', id: 'c1' } },
      { contact: ['c1'] },
    ],
    [
      'conversation.user.replied',
      { type: 'conversation', id: '7', contacts: { contacts: [{ id: 'c1' }] } },
      { conversation: ['7'] },
    ],
    ['conversation.deleted', { type: 'conversation', id: 7 }, { conversation: ['7'] }],
    [
      'conversation_part.redacted',
      { type: 'conversation_part', id: 'p', conversation_id: '7' },
      { conversation: ['7'] },
    ],
    [
      'conversation_part.tag.created',
      { type: 'conversation_part', id: 'p', conversation: { id: '7' } },
      { conversation: ['7'] },
    ],
    ['company.updated', { type: 'company', id: 'o1', company_id: 'mine' }, { company: ['o1'] }],
    [
      'company.contact.attached',
      { type: 'company_contact', company: { id: 'o1' }, contact: { id: 'c1' } },
      { company: ['o1'], contact: ['c1'] },
    ],
    ['ping', { type: 'ping', message: 'hello' }, {}],
    ['ticket.created', { type: 'ticket', id: '9' }, { ticket: ['9'], conversation: ['9'] }],
    [
      'ticket.created',
      { type: 'ticket', id: '9', category: 'Customer' },
      { ticket: ['9'], conversation: ['9'] },
    ],
    ['ticket.resolved', { type: 'ticket', id: '9', category: 'Back-office' }, { ticket: ['9'] }],
    ['ticket.closed', { type: 'ticket', ticket: { id: '9', category: 'Tracker' } }, { ticket: ['9'] }],
    [
      'ticket.contact.attached',
      { ticket: { id: 215472629353977 }, contact: { type: 'contact', id: 'c1' } },
      { ticket: ['215472629353977'], conversation: ['215472629353977'], contact: ['c1'] },
    ],
    [
      'ticket.admin.replied',
      { type: 'ticket_ticket_part', id: '77', ticket: { id: '215472629311235' } },
      { ticket: ['215472629311235'], conversation: ['215472629311235'] },
    ],
    ['contact.unarchived', { type: 'contact', id: 'c1' }, { contact: ['c1'] }],
    ['call.ended', { type: 'call', id: '3', conversation_id: 7, contact_id: 'c1' }, { conversation: ['7'] }],
    ['conversation.something.new', { type: 'conversation', id: 7 }, { conversation: ['7'] }],
    ['something.new', { type: 'thing', id: 1, contact: { id: 'c1' } }, { contact: ['c1'] }],
    ['article.created', { type: 'article', id: '5', contact: { id: 'c1' } }, {}],
    ['conversation.user.replied', { type: 'conversation', id: 7.5, conversation_id: -0.1 }, {}],
    ['conversation.contact.attached', { conversation: { parts: [null, 7], model: [] }, contact: 'c1' }, {}],
    ['conversation.contact.attached', { conversation: { parts: { 0: { conversation_id: 7 } } } }, {}],
    ['visitor.signed_up', { type: 'visitor', id: 'c1', user: { id: 'c2' } }, { contact: ['c1', 'c2'] }],
    ['contact.user.tag.created', { type: 'user_tag', user: { type: 'user', id: 'c1' } }, { contact: ['c1'] }],
    [
      'conversation.user.replied',
      { type: 'conversation', id: '7', user: { id: 'c1' } },
      { conversation: ['7'] },
    ],
    ['contact.user.updated', [{ type: 'contact', id: 'c1' }], {}],
    ['contact.user.updated', 'c1', {}],
    ['contact.user.updated', { type: 'contact', id: ['c1'] }, {}],
    ['contact.user.updated', { type: 'contact', id: true }, {}],
    ['contact.user.updated', { type: 7, contact: [{ id: 'c1' }] }, {}],
    ['contact.user.updated', { type: 'contact', id: '' }, {}],
    ['contact.user.updated', { type: 'contact', id: { nested: true } }, {}],
    ['contact.user.updated', { type: 'contact', id: 'x'.repeat(201) }, {}],
    ['contact.user.updated', null, {}],
    ['__proto__', { type: '__proto__', id: 'c1', constructor: { id: 'c2' } }, {}],
  ])('%s %j', (topic, item, expected) => {
    expect(read(topic, item)).toEqual({ topic, hint: { ...none, ...expected } });
  });

  it.each(['conversation.contact.attached', 'conversation.contact.detached'])(
    'of %s names the conversation and the contact, as recorded in 2026',
    (topic) => {
      const item = {
        conversation: {
          parts: [{ id: 1, conversation_id: 215472621202693 }],
          options: {},
          model: { id: 215472621202693 },
        },
        contact: { type: 'contact', id: '6961cf78fb9d13be07871c78' },
      };
      const hint = { ...none, conversation: ['215472621202693'], contact: ['6961cf78fb9d13be07871c78'] };
      expect(read(topic, item)).toEqual({ topic, hint });
      const texts = { ...item, conversation: { parts: [{ conversation_id: '215472621202693' }] } };
      expect(read(topic, texts)).toEqual({ topic, hint });
    },
  );

  it('keeps every digit of an ID beyond 2^53', () => {
    const item = '{"conversation":{"model":{"id":92233720368547758071}},"contact":{"id":9007199254740993}}';
    const body = `{"topic":"conversation.contact.attached","data":{"item":${item}}}`;
    const hint = { ...none, conversation: ['92233720368547758071'], contact: ['9007199254740993'] };
    expect(readNotification(Buffer.from(body))?.hint).toEqual(hint);
  });

  it('has an entity, or none, for each documented topic, and finds its ID in the item that is sent with it', () => {
    const parts = ['admin', 'article', 'company', 'contact', 'conversation', 'ticket'];
    for (const topic of DOCUMENTED_TOPICS) {
      const [subject = ''] = topic.split('.');
      const type = subject === 'conversation_part' ? 'conversation' : subject;
      const named = entitiesOf(topic);
      const hint = read(topic, {
        type,
        id: 'own',
        conversation_id: subject === 'call' ? 'own' : undefined,
      })?.hint;
      const found = ENTITIES.filter((entity) => hint?.[entity].includes('own'));
      if (parts.includes(type) && named.length > 0) expect(found, topic).toContain(type);
      expect(named, topic).toEqual(expect.arrayContaining(found));
    }
    expect(new Set(DOCUMENTED_TOPICS).size).toBe(DOCUMENTED_TOPICS.length);
  });

  it('reads any item there may be, and finds texts only', () => {
    const keys = fc.constantFrom(
      'id',
      'type',
      'contact',
      'conversation',
      'ticket',
      'model',
      'parts',
      'category',
    );
    const items = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.jsonValue({ maxDepth: 0 }),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(keys, tie('value')),
      ),
    })).value;
    fc.assert(
      fc.property(fc.constantFrom(...DOCUMENTED_TOPICS, 'constructor', ''), items, (topic, item) => {
        const ids = Object.values(read(topic, item)?.hint ?? {}).flat();
        expect(ids.every((id) => typeof id === 'string' && id !== '')).toBe(true);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '<html>'],
    ['cut JSON', '{"topic":"pi'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no topic', '{}'],
    ['a topic that is none', '{"topic":7}'],
  ])('refuses %s', (_, text) => expect(readNotification(Buffer.from(text))).toBeNull());
});
