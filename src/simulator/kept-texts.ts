/** Rows of a reply as rendered text, so that measurements of a client do not wait for the simulator. */

import { randomUUID } from 'node:crypto';

/** The placeholder of the rows in the text of the reply. No row contains it. */
const PLACE = randomUUID();

export class KeptTexts {
  readonly #texts: readonly Buffer[];

  constructor(texts: readonly Buffer[]) {
    this.#texts = texts;
  }

  /** The rows, for callers that read a reply as objects. */
  toJSON(): unknown[] {
    return this.#texts.map((text) => JSON.parse(text.toString('utf8')) as unknown);
  }

  get bytes(): Buffer {
    const comma = Buffer.from(',');
    const separated = this.#texts.flatMap((text, index) => (index === 0 ? [text] : [comma, text]));
    return Buffer.concat([Buffer.from('['), ...separated, Buffer.from(']')]);
  }
}

/** The bytes of a reply's body. */
export function bodyBytes(body: unknown): string | Buffer {
  const { data } = (body ?? {}) as { readonly data?: unknown };
  if (!(data instanceof KeptTexts)) return JSON.stringify(body);
  const rest = JSON.stringify({ ...(body as object), data: PLACE });
  const [before = '', after = ''] = rest.split(JSON.stringify(PLACE));
  return Buffer.concat([Buffer.from(before), data.bytes, Buffer.from(after)]);
}
