/** Makes a Kafka client, which connects to nothing. */

import { createKafka } from '../../src/kafka/client.js';

createKafka({ brokers: ['127.0.0.1:1'], clientId: 'test', ssl: false, sasl: null });
