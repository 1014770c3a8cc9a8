import { describe, expect, it } from 'vitest';
import { interpretReply, retryAfterMs, retryPlan } from '../../../src/intercom/retry.js';
import { PublisherError } from '../../../src/model/errors.js';

const TOKEN = 'dG9rOnNlY3JldA==';
const asked = { method: 'GET', route: '/tags', lists: ['data'] };
const answer = (status: number, body: unknown) => ({
  status,
  headers: {},
  text: typeof body === 'string' ? body : JSON.stringify(body),
});
const errors = (code: string) => ({
  type: 'error.list',
  request_id: 'r-1',
  errors: [{ code, message: 'why' }],
});

describe('interpretReply', () => {
  it('gives back the object of a good answer', () => {
    expect(interpretReply(asked, answer(200, { data: [] }), 'http://x', TOKEN)).toEqual({ data: [] });
  });

  it.each([
    ['an empty body', 200, '', 'api-unreadable', /empty body/],
    ['HTML', 200, '<html>', 'api-unreadable', /not a JSON object/],
    ['cut JSON', 200, '{"data": [', 'api-unreadable', /not a JSON object/],
    ['a bare list', 200, '[]', 'api-unreadable', /not a JSON object/],
    ['an object without the list', 200, { tags: 1 }, 'api-unreadable', /without the list "data"/],
    ['an error list behind 200', 200, errors('server_error'), 'api-error', /server_error/],
    ['a refused token', 401, errors('unauthorized'), 'credentials-refused', /access token was refused/],
    [
      'a missing permission',
      403,
      errors('forbidden'),
      'api-forbidden',
      /the app lacks the permission "Read tags": grant it in the Developer Hub/,
    ],
    [
      'a subscription that lapsed',
      403,
      errors('api_plan_restricted'),
      'plan-restricted',
      /api_plan_restricted \("why"\).*the subscription of the workspace is not active, or does not include this/,
    ],
    ['nothing there', 404, errors('not_found'), 'api-not-found', /not_found/],
    [
      'a bad request',
      400,
      errors('parameter_invalid'),
      'api-rejected',
      /parameter_invalid \("why"\) \[request r-1\]/,
    ],
    ['too many requests', 429, errors('rate_limit_exceeded'), 'api-error', /budget/],
    ['HTML behind 502', 502, '<html>', 'api-error', /GET \/tags: 502/],
    ['HTML behind 401', 401, '<html>', 'credentials-refused', /access token was refused/],
    ['HTML behind 429', 429, '<html>', 'api-error', /budget/],
    ['a refusal without errors', 403, { error: 'no' }, 'api-unreadable', /not an error list/],
  ])('%s', (_, status, body, code, message) => {
    const failure = interpretReply(asked, answer(status, body), 'http://x', TOKEN);
    expect(failure).toBeInstanceOf(PublisherError);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each([302, 308, 400, 402, 403, 404, 406, 410, 422])('a page of a gateway behind %i', (status) => {
    const message = expect.stringMatching(/not an error list/);
    expect(interpretReply(asked, answer(status, '<html>'), 'http://x', TOKEN)).toMatchObject({
      code: 'api-unreadable',
      message,
    });
  });

  it('takes an entity for one only when it has an ID', () => {
    const detail = { method: 'GET', route: '/conversations/{id}', id: '7' };
    const of = (body: unknown) => interpretReply(detail, answer(200, body), 'http://x', TOKEN);
    for (const id of ['7', 7]) expect(of({ id })).toEqual({ id });
    for (const body of [{}, { id: null }, { type: 'list', data: [] }, { id: { id: '7' } }])
      expect(of(body)).toMatchObject({
        code: 'api-unreadable',
        message: expect.stringMatching(/without an ID/),
      });
  });

  it.each([
    ['another one', '7', { id: '8' }, /GET \/conversations\/7: 200 with the entity 8 from/],
    ['one that begins alike', '7', { id: 71 }, /the entity 71/],
    [
      'one that a double can’t tell apart',
      '9007199254740993',
      { id: 9007199254740992 },
      /the entity 9007199254740992/,
    ],
    [
      'one that another one was merged into',
      '7',
      { id: '8', merge_history: [{ source_contact_id: '9' }] },
      /entity 8/,
    ],
    [
      'one with a history that is none',
      '7',
      { id: '8', merge_history: [null, '7', { id: '7' }] },
      /entity 8/,
    ],
  ])('takes no entity for the one that was asked for: %s', (_, id, body, message) => {
    const detail = { method: 'GET', route: '/conversations/{id}', id };
    const failure = interpretReply(detail, answer(200, body), 'http://x', TOKEN);
    expect(failure).toMatchObject({ code: 'api-unreadable', message: expect.stringMatching(message) });
    expect(retryPlan(failure as PublisherError, 1)).not.toBeNull();
  });

  it.each([
    ['a number beyond 2^53', '9007199254740993', '{"id":9007199254740993}'],
    ['a number for a text', '7', '{"id":7}'],
    ['the contact that it was merged into', 'b', '{"id":"a","merge_history":[{"source_contact_id":"b"}]}'],
  ])('takes %s for the entity that was asked for', (_, id, text) => {
    const detail = { method: 'GET', route: '/contacts/{id}', id };
    expect(interpretReply(detail, answer(200, text), 'http://x', TOKEN)).not.toBeInstanceOf(PublisherError);
  });
});

it('names the entity, and does not blame the address of a connection that is answered', () => {
  const detail = { method: 'GET', route: '/conversations/{id}', id: '7' };
  const page = (isAnswering: boolean) =>
    interpretReply(detail, answer(404, '<html>'), 'http://x', TOKEN, isAnswering) as PublisherError;
  expect(page(true).message).toMatch(/^GET \/conversations\/7: 404 .* other requests are answered$/);
  expect(page(false).message).toMatch(/check region or baseUrl/);
});

it('does not quote the token', () => {
  const errors = [{ code: `refused ${TOKEN}`, message: `${'x'.repeat(190)}${TOKEN}` }];
  const body = { type: 'error.list', request_id: TOKEN, errors };
  const failure = interpretReply(asked, answer(500, body), 'http://x', TOKEN) as PublisherError;
  expect(failure.message).toMatch(/refused … \("x{190}…"\) \[request …\]/);
  expect(JSON.stringify(failure.answer)).not.toContain('dG9r');
});

describe('retryPlan', () => {
  const failure = (status: number) =>
    interpretReply(asked, answer(status, errors('x')), 'http://x', TOKEN) as PublisherError;

  it.each([401, 403, 404, 410, 400, 422])('does not ask again after %i', (status) => {
    expect(retryPlan(failure(status), 1)).toBeNull();
  });

  it.each([302, 403, 404])('asks twice again after a page of a gateway behind %i', (status) => {
    const page = interpretReply(asked, answer(status, '<html>'), 'http://x', TOKEN) as PublisherError;
    expect([1, 2, 3].map((failures) => retryPlan(page, failures, () => 1))).toEqual([500, 1_000, null]);
  });

  it.each([
    ['row', [null, null, null, null]],
    ['list', [500, 1_000, null, null]],
    ['page', [500, 1_000, 2_000, 4_000]],
  ] as const)('asks again after a 404 with an error list as the scope wants it: %s', (scope, waits) => {
    const plan = [1, 2, 3, 4].map((failures) => retryPlan(failure(404), failures, () => 1, scope));
    expect(plan).toEqual(waits);
  });

  it.each([408, 429, 500, 502, 503, 504])('asks again after %i, later each time, up to a limit', (status) => {
    const waits = [1, 2, 3, 10, 20].map((failures) => retryPlan(failure(status), failures, () => 1));
    expect(waits).toEqual([500, 1_000, 2_000, 20_000, 20_000]);
    expect(retryPlan(failure(status), 1, () => 0)).toBe(250);
  });
});

describe('retryAfterMs', () => {
  it.each([
    ['Retry-After', { 'retry-after': '7' }, 7_000],
    [
      'the reset, by the clock of the API',
      { 'x-ratelimit-reset': '1700000010', date: new Date(1_700_000_004_000).toUTCString() },
      6_050,
    ],
    ['the reset, by our clock', { 'x-ratelimit-reset': '1700000010' }, 10_050],
    ['a reset in the past', { 'x-ratelimit-reset': '1600000000' }, 50],
    ['nothing', {}, 1_000],
    ['Retry-After as a date', { 'retry-after': new Date(1_700_000_007_000).toUTCString() }, 7_000],
    [
      'the same, by the clock of the API',
      {
        'retry-after': new Date(1_700_000_007_000).toUTCString(),
        date: new Date(1_700_000_004_000).toUTCString(),
      },
      3_000,
    ],
    ['a date in the past', { 'retry-after': new Date(0).toUTCString() }, 0],
    ['a negative Retry-After', { 'retry-after': '-5' }, 0],
    ['a Retry-After that is none', { 'retry-after': 'soon', 'x-ratelimit-reset': 'later' }, 1_000],
  ])('%s', (_, headers, ms) => {
    expect(retryAfterMs(headers, 1_700_000_000_000)).toBe(ms);
  });
});
