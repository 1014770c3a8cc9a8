/** The small tables: rows that a workspace has a handful of. */

import type { Row } from '../collection.js';
import type { SimulatorOptions } from '../options.js';
import { Dice } from '../random.js';
import { personName, topicWord } from '../texts.js';
import { adminId, segmentId, tagId, teamId } from './ids.js';

export function makeAdmin({ seed, counts }: SimulatorOptions, index: number): Row {
  const dice = new Dice(seed, 'admins', index);
  const teams = someOf(dice, 3, counts.teams).map(teamId);
  return {
    type: 'admin',
    id: String(adminId(index)),
    name: personName(dice),
    email: `admin${index}@example.com`,
    ...(dice.chance(0.7) ? { job_title: topicWord(dice) } : {}),
    away_mode_enabled: dice.chance(0.2),
    away_mode_reassign: dice.chance(0.1),
    away_status_reason_id: dice.chance(0.3) ? dice.below(9) : null,
    has_inbox_seat: dice.chance(0.9),
    team_ids: teams,
    ...(dice.chance(0.7)
      ? { avatar: dice.chance(0.8) ? `https://static.example.com/${index}.png` : null }
      : {}),
    ...(dice.chance(0.6)
      ? {
          team_priority_level: {
            primary_team_ids: teams.slice(0, 1),
            secondary_team_ids: dice.chance(0.5) ? teams.slice(1) : null,
          },
        }
      : {}),
    ...(dice.chance(0.5) ? { role: { type: 'role', id: String(dice.below(4)), name: 'Support' } } : {}),
  };
}

export function makeTeam({ seed, counts, quirks }: SimulatorOptions, index: number): Row {
  const dice = new Dice(seed, 'teams', index);
  const admins = someOf(dice, 4, counts.admins).map(adminId);
  return {
    type: 'team',
    id: quirks && index % 4 === 3 ? teamId(index) : String(teamId(index)),
    name: `Team ${topicWord(dice)}`,
    admin_ids: admins,
    ...(dice.chance(0.5)
      ? { assignment_limit: dice.below(20), distribution_method: 'load_balanced' }
      : { distribution_method: 'round_robin' }),
    ...(dice.chance(0.7)
      ? {
          admin_priority_level: {
            primary_admin_ids: admins.slice(0, 1),
            secondary_admin_ids: dice.chance(0.7) ? admins.slice(1) : null,
          },
        }
      : {}),
  };
}

export function makeTag({ seed }: SimulatorOptions, index: number): Row {
  return { type: 'tag', id: tagId(index), name: `${topicWord(new Dice(seed, 'tags', index))} ${index}` };
}

/** A segment with its count, which the API sends only when it is asked for. */
export function makeSegment(
  { seed, from, now }: SimulatorOptions,
  kind: 'segments' | 'companySegments',
  index: number,
): Row {
  const dice = new Dice(seed, `${kind} rows`, index);
  const created = from + dice.below(1_000_000);
  return {
    type: 'segment',
    id: segmentId(seed, kind, index),
    name: `${topicWord(dice)} ${index}`,
    created_at: created,
    updated_at: Math.min(now(), created + dice.below(1_000_000)),
    ...(kind === 'segments' || index % 3 === 0 ? { person_type: dice.pick(['contact', 'user']) } : {}),
    count: dice.chance(0.9) ? dice.below(5_000) : null,
  };
}

/** Up to `most` different numbers below `limit`. */
function someOf(dice: Dice, most: number, limit: number): number[] {
  if (limit === 0) return [];
  return [...new Set(Array.from({ length: dice.below(most + 1) }, () => dice.below(limit)))];
}
