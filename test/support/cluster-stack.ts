/**
 * Three brokers and a registry for the project `cluster`, in place of the one broker of the project `real`.
 */

import type { TestProject } from 'vitest/node';
import { startStack } from './stack.js';

export default function setup(project: TestProject) {
  return startStack(project, 3);
}
