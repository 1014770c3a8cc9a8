/**
 * For mutation tests: a mutant that a property does not find in so many runs, it would hardly find in more.
 */

import fc from 'fast-check';
import { runs } from './runs.js';

fc.configureGlobal({ numRuns: runs(100) });
