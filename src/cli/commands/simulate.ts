/** `simulate`: an Intercom workspace on loopback, for trials. */

import { once } from 'node:events';
import { type Command, InvalidArgumentError } from 'commander';
import { messageOf, PublisherError } from '../../model/errors.js';
import { type Simulator, startSimulator } from '../../simulator/server.js';
import { oneOf, onInterruption, printResult, withCommonOptions } from '../context.js';
import { EXIT } from '../exit.js';
import { printRemark } from '../remarks.js';

interface SimulateOptions {
  readonly host: string;
  readonly port: number;
  readonly seed: number;
  readonly contacts: number;
  readonly companies: number;
  readonly conversations: number;
  readonly parts: number;
  readonly timeZone: string;
  readonly token: string;
  readonly latency: number;
  readonly budget: number;
  readonly cursors: 'keyset' | 'position';
  readonly sublistLimit: number;
  readonly keepTexts?: boolean;
  readonly hostile?: boolean;
  readonly json?: boolean;
}

export function simulateCommand(program: Command, finish: (code: number) => void): void {
  withCommonOptions(program.command('simulate'))
    .description('serve a simulated Intercom workspace on loopback until Ctrl-C')
    .option('--host <address>', 'where to listen; 0.0.0.0 in a container', '127.0.0.1')
    .option('--port <port>', 'the port; 0: any free one', portNumber, 8787)
    .option('--seed <number>', 'the same seed and sizes make the same workspace', wholeNumber, 1)
    .option('--contacts <rows>', 'how many contacts', wholeNumber, 2_000)
    .option('--companies <rows>', 'how many companies', wholeNumber, 500)
    .option('--conversations <rows>', 'how many conversations', wholeNumber, 2_000)
    .option('--parts <rows>', 'how many parts a conversation has on average', wholeNumber, 10)
    .option('--time-zone <name>', 'the workspace’s time zone', zoneName, 'America/Los_Angeles')
    .option('--token <token>', 'the access token', 'simulated-token')
    .option('--latency <ms>', 'milliseconds before each reply', wholeNumber, 0)
    .option('--budget <requests>', 'requests in 10 seconds; 0: no limit', wholeNumber, 1_666)
    .option(
      '--cursors <kind>',
      'keyset (what Intercom does) or position',
      oneOf(['keyset', 'position'], '--cursors'),
      'keyset',
    )
    .option(
      '--sublist-limit <entries>',
      'entries that a list inside a contact holds at most',
      wholeNumber,
      10,
    )
    .option(
      '--keep-texts',
      'keep the texts of contacts in memory: faster from the second reply on, 2.4 KB each',
    )
    .option('--hostile', 'add hostile texts, attribute names and times')
    .action(async (options: SimulateOptions) => finish(await simulate(options)));
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0)
    throw new InvalidArgumentError('it must be a whole number from 0.');
  return number;
}

function portNumber(value: string): number {
  const port = wholeNumber(value);
  if (port > 65_535) throw new InvalidArgumentError('it must be a port from 0 to 65535.');
  return port;
}

function zoneName(name: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return name;
  } catch {
    throw new InvalidArgumentError('it must be a time zone such as Europe/Berlin.');
  }
}

async function simulate(options: SimulateOptions): Promise<number> {
  const simulator = await start(options);
  const { url } = simulator;
  printResult(
    options.json === true ? JSON.stringify({ url, token: options.token }) : announcement(url, options.token),
  );
  const { signal, code } = onInterruption();
  if (!signal.aborted) await once(signal, 'abort');
  await simulator.close();
  printRemark(`answered ${simulator.requests.length} requests`);
  return code() ?? EXIT.done;
}

async function start(options: SimulateOptions): Promise<Simulator> {
  const { contacts, companies, conversations, parts } = options;
  const { host, port, seed, timeZone, token, latency, cursors, sublistLimit } = options;
  try {
    return await startSimulator({
      host,
      port,
      seed,
      timeZone,
      latency,
      cursors,
      sublistLimit,
      accessToken: token,
      counts: { contacts, companies, conversations, parts },
      budget: options.budget === 0 ? null : { limit: options.budget, windowSeconds: 10 },
      keepTexts: options.keepTexts === true,
      hostile: options.hostile === true,
    });
  } catch (cause) {
    const why = messageOf(cause);
    throw new PublisherError(
      'http-unavailable',
      `can't listen on ${host}:${port} (${why}): choose another --port (0: any free one) or --host`,
      { cause },
    );
  }
}

function announcement(url: string, token: string): string {
  return `A simulated Intercom workspace at ${url}

connections:
  - name: simulated
    baseUrl: ${url}
    credentials:
      accessToken: ${token}

Change it while it runs, for example:
  curl -X POST ${url}/_simulator/create -d '{"table": "contacts", "patch": {"email": "new@example.com"}}'
`;
}
