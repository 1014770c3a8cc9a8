// A publisher inside another program: one cycle, with what it does on standard output: `npx tsx embed.ts
// intercom-kafka.yaml`
import { createPublisher, PublisherError } from 'intercom-kafka';

try {
  // Disconnects at the end of the block.
  await using publisher = await createPublisher(process.argv[2] ?? 'intercom-kafka.yaml');
  publisher.on('table:finished', ({ connection, table, summary }) =>
    console.log(`${connection}/${table}: ${summary.records} records, ${summary.deletes} deletes`),
  );
  await publisher.runOnce();
} catch (error) {
  if (!(error instanceof PublisherError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
