/** The shaping thread from its source: Node compiles no TypeScript in threads by itself. */

import { register } from 'tsx/esm/api';

register();
await import('../../src/publisher/shaping/thread.ts');
