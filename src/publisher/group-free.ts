/** Finds the members of the group, for operations that must not run beside an instance. */

import type { KafkaAccess } from '../kafka/access.js';
import { SESSION_TIMEOUT_MS } from '../kafka/group.js';
import { pause } from '../model/pause.js';

/** Longer than Kafka keeps an instance that was killed in the group. */
const REMOVED_WITHIN_MS = SESSION_TIMEOUT_MS + 3_000;
const POLL_INTERVAL_MS = 500;

/** For commands, whose process ends after them. */
const NEVER = new AbortController().signal;

/**
 * The members that are left in the group once Kafka has removed killed instances; empty when no instance
 * runs. While the group has members, this waits and calls `onWait` once with the reason. Aborting `signal`
 * ends the wait. Throws `kafka-unreachable`.
 */
export async function membersLeft(
  kafka: KafkaAccess,
  group: string,
  onWait: (message: string) => void,
  signal: AbortSignal = NEVER,
): Promise<readonly string[]> {
  const deadline = performance.now() + REMOVED_WITHIN_MS;
  let members = await kafka.topics.groupMembers(group);
  if (members.length > 0) onWait(waitMessage(group, members.length));
  while (members.length > 0 && !signal.aborted && performance.now() < deadline) {
    await pause(POLL_INTERVAL_MS, signal).catch(() => undefined);
    members = await kafka.topics.groupMembers(group);
  }
  return members;
}

function waitMessage(group: string, count: number): string {
  const members = count === 1 ? 'a member' : `${count} members`;
  const seconds = REMOVED_WITHIN_MS / 1_000;
  return `the group ${group} has ${members}: waiting up to ${seconds} s, because Kafka removes an instance that was killed only after its session timeout`;
}
