// The latest version of every conversation, typed: `npx tsx latest.ts localhost:9092
// http://localhost:8081/apis/ccompat/v7 acme intercom`
import { readTable } from 'intercom-kafka';

const [
  broker = 'localhost:9092',
  url = 'http://localhost:8081/apis/ccompat/v7',
  connection = 'acme',
  prefix,
] = process.argv.slice(2);
const source = {
  kafka: { brokers: [broker] },
  schemaRegistry: { url },
  connection,
  ...(prefix && { prefix }),
};
const open = new Map<string, number>();
for await (const { value } of readTable('conversations', source)) {
  if (value?.open)
    open.set(
      value.team_assignee_id ?? 'unassigned',
      (open.get(value.team_assignee_id ?? 'unassigned') ?? 0) + 1,
    );
}
for (const [team, count] of open) console.log(`${team}\t${count} open conversations`);
