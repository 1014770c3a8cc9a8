/** `config`: about the configuration file. */

import type { Command } from 'commander';
import { configJsonSchema } from '../../config/json-schema.js';
import { printResult } from '../context.js';
import { EXIT } from '../exit.js';

export function configCommand(program: Command, finish: (code: number) => void): void {
  const config = program.command('config').description('about the configuration file');
  config
    .command('schema')
    .description('print the JSON Schema of the configuration file, for editors')
    .exitOverride()
    .action(() => {
      printResult(JSON.stringify(configJsonSchema(), null, 2));
      finish(EXIT.done);
    });
}
