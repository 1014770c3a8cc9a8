import { describe, expect, it } from 'vitest';
import { PendingPages, Pipeline, sideBySide } from '../../../src/sync/side-by-side.js';

/** A promise to be settled from outside. */
function open() {
  let resolve: () => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Lets everything that can go on do so. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('sideBySide', () => {
  it('has as many pieces under way as it may, and asks again when one is done', async () => {
    const pieces = [1, 2, 3, 4];
    const begun = new Map<number, ReturnType<typeof open>>();
    let atOnce = 2;
    const run = sideBySide(
      () => atOnce,
      () => pieces.shift() ?? null,
      (piece) => {
        const under = open();
        begun.set(piece, under);
        return under.promise;
      },
    );
    await settle();
    expect([...begun.keys()]).toEqual([1, 2]);
    begun.get(2)?.resolve();
    await settle();
    expect([...begun.keys()]).toEqual([1, 2, 3]);
    atOnce = 3;
    begun.get(1)?.resolve();
    await settle();
    expect([...begun.keys()]).toEqual([1, 2, 3, 4]);
    // A piece may bring more of them.
    pieces.push(5);
    begun.get(4)?.resolve();
    await settle();
    expect([...begun.keys()]).toEqual([1, 2, 3, 4, 5]);
    begun.get(3)?.resolve();
    begun.get(5)?.resolve();
    await run;
  });

  it('asks again when a piece that is under way says so', async () => {
    const pieces = [1];
    const begun: number[] = [];
    let look = () => {};
    const under = open();
    const run = sideBySide(
      () => 3,
      () => pieces.shift() ?? null,
      (piece, beside) => {
        begun.push(piece);
        look = beside.askForMore;
        return under.promise;
      },
    );
    await settle();
    pieces.push(2, 3, 4);
    await settle();
    expect(begun).toEqual([1]);
    look();
    await settle();
    expect(begun).toEqual([1, 2, 3]);
    look();
    await settle();
    expect(begun).toEqual([1, 2, 3]);
    under.resolve();
    await run;
    expect(begun).toEqual([1, 2, 3, 4]);
  });

  it('does nothing when there is nothing', async () => {
    await sideBySide(
      () => 3,
      () => null,
      async () => {
        throw new Error('there is no piece');
      },
    );
  });

  it('begins no more after a failure, tells those under way, and throws the first once they rest', async () => {
    const pieces = [1, 2, 3, 4];
    const under = [open(), open()];
    const seen: boolean[] = [];
    const begun: number[] = [];
    const run = sideBySide(
      () => 2,
      () => pieces.shift() ?? null,
      async (piece, { isFailed }) => {
        begun.push(piece);
        seen.push(isFailed());
        await under[piece - 1]?.promise;
        seen.push(isFailed());
      },
    );
    let over = false;
    const outcome = run
      .catch((error: unknown) => error)
      .finally(() => {
        over = true;
      });
    await settle();
    under[0]?.reject(new Error('first'));
    await settle();
    expect([begun, over]).toEqual([[1, 2], false]);
    under[1]?.reject(new Error('second'));
    expect(await outcome).toEqual(new Error('first'));
    expect([begun, seen]).toEqual([
      [1, 2],
      [false, false],
    ]);
  });

  it('shows a failure to a piece that goes on', async () => {
    const under = open();
    const seen: boolean[] = [];
    const pieces = ['fails', 'goes on'];
    const run = sideBySide(
      () => 2,
      () => pieces.shift() ?? null,
      async (piece, { isFailed }) => {
        if (piece === 'fails') throw new Error('failed');
        await under.promise;
        seen.push(isFailed());
      },
    );
    const outcome = run.catch((error: unknown) => error);
    await settle();
    under.resolve();
    expect(await outcome).toEqual(new Error('failed'));
    expect(seen).toEqual([true]);
  });
});

describe('Pipeline', () => {
  it('takes pieces while outcomes are on their way, as many as all pipelines together may have', async () => {
    const pending = new PendingPages(2);
    const [one, other] = [new Pipeline(pending), new Pipeline(pending)];
    const outcomes = [open(), open(), open()];
    const taken: number[] = [];
    const take = (pipeline: Pipeline, index: number) =>
      pipeline.push(async () => {
        taken.push(index);
        return { committed: outcomes[index]?.promise ?? Promise.resolve() };
      });
    await take(one, 0);
    const second = take(other, 1);
    let room = false;
    void second.then(() => {
      room = true;
    });
    await settle();
    expect([taken, room]).toEqual([[0, 1], false]);
    outcomes[0]?.resolve();
    await second;
    const third = take(one, 2);
    await settle();
    outcomes[1]?.resolve();
    await third;
    let ended = false;
    const end = one.end().then(() => {
      ended = true;
    });
    await other.end();
    await settle();
    expect([taken, ended]).toEqual([[0, 1, 2], false]);
    outcomes[2]?.resolve();
    await end;
  });

  it('makes room when an outcome is a failure, takes nothing more, and throws the first at its end', async () => {
    const pipeline = new Pipeline(new PendingPages(1));
    const [first, second] = [open(), open()];
    const wait = pipeline.push(async () => ({ committed: first.promise }));
    first.reject(new Error('first'));
    await wait;
    await settle();
    let taken = false;
    const next = pipeline.push(async () => {
      taken = true;
      return { committed: second.promise };
    });
    await expect(next).rejects.toThrow('first');
    expect(taken).toBe(false);
    await expect(pipeline.end()).rejects.toThrow('first');
  });

  it('is at its end when nothing was taken', async () => {
    await new Pipeline(new PendingPages(1)).end();
  });
});
