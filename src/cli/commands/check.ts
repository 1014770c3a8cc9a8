/** `check`: checks everything that a run needs. */

import type { Command } from 'commander';
import { checkAll } from '../../publisher/check.js';
import type { Finding } from '../../publisher/finding.js';
import { type CommonOptions, printResult, readConfig, withCommonOptions } from '../context.js';
import { exitCodeOfAll } from '../exit.js';

export function checkCommand(program: Command, finish: (code: number) => void): void {
  withCommonOptions(program.command('check'))
    .description('verify configuration, credentials, permissions, Kafka, topics, registry and schemas')
    .action(async (options: CommonOptions) => finish(await check(options)));
}

async function check(options: CommonOptions): Promise<number> {
  const config = await readConfig(options);
  const findings: Finding[] = [{ what: 'configuration', message: options.config, error: null }];
  if (options.json !== true) printResult(lineOf(findings[0] as Finding));
  for await (const finding of checkAll(config)) {
    findings.push(finding);
    if (options.json !== true) printResult(lineOf(finding));
  }
  if (options.json === true) printResult(JSON.stringify(findings.map(asJson), null, 2));
  return exitCodeOfAll(findings.flatMap(({ error }) => error ?? []));
}

function lineOf({ what, message, error, warns = false }: Finding): string {
  const verdict = warns ? 'warn' : 'ok  ';
  return `${error === null ? verdict : 'FAIL'}  ${what}: ${message.replaceAll('\n', '\n        ')}`;
}

function asJson({ what, message, error, warns = false }: Finding) {
  return { what, ok: error === null, warns, message, code: error?.code ?? null };
}
