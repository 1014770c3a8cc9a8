/**
 * What any answer means, and how long is waited after it: nothing throws, and no wait is longer than it
 * should be.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { interpretReply, retryAfterMs, retryPlan } from '../../../src/intercom/retry.js';
import { PublisherError } from '../../../src/model/errors.js';

const ORIGIN = 'https://api.example';
const TOKEN = 'dG9rOnNlY3JldA==';
const status = fc.oneof(
  fc.integer({ min: 200, max: 599 }),
  fc.constantFrom(200, 404, 408, 410, 429, 500, 503),
);
const errorList = fc.record({
  type: fc.constant('error.list'),
  request_id: fc.anything(),
  errors: fc.array(fc.oneof(fc.anything(), fc.record({ code: fc.anything(), message: fc.anything() }))),
});
const text = fc.oneof(
  fc.constant(''),
  fc.string(),
  fc.constant('<html>502</html>'),
  fc.json(),
  fc.oneof(errorList, fc.record({ data: fc.anything() })).map((each) => `${JSON.stringify(each)}`),
);
const asked = fc.record({
  method: fc.constantFrom('GET', 'POST'),
  route: fc.constantFrom('/tags', '/contacts/search'),
  lists: fc.constantFrom(['data'], ['conversations', 'data']),
});
const answered = fc.record({ status, text, headers: fc.constant({}) });

it('takes an answer for good only when it succeeded and holds the list that was asked for', () => {
  fc.assert(
    fc.property(asked, answered, (request, answer) => {
      const outcome = interpretReply(request, answer, ORIGIN, TOKEN);
      if (outcome instanceof PublisherError) {
        expect(outcome.answer?.status).toBe(answer.status);
        expect(outcome.message).toContain(`${request.method} ${request.route}: ${answer.status}`);
        expect(outcome.message.length).toBeLessThan(5_000);
      } else {
        expect(answer.status).toBeLessThan(300);
        expect(request.lists.some((list) => Array.isArray(outcome[list]))).toBe(true);
      }
    }),
    { numRuns: 1_000 },
  );
});

it('calls nothing gone but what an error list of the API calls so', () => {
  const gone = fc.constantFrom(404, 410).chain((of) => fc.record({ text, status: fc.constant(of) }));
  fc.assert(
    fc.property(asked, fc.oneof(answered, gone), (request, answer) => {
      const outcome = interpretReply(request, { headers: {}, ...answer }, ORIGIN, TOKEN);
      if (!(outcome instanceof PublisherError) || outcome.code !== 'api-not-found') return;
      expect([404, 410]).toContain(answer.status);
      expect(JSON.parse(answer.text)).toMatchObject({ errors: expect.any(Array) });
    }),
    { numRuns: 1_000 },
  );
});

it('calls nothing refused but what Intercom does, and a token by its status', () => {
  const refused = fc
    .integer({ min: 300, max: 499 })
    .chain((of) => fc.record({ text, status: fc.constant(of) }));
  fc.assert(
    fc.property(asked, refused, (request, answer) => {
      const outcome = interpretReply(request, { headers: {}, ...answer }, ORIGIN, TOKEN) as PublisherError;
      if (!['api-rejected', 'api-forbidden'].includes(outcome.code)) return;
      expect(JSON.parse(answer.text)).toMatchObject({ errors: expect.any(Array) });
    }),
    { numRuns: 1_000 },
  );
});

it('waits from half of a doubling time to all of it, up to twenty seconds, and only where asking again may help', () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(
      asked,
      answered,
      fc.integer({ min: 1, max: 2_000 }),
      chance,
      (request, answer, failures, random) => {
        const outcome = interpretReply(request, answer, ORIGIN, TOKEN);
        if (!(outcome instanceof PublisherError)) return;
        const wait = retryPlan(outcome, failures, () => random);
        // A page of a gateway refuses nothing.
        const isRefused = ['api-rejected', 'api-forbidden', 'credentials-refused'].includes(outcome.code);
        if (isRefused) expect(wait).toBeNull();
        if (answer.status >= 500) expect(wait).not.toBeNull();
        if (wait === null) return;
        const longest = Math.min(20_000, 500 * 2 ** (failures - 1));
        expect(wait).toBeGreaterThanOrEqual(longest / 2);
        expect(wait).toBeLessThanOrEqual(longest);
      },
    ),
    { numRuns: 1_000 },
  );
});

const START = 1_700_000_000_000;

it('waits for a budget as long as the API says, by its own clock', () => {
  const seconds = fc.nat(60);
  fc.assert(
    fc.property(seconds, fc.integer(), fc.boolean(), (left, skew, isPlain) => {
      const headers = isPlain
        ? { 'retry-after': String(left) }
        : {
            'x-ratelimit-reset': String(START / 1000 + left),
            date: new Date(START).toUTCString(),
          };
      const wait = retryAfterMs(headers, START + skew);
      expect(wait).toBeGreaterThanOrEqual(left * 1000);
      expect(wait).toBeLessThanOrEqual(left * 1000 + 100);
    }),
  );
});

it('knows how long to wait for a budget, whatever the headers say', () => {
  const header = fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.array(fc.string()),
    fc.constant(undefined),
  );
  const headers = fc.record(
    { 'retry-after': header, 'x-ratelimit-reset': header, date: header },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(headers, (of) => {
      const wait = retryAfterMs(of, START);
      expect(wait).not.toBeNaN();
      expect(wait).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 500 },
  );
});
