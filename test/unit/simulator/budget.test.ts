import { describe, expect, it } from 'vitest';
import { SimulatedBudget } from '../../../src/simulator/budget.js';
import { type Answer, Client, refusal, simulate } from '../../support/simulator.js';

/** So long that no test sees its end: it ends in 2033. */
const ONE_WINDOW = 1_000_000_000;
const COUNTS = { contacts: 5, companies: 5, conversations: 5 };

function headersOf({ headers }: Answer): (number | null)[] {
  return ['limit', 'remaining', 'reset'].map((name) => {
    const value = headers.get(`x-ratelimit-${name}`);
    return value === null ? null : Number(value);
  });
}

describe('the budget over HTTP', () => {
  it('is told with every response, and past it everything is refused', async () => {
    const { simulator, client } = await simulate({
      counts: COUNTS,
      budget: { limit: 3, windowSeconds: ONE_WINDOW },
    });
    const ends = 2 * ONE_WINDOW;
    expect(headersOf(await client.get('/admins'))).toEqual([3, 2, ends]);
    expect(headersOf(await client.get('/no/such/path'))).toEqual([3, 1, ends]);
    expect(headersOf(await new Client(simulator.url, { token: 'wrong' }).get('/admins'))).toEqual([
      3,
      0,
      ends,
    ]);
    const refused = await client.get('/admins');
    expect(refusal(refused)).toBe('429 rate_limit_exceeded');
    expect(headersOf(refused)).toEqual([3, 0, ends]);
    expect(refusal(await client.post('/contacts/search'))).toBe('429 rate_limit_exceeded');
    expect(simulator.requests.map(({ status }) => status)).toEqual([200, 404, 401, 429, 429]);
  });

  it('can be replaced and taken away while it runs', async () => {
    const { simulator, client } = await simulate({
      counts: COUNTS,
      budget: { limit: 1, windowSeconds: ONE_WINDOW },
    });
    await client.get('/tags');
    expect((await client.get('/tags')).status).toBe(429);
    simulator.setBudget({ limit: 9, windowSeconds: ONE_WINDOW });
    expect(headersOf(await client.get('/tags'))).toEqual([9, 8, 2 * ONE_WINDOW]);
    simulator.setBudget(null);
    expect(headersOf(await client.get('/tags'))).toEqual([null, null, null]);
  });

  it('does not move the workspace on with a refused request', async () => {
    const { simulator, client } = await simulate({
      counts: COUNTS,
      budget: { limit: 1, windowSeconds: ONE_WINDOW },
      scrollPageSize: 2,
    });
    const { json } = await client.get('/companies/scroll');
    expect((await client.get(`/companies/scroll?scroll_param=${json.scroll_param}`)).status).toBe(429);
    simulator.setBudget(null);
    const second = await client.get(`/companies/scroll?scroll_param=${json.scroll_param}`);
    const third = await client.get(`/companies/scroll?scroll_param=${json.scroll_param}`);
    expect([second.json.data, third.json.data]).toMatchObject([{ length: 2 }, { length: 1 }]);
  });
});

describe('a budget of two requests in ten seconds', () => {
  it('begins anew with each window of the clock', () => {
    const budget = new SimulatedBudget(2, 10);
    const spend = (seconds: number) => {
      const { refused, headers } = budget.spend(seconds * 1000);
      return [refused, Number(headers['X-RateLimit-Remaining']), Number(headers['X-RateLimit-Reset'])];
    };
    expect(spend(1_003)).toEqual([false, 1, 1_010]);
    expect(spend(1_008)).toEqual([false, 0, 1_010]);
    expect(spend(1_009.999)).toEqual([true, 0, 1_010]);
    expect(spend(1_010)).toEqual([false, 1, 1_020]);
    expect(spend(1_055)).toEqual([false, 1, 1_060]);
  });
});
