/** `preview`: shows some records as they would be published, and publishes nothing. */

import { type Command, InvalidArgumentError } from 'commander';
import { rowShaper, valueSchema } from '../../avro/codec.js';
import type { IntercomApi } from '../../intercom/api.js';
import type { Window } from '../../model/state.js';
import type { Page } from '../../model/table.js';
import { openApi, PROMPT_ATTEMPTS } from '../../publisher/api.js';
import { type PublishedTable, publishedTable } from '../../publisher/published-table.js';
import type { IntercomTable } from '../../tables/all.js';
import {
  type CommonOptions,
  printResult,
  readConfig,
  watch,
  withCommonOptions,
  withRawOption,
} from '../context.js';
import { EXIT } from '../exit.js';
import { readable } from '../readable.js';
import { connectionOf, plannedColumns, tableOf } from '../selection.js';

interface PreviewOptions extends CommonOptions {
  readonly limit: number;
  readonly raw?: boolean;
}

export function previewCommand(program: Command, finish: (code: number) => void): void {
  withRawOption(withCommonOptions(program.command('preview')))
    .description('fetch some rows and print them as they would be published, without writing anywhere')
    .argument('<connection>', 'a connection of the file')
    .argument('<table>', 'one of its tables')
    .option('--limit <rows>', 'how many', positive, 10)
    .action(async (name: string, table: string, options: PreviewOptions) =>
      finish(await preview(name, table, options)),
    );
}

function positive(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('it must be a whole number from 1.');
  return number;
}

async function preview(name: string, tableName: string, options: PreviewOptions): Promise<number> {
  const config = await readConfig(options);
  const connection = connectionOf(config, name);
  const table = tableOf(connection, tableName);
  const { events } = watch(options);
  const { signal } = new AbortController();
  const { api, transport } = await openApi(connection, events, signal, PROMPT_ATTEMPTS);
  const { shape, schema } = await shaperFor(publishedTable(config, connection, table), api);
  const isRaw = options.raw === true || options.json === true;
  const window = { from: connection.startDate, to: null };
  const pages = rowsToShow(table, api, window, options.limit);
  try {
    const values: unknown[] = [];
    for await (const { raw, fetchedAt } of firstRows(pages, options.limit)) {
      const shaped = shape(raw, fetchedAt);
      const value = shaped.ok ? withoutNulls(shaped.value) : { unpublishable: shaped.letter.reason };
      values.push(isRaw ? value : readable(schema, value));
      if (options.json !== true) printResult(JSON.stringify(values.at(-1), null, 2));
    }
    if (options.json === true) printResult(JSON.stringify(values, null, 2));
    return EXIT.done;
  } finally {
    await transport.close();
  }
}

/**
 * Pages of a table. A table that is read whole may have its own method that does not disturb a running
 * publisher.
 */
function rowsToShow(
  table: IntercomTable,
  api: IntercomApi,
  window: Window,
  rows: number,
): AsyncIterable<Page> {
  const sample = 'sample' in table ? table.sample : undefined;
  return sample?.(api, rows) ?? table.pull(api, window);
}

function withoutNulls(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null));
}

/** Shapes rows as they would be published to an empty topic. */
async function shaperFor(published: PublishedTable, api: IntercomApi) {
  const { connection, rules } = published;
  const { name, key } = published.table;
  const adaptation = { rules, columns: await plannedColumns(published, api) };
  return {
    shape: rowShaper(name, key, connection.values, adaptation),
    schema: valueSchema(name, connection.values, adaptation),
  };
}

async function* firstRows(pages: AsyncIterable<Page>, limit: number) {
  let left = limit;
  for await (const { rows, fetchedAt } of pages) {
    for (const raw of rows.slice(0, left)) yield { raw, fetchedAt };
    left -= rows.length;
    if (left <= 0) return;
  }
}
