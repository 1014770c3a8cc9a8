/** A generator that `await using` ends. Generators themselves are disposable from Node 24 on only. */
export interface DisposableGenerator<T> extends AsyncGenerator<T, void, void> {
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a generator disposable. Disposing it calls `end`, which must let a pending `next` settle, and returns
 * it then: a generator does not return while it waits.
 */
export function disposable<T>(
  generator: AsyncGenerator<T, void, void>,
  end: () => void,
): DisposableGenerator<T> {
  const dispose = async () => {
    end();
    await generator.return();
  };
  return Object.assign(generator, { [Symbol.asyncDispose]: dispose });
}
