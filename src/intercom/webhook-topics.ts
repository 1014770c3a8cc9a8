/**
 * The topics of Intercom's notifications, and which entities each names: those documented for API versions
 * 2.11 to 2.17 and Preview (2026-09), with the names that older versions have for them. Pure.
 */

import { ENTITIES, type Entity } from '../model/hint.js';

/** Topics by the entities that they name. Intercom sends some with and without their last letter. */
const TOPICS: readonly (readonly [entities: readonly Entity[], topics: string])[] = [
  [
    ['contact'],
    `contact.archive contact.archived contact.deleted contact.email.updated contact.merged contact.subscribed contact.unarchive
     contact.unarchived contact.unsubscribed contact.added_email contact.created contact.signed_up contact.updated
     contact.tag.created contact.tag.deleted
     contact.lead.added_email contact.lead.created contact.lead.deleted contact.lead.signed_up contact.lead.tag.created
     contact.lead.tag.deleted contact.lead.updated
     contact.user.created contact.user.deleted contact.user.tag.created contact.user.tag.deleted contact.user.updated
     granular.subscribe granular.unsubscribe visitor.signed_up`,
  ],
  [
    ['conversation'],
    `conversation.admin.assigned conversation.admin.closed conversation.admin.noted conversation.admin.open.assigned
     conversation.admin.opened conversation.admin.replied conversation.admin.replied.translated
     conversation.admin.single.created conversation.admin.snoozed conversation.admin.unsnoozed
     conversation.company.updated conversation.deleted conversation.operator.replied conversation.priority.updated
     conversation.rating.added conversation.read conversation.user.created conversation.user.replied
     conversation_part.redacted conversation_part.tag.created
     call.started call.ended call.recording_available call.transcription_available`,
  ],
  [['conversation', 'contact'], 'conversation.contact.attached conversation.contact.detached'],
  [['company'], 'company.created company.deleted company.updated'],
  [['company', 'contact'], 'company.contact.attached company.contact.detached'],
  [
    ['ticket', 'conversation'],
    `ticket.admin.assigned ticket.admin.replied ticket.admin.replied.translated ticket.admin.snoozed ticket.admin.unsnoozed
     ticket.attribute.updated ticket.closed ticket.contact.replied ticket.created ticket.note.created
     ticket.rating.provided ticket.resolved ticket.state.updated ticket.team.assigned`,
  ],
  [['ticket', 'conversation', 'contact'], 'ticket.contact.attached ticket.contact.detached'],
  [
    [],
    `admin.activity_log_event.created admin.added_to_workspace admin.away_mode_updated admin.logged_in admin.logged_out
     admin.removed_from_workspace
     api.request.completed
     article.created article.deleted article.published article.unpublished article.updated
     audience.created audience.deleted audience.member_added audience.member_removed audience.updated
     content_import_source.created content_import_source.deleted content_import_source.updated
     content_snippet.created content_snippet.deleted content_snippet.updated
     content_stat.banner content_stat.carousel content_stat.chat content_stat.checklist content_stat.custom_bot
     content_stat.email content_stat.news_item content_stat.post content_stat.push content_stat.series
     content_stat.series.webhook content_stat.sms content_stat.survey content_stat.tooltip_group content_stat.tour
     data_connector.execution.completed event.created job.completed ping`,
  ],
];

const ENTITIES_OF: ReadonlyMap<string, readonly Entity[]> = new Map(
  TOPICS.flatMap(([entities, topics]) => topics.split(/\s+/).map((topic) => [topic, entities] as const)),
);

/** Every topic that is documented. */
export const DOCUMENTED_TOPICS: readonly string[] = [...ENTITIES_OF.keys()];

/**
 * The entities that a notification of this topic names; for a topic that is not documented, all that its item
 * may hold.
 */
export function entitiesOf(topic: string): readonly Entity[] {
  return ENTITIES_OF.get(topic) ?? ENTITIES;
}
