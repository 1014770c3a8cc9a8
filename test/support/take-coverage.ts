/** Writes down what a file of tests has reached: its process may be ended before it would do so by itself. */

import { takeCoverage } from 'node:v8';
import { afterAll } from 'vitest';

afterAll(() => takeCoverage());
