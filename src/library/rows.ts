/**
 * The rows of each table as their topic has them. Generated from avro/: `npm run generate`.
 *
 * Times are epoch milliseconds, `long` and `double` are numbers, JSON text is a string. Every field but the key may be null.
 */

/** A typed column for each attribute that the workspace defines, with `customAttributes: columns`. */
export interface CustomAttributeColumns {
  readonly [column: `custom_attributes_${string}`]: string | number | boolean | null;
}

/** A teammate of the workspace. Removed teammates vanish from the API. */
export interface AdminRow {
  /** ID of the teammate. */
  readonly id: string;
  /** Kind of object; Intercom sends "admin". */
  readonly type: string | null;
  /** Full name of the teammate. */
  readonly name: string | null;
  /** E-mail address that the teammate signs in with. */
  readonly email: string | null;
  /** Job title of the teammate. */
  readonly job_title: string | null;
  /** Whether the teammate is set to away. */
  readonly away_mode_enabled: boolean | null;
  /** Whether new replies to the teammate's conversations go back to the default inbox while the teammate is away. */
  readonly away_mode_reassign: boolean | null;
  /** ID of the reason given for being away. */
  readonly away_status_reason_id: string | null;
  /** Whether the teammate holds a paid inbox seat. */
  readonly has_inbox_seat: boolean | null;
  /** IDs of the teams that the teammate belongs to. */
  readonly team_ids: readonly string[] | null;
  /** URL of the teammate's picture. */
  readonly avatar: string | null;
  /** IDs of the teams that the teammate serves first. */
  readonly team_priority_level_primary_team_ids: readonly string[] | null;
  /** IDs of the teams that the teammate serves after the primary ones. */
  readonly team_priority_level_secondary_team_ids: readonly string[] | null;
  /** Kind of object; Intercom sends "role". */
  readonly role_type: string | null;
  /** ID of the teammate's role. */
  readonly role_id: string | null;
  /** Name of the teammate's role. */
  readonly role_name: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A teammate of the workspace. Removed teammates vanish from the API. */
export interface AdminNestedRow {
  /** ID of the teammate. */
  readonly id: string;
  /** Kind of object; Intercom sends "admin". */
  readonly type: string | null;
  /** Full name of the teammate. */
  readonly name: string | null;
  /** E-mail address that the teammate signs in with. */
  readonly email: string | null;
  /** Job title of the teammate. */
  readonly job_title: string | null;
  /** Whether the teammate is set to away. */
  readonly away_mode_enabled: boolean | null;
  /** Whether new replies to the teammate's conversations go back to the default inbox while the teammate is away. */
  readonly away_mode_reassign: boolean | null;
  /** ID of the reason given for being away. */
  readonly away_status_reason_id: string | null;
  /** Whether the teammate holds a paid inbox seat. */
  readonly has_inbox_seat: boolean | null;
  /** IDs of the teams that the teammate belongs to. */
  readonly team_ids: readonly string[] | null;
  /** URL of the teammate's picture. */
  readonly avatar: string | null;
  /** For which teams the teammate takes conversations first. */
  readonly team_priority_level: {
    /** IDs of the teams that the teammate serves first. */
    readonly primary_team_ids: readonly string[] | null;
    /** IDs of the teams that the teammate serves after the primary ones. */
    readonly secondary_team_ids: readonly string[] | null;
  } | null;
  /** Role of the teammate; null when none is assigned. */
  readonly role: {
    /** Kind of object; Intercom sends "role". */
    readonly type: string | null;
    /** ID of the teammate's role. */
    readonly id: string | null;
    /** Name of the teammate's role. */
    readonly name: string | null;
  } | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A company (account) that contacts belong to. */
export interface CompanyRow extends CustomAttributeColumns {
  /** ID that Intercom gave the company. */
  readonly id: string;
  /** Kind of object; Intercom sends "company". */
  readonly type: string | null;
  /** ID that the customer gave the company in their own system. */
  readonly company_id: string | null;
  /** Code of the workspace that the company belongs to. */
  readonly app_id: string | null;
  /** Name of the company. */
  readonly name: string | null;
  /** Kind of object; Intercom sends "plan". */
  readonly plan_type: string | null;
  /** ID of the plan. */
  readonly plan_id: string | null;
  /** Name of the plan. */
  readonly plan_name: string | null;
  /** When the company was created in the customer's own system. */
  readonly remote_created_at: number | null;
  /** When the company was added to Intercom. */
  readonly created_at: number | null;
  /** When the company was last changed in Intercom. */
  readonly updated_at: number | null;
  /** When somebody of the company last used the customer's product. */
  readonly last_request_at: number | null;
  /** Number of people whom the company employs. */
  readonly size: number | null;
  /** Address of the company's website. */
  readonly website: string | null;
  /** Industry that the company works in. */
  readonly industry: string | null;
  /** Revenue from the company per month, in the customer's own currency. */
  readonly monthly_spend: number | null;
  /** Number of sessions recorded for the company. */
  readonly session_count: number | null;
  /** Number of users who belong to the company. */
  readonly user_count: number | null;
  /** The customer's own attributes of the company: an object of names and values. */
  readonly custom_attributes: string | null;
  /** Tags on the company, all of them. */
  readonly tags: string | null;
  /** Segments that the company is in, all of them. */
  readonly segments: string | null;
  /** Notes on the company: the list object as Intercom sends it. */
  readonly notes: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A company (account) that contacts belong to. */
export interface CompanyNestedRow extends CustomAttributeColumns {
  /** ID that Intercom gave the company. */
  readonly id: string;
  /** Kind of object; Intercom sends "company". */
  readonly type: string | null;
  /** ID that the customer gave the company in their own system. */
  readonly company_id: string | null;
  /** Code of the workspace that the company belongs to. */
  readonly app_id: string | null;
  /** Name of the company. */
  readonly name: string | null;
  /** Plan that the company has signed up to; null when it has none. */
  readonly plan: {
    /** Kind of object; Intercom sends "plan". */
    readonly type: string | null;
    /** ID of the plan. */
    readonly id: string | null;
    /** Name of the plan. */
    readonly name: string | null;
  } | null;
  /** When the company was created in the customer's own system. */
  readonly remote_created_at: number | null;
  /** When the company was added to Intercom. */
  readonly created_at: number | null;
  /** When the company was last changed in Intercom. */
  readonly updated_at: number | null;
  /** When somebody of the company last used the customer's product. */
  readonly last_request_at: number | null;
  /** Number of people whom the company employs. */
  readonly size: number | null;
  /** Address of the company's website. */
  readonly website: string | null;
  /** Industry that the company works in. */
  readonly industry: string | null;
  /** Revenue from the company per month, in the customer's own currency. */
  readonly monthly_spend: number | null;
  /** Number of sessions recorded for the company. */
  readonly session_count: number | null;
  /** Number of users who belong to the company. */
  readonly user_count: number | null;
  /** The customer's own attributes of the company: an object of names and values. */
  readonly custom_attributes: string | null;
  /** Tags on the company, all of them. */
  readonly tags: readonly {
    /** Kind of object; Intercom sends "tag". */
    readonly type: string | null;
    /** ID of the tag. */
    readonly id: string | null;
    /** Name of the tag. */
    readonly name: string | null;
  }[] | null;
  /** Segments that the company is in, all of them. */
  readonly segments: readonly {
    /** Kind of object; Intercom sends "segment". */
    readonly type: string | null;
    /** ID of the segment. */
    readonly id: string | null;
    /** Name of the segment. */
    readonly name: string | null;
    /** When the segment was created. */
    readonly created_at: number | null;
    /** When the segment was last changed. */
    readonly updated_at: number | null;
    /** Whom the segment holds: "contact" (leads) or "user". */
    readonly person_type: string | null;
    /** Number of members of the segment; null unless it was counted. */
    readonly count: number | null;
  }[] | null;
  /** Notes on the company: the list object as Intercom sends it. */
  readonly notes: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** An attribute, built in or custom, that companies can have. It has no ID of its own unless it is custom. */
export interface CompanyAttributeRow {
  /** Identifies the attribute: lower-case hexadecimal SHA-256 of its id, name and description put together. A changed description makes a new key. */
  readonly _sdc_record_hash: string;
  /** Kind of object; Intercom sends "data_attribute". */
  readonly type: string | null;
  /** Number that Intercom gave the attribute; null for built-in ones. */
  readonly id: number | null;
  /** What the attribute describes: "contact" or "company". */
  readonly model: string | null;
  /** Name of the attribute; not unique, see full_name. */
  readonly name: string | null;
  /** Name with the object that holds it, such as "plan.name"; unique per model. */
  readonly full_name: string | null;
  /** Name shown in Intercom. */
  readonly label: string | null;
  /** What the attribute means, in the words of whoever made it. */
  readonly description: string | null;
  /** Type of its values: "string", "integer", "float", "boolean", "date", from version 2.17 also "datetime". */
  readonly data_type: string | null;
  /** Values to choose from; null when any value may be set. */
  readonly options: readonly string[] | null;
  /** Whether the API may set the attribute. */
  readonly api_writable: boolean | null;
  /** Whether the Messenger may set the attribute. */
  readonly messenger_writable: boolean | null;
  /** Whether teammates may set the attribute. */
  readonly ui_writable: boolean | null;
  /** Whether the attribute was defined in the workspace rather than by Intercom. */
  readonly custom: boolean | null;
  /** Whether the attribute is archived. */
  readonly archived: boolean | null;
  /** When the attribute was created; null for built-in ones. */
  readonly created_at: number | null;
  /** When the attribute was last changed; null for built-in ones. */
  readonly updated_at: number | null;
  /** ID of the teammate who created the attribute; null for built-in ones. */
  readonly admin_id: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** An attribute, built in or custom, that companies can have. It has no ID of its own unless it is custom. */
export interface CompanyAttributeNestedRow {
  /** Identifies the attribute: lower-case hexadecimal SHA-256 of its id, name and description put together. A changed description makes a new key. */
  readonly _sdc_record_hash: string;
  /** Kind of object; Intercom sends "data_attribute". */
  readonly type: string | null;
  /** Number that Intercom gave the attribute; null for built-in ones. */
  readonly id: number | null;
  /** What the attribute describes: "contact" or "company". */
  readonly model: string | null;
  /** Name of the attribute; not unique, see full_name. */
  readonly name: string | null;
  /** Name with the object that holds it, such as "plan.name"; unique per model. */
  readonly full_name: string | null;
  /** Name shown in Intercom. */
  readonly label: string | null;
  /** What the attribute means, in the words of whoever made it. */
  readonly description: string | null;
  /** Type of its values: "string", "integer", "float", "boolean", "date", from version 2.17 also "datetime". */
  readonly data_type: string | null;
  /** Values to choose from; null when any value may be set. */
  readonly options: readonly string[] | null;
  /** Whether the API may set the attribute. */
  readonly api_writable: boolean | null;
  /** Whether the Messenger may set the attribute. */
  readonly messenger_writable: boolean | null;
  /** Whether teammates may set the attribute. */
  readonly ui_writable: boolean | null;
  /** Whether the attribute was defined in the workspace rather than by Intercom. */
  readonly custom: boolean | null;
  /** Whether the attribute is archived. */
  readonly archived: boolean | null;
  /** When the attribute was created; null for built-in ones. */
  readonly created_at: number | null;
  /** When the attribute was last changed; null for built-in ones. */
  readonly updated_at: number | null;
  /** ID of the teammate who created the attribute; null for built-in ones. */
  readonly admin_id: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A group of companies defined by rules. */
export interface CompanySegmentRow {
  /** ID of the segment. */
  readonly id: string;
  /** Kind of object; Intercom sends "segment". */
  readonly type: string | null;
  /** Name of the segment. */
  readonly name: string | null;
  /** When the segment was created. */
  readonly created_at: number | null;
  /** When the segment was last changed; a change of its members need not show here. */
  readonly updated_at: number | null;
  /** Whom the segment holds: "contact" (leads) or "user". */
  readonly person_type: string | null;
  /** Number of members when the segment was read; null when Intercom did not count. */
  readonly count: number | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A group of companies defined by rules. */
export interface CompanySegmentNestedRow {
  /** ID of the segment. */
  readonly id: string;
  /** Kind of object; Intercom sends "segment". */
  readonly type: string | null;
  /** Name of the segment. */
  readonly name: string | null;
  /** When the segment was created. */
  readonly created_at: number | null;
  /** When the segment was last changed; a change of its members need not show here. */
  readonly updated_at: number | null;
  /** Whom the segment holds: "contact" (leads) or "user". */
  readonly person_type: string | null;
  /** Number of members when the segment was read; null when Intercom did not count. */
  readonly count: number | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** An attribute, built in or custom, that contacts can have. It has no ID of its own unless it is custom. */
export interface ContactAttributeRow {
  /** Identifies the attribute: lower-case hexadecimal SHA-256 of its id, name and description put together. A changed description makes a new key. */
  readonly _sdc_record_hash: string;
  /** Kind of object; Intercom sends "data_attribute". */
  readonly type: string | null;
  /** Number that Intercom gave the attribute; null for built-in ones. */
  readonly id: number | null;
  /** What the attribute describes: "contact" or "company". */
  readonly model: string | null;
  /** Name of the attribute; not unique, see full_name. */
  readonly name: string | null;
  /** Name with the object that holds it, such as "plan.name"; unique per model. */
  readonly full_name: string | null;
  /** Name shown in Intercom. */
  readonly label: string | null;
  /** What the attribute means, in the words of whoever made it. */
  readonly description: string | null;
  /** Type of its values: "string", "integer", "float", "boolean", "date", from version 2.17 also "datetime". */
  readonly data_type: string | null;
  /** Values to choose from; null when any value may be set. */
  readonly options: readonly string[] | null;
  /** Whether the API may set the attribute. */
  readonly api_writable: boolean | null;
  /** Whether the Messenger may set the attribute. */
  readonly messenger_writable: boolean | null;
  /** Whether teammates may set the attribute. */
  readonly ui_writable: boolean | null;
  /** Whether the attribute was defined in the workspace rather than by Intercom. */
  readonly custom: boolean | null;
  /** Whether the attribute is archived. */
  readonly archived: boolean | null;
  /** When the attribute was created; null for built-in ones. */
  readonly created_at: number | null;
  /** When the attribute was last changed; null for built-in ones. */
  readonly updated_at: number | null;
  /** ID of the teammate who created the attribute; null for built-in ones. */
  readonly admin_id: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** An attribute, built in or custom, that contacts can have. It has no ID of its own unless it is custom. */
export interface ContactAttributeNestedRow {
  /** Identifies the attribute: lower-case hexadecimal SHA-256 of its id, name and description put together. A changed description makes a new key. */
  readonly _sdc_record_hash: string;
  /** Kind of object; Intercom sends "data_attribute". */
  readonly type: string | null;
  /** Number that Intercom gave the attribute; null for built-in ones. */
  readonly id: number | null;
  /** What the attribute describes: "contact" or "company". */
  readonly model: string | null;
  /** Name of the attribute; not unique, see full_name. */
  readonly name: string | null;
  /** Name with the object that holds it, such as "plan.name"; unique per model. */
  readonly full_name: string | null;
  /** Name shown in Intercom. */
  readonly label: string | null;
  /** What the attribute means, in the words of whoever made it. */
  readonly description: string | null;
  /** Type of its values: "string", "integer", "float", "boolean", "date", from version 2.17 also "datetime". */
  readonly data_type: string | null;
  /** Values to choose from; null when any value may be set. */
  readonly options: readonly string[] | null;
  /** Whether the API may set the attribute. */
  readonly api_writable: boolean | null;
  /** Whether the Messenger may set the attribute. */
  readonly messenger_writable: boolean | null;
  /** Whether teammates may set the attribute. */
  readonly ui_writable: boolean | null;
  /** Whether the attribute was defined in the workspace rather than by Intercom. */
  readonly custom: boolean | null;
  /** Whether the attribute is archived. */
  readonly archived: boolean | null;
  /** When the attribute was created; null for built-in ones. */
  readonly created_at: number | null;
  /** When the attribute was last changed; null for built-in ones. */
  readonly updated_at: number | null;
  /** ID of the teammate who created the attribute; null for built-in ones. */
  readonly admin_id: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A person whom the workspace knows: a user or a lead. */
export interface ContactRow extends CustomAttributeColumns {
  /** ID that Intercom gave the contact. */
  readonly id: string;
  /** Kind of object; Intercom sends "contact". */
  readonly type: string | null;
  /** ID of the workspace that the contact belongs to. */
  readonly workspace_id: string | null;
  /** ID that the customer gave the contact in their own system. */
  readonly external_id: string | null;
  /** "user" or "lead". */
  readonly role: string | null;
  /** E-mail address of the contact; leads may have none. */
  readonly email: string | null;
  /** Domain of the contact's e-mail address. */
  readonly email_domain: string | null;
  /** Telephone number of the contact. */
  readonly phone: string | null;
  /** Telephone number of the contact as Intercom formats it. */
  readonly formatted_phone: string | null;
  /** Name of the contact. */
  readonly name: string | null;
  /** URL of the contact's picture. */
  readonly avatar: string | null;
  /** ID of the teammate who owns the contact. */
  readonly owner_id: string | null;
  /** Kind of object; Intercom sends "list". */
  readonly social_profiles_type: string | null;
  /** Social profiles of the contact. */
  readonly social_profiles_data: string | null;
  /** Whether an e-mail to the contact was refused for good. */
  readonly has_hard_bounced: boolean | null;
  /** Whether the contact has marked an e-mail as spam. */
  readonly marked_email_as_spam: boolean | null;
  /** Whether the contact has unsubscribed from e-mail. */
  readonly unsubscribed_from_emails: boolean | null;
  /** Whether the contact has unsubscribed from text messages. */
  readonly unsubscribed_from_sms: boolean | null;
  /** Whether the contact has agreed to receive text messages. */
  readonly sms_consent: boolean | null;
  /** Whether the contact can be sent push messages. */
  readonly enabled_push_messaging: boolean | null;
  /** When the contact was created. */
  readonly created_at: number | null;
  /** When the contact was last changed. */
  readonly updated_at: number | null;
  /** When the contact signed up, as the customer set it. */
  readonly signed_up_at: number | null;
  /** When the contact was last seen. */
  readonly last_seen_at: number | null;
  /** When the contact last wrote. */
  readonly last_replied_at: number | null;
  /** When the contact was last written to. */
  readonly last_contacted_at: number | null;
  /** When the contact last opened an e-mail. */
  readonly last_email_opened_at: number | null;
  /** When the contact last followed a link in an e-mail. */
  readonly last_email_clicked_at: number | null;
  /** Language that the Messenger speaks to the contact whatever the browser asks for. */
  readonly language_override: string | null;
  /** Name of the browser that the contact uses. */
  readonly browser: string | null;
  /** Version of the browser that the contact uses. */
  readonly browser_version: string | null;
  /** Language that the contact's browser asks for. */
  readonly browser_language: string | null;
  /** Operating system that the contact uses. */
  readonly os: string | null;
  /** Kind of object; Intercom sends "location". */
  readonly location_type: string | null;
  /** Country that the contact is in. */
  readonly location_country: string | null;
  /** Region that the contact is in. */
  readonly location_region: string | null;
  /** City that the contact is in. */
  readonly location_city: string | null;
  /** ISO code of the country that the contact is in. */
  readonly location_country_code: string | null;
  /** Code of the continent that the contact is in. */
  readonly location_continent_code: string | null;
  /** Name of the Android app that the contact uses. */
  readonly android_app_name: string | null;
  /** Version of the Android app that the contact uses. */
  readonly android_app_version: string | null;
  /** Device with Android that the contact uses. */
  readonly android_device: string | null;
  /** Version of Android that the contact uses. */
  readonly android_os_version: string | null;
  /** Version of Intercom's Android SDK in the app that the contact uses. */
  readonly android_sdk_version: string | null;
  /** When the contact last used the Android app. */
  readonly android_last_seen_at: number | null;
  /** Name of the iOS app that the contact uses. */
  readonly ios_app_name: string | null;
  /** Version of the iOS app that the contact uses. */
  readonly ios_app_version: string | null;
  /** Device with iOS that the contact uses. */
  readonly ios_device: string | null;
  /** Version of iOS that the contact uses. */
  readonly ios_os_version: string | null;
  /** Version of Intercom's iOS SDK in the app that the contact uses. */
  readonly ios_sdk_version: string | null;
  /** When the contact last used the iOS app. */
  readonly ios_last_seen_at: number | null;
  /** Page that led the contact to the customer's site. */
  readonly referrer: string | null;
  /** Campaign that led the contact to the customer's site (utm_campaign). */
  readonly utm_campaign: string | null;
  /** Content of the advertisement that led the contact to the site (utm_content). */
  readonly utm_content: string | null;
  /** Medium that led the contact to the customer's site (utm_medium). */
  readonly utm_medium: string | null;
  /** Source that led the contact to the customer's site (utm_source). */
  readonly utm_source: string | null;
  /** Search term that led the contact to the customer's site (utm_term). */
  readonly utm_term: string | null;
  /** The customer's own attributes of the contact: an object of names and values. */
  readonly custom_attributes: string | null;
  /** Tags on the contact. */
  readonly tags: string | null;
  /** Path in the API of the complete list of the contact's tags. */
  readonly tags_url: string | null;
  /** Number of tags of the contact, as Intercom counts them. */
  readonly tags_total_count: number | null;
  /** Whether Intercom's row itself held only the first of the contact's tags; the list here is complete all the same. */
  readonly tags_has_more: boolean | null;
  /** Companies that the contact belongs to. */
  readonly companies: string | null;
  /** Path in the API of the complete list of the contact's companies. */
  readonly companies_url: string | null;
  /** Number of companies of the contact, as Intercom counts them. */
  readonly companies_total_count: number | null;
  /** Whether Intercom's row itself held only the first of the contact's companies; the list here is complete all the same. */
  readonly companies_has_more: boolean | null;
  /** Kind of object; Intercom sends "list". */
  readonly notes_type: string | null;
  /** Notes on the contact. */
  readonly notes_data: string | null;
  /** Path in the API of the complete list of the contact's notes. */
  readonly notes_url: string | null;
  /** Number of notes on the contact, as Intercom counts them. */
  readonly notes_total_count: number | null;
  /** Whether Intercom's row itself held only the first of the contact's notes; the list here is complete all the same. */
  readonly notes_has_more: boolean | null;
  /** Subscription types that the contact has opted in to: the list object as Intercom sends it. */
  readonly opted_in_subscription_types: string | null;
  /** Subscription types that the contact has opted out of: the list object as Intercom sends it. */
  readonly opted_out_subscription_types: string | null;
  /** Contacts that were merged into this one; null unless the API was asked for them. */
  readonly merge_history: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A person whom the workspace knows: a user or a lead. */
export interface ContactNestedRow extends CustomAttributeColumns {
  /** ID that Intercom gave the contact. */
  readonly id: string;
  /** Kind of object; Intercom sends "contact". */
  readonly type: string | null;
  /** ID of the workspace that the contact belongs to. */
  readonly workspace_id: string | null;
  /** ID that the customer gave the contact in their own system. */
  readonly external_id: string | null;
  /** "user" or "lead". */
  readonly role: string | null;
  /** E-mail address of the contact; leads may have none. */
  readonly email: string | null;
  /** Domain of the contact's e-mail address. */
  readonly email_domain: string | null;
  /** Telephone number of the contact. */
  readonly phone: string | null;
  /** Telephone number of the contact as Intercom formats it. */
  readonly formatted_phone: string | null;
  /** Name of the contact. */
  readonly name: string | null;
  /** URL of the contact's picture. */
  readonly avatar: string | null;
  /** ID of the teammate who owns the contact. */
  readonly owner_id: string | null;
  /** Social profiles of the contact. */
  readonly social_profiles: {
    /** Kind of object; Intercom sends "list". */
    readonly type: string | null;
    /** Social profiles of the contact. */
    readonly data: readonly {
      /** Kind of object; Intercom sends "social_profile". */
      readonly type: string | null;
      /** Name of the social network. */
      readonly name: string | null;
      /** Address of the profile. */
      readonly url: string | null;
    }[] | null;
  } | null;
  /** Whether an e-mail to the contact was refused for good. */
  readonly has_hard_bounced: boolean | null;
  /** Whether the contact has marked an e-mail as spam. */
  readonly marked_email_as_spam: boolean | null;
  /** Whether the contact has unsubscribed from e-mail. */
  readonly unsubscribed_from_emails: boolean | null;
  /** Whether the contact has unsubscribed from text messages. */
  readonly unsubscribed_from_sms: boolean | null;
  /** Whether the contact has agreed to receive text messages. */
  readonly sms_consent: boolean | null;
  /** Whether the contact can be sent push messages. */
  readonly enabled_push_messaging: boolean | null;
  /** When the contact was created. */
  readonly created_at: number | null;
  /** When the contact was last changed. */
  readonly updated_at: number | null;
  /** When the contact signed up, as the customer set it. */
  readonly signed_up_at: number | null;
  /** When the contact was last seen. */
  readonly last_seen_at: number | null;
  /** When the contact last wrote. */
  readonly last_replied_at: number | null;
  /** When the contact was last written to. */
  readonly last_contacted_at: number | null;
  /** When the contact last opened an e-mail. */
  readonly last_email_opened_at: number | null;
  /** When the contact last followed a link in an e-mail. */
  readonly last_email_clicked_at: number | null;
  /** Language that the Messenger speaks to the contact whatever the browser asks for. */
  readonly language_override: string | null;
  /** Name of the browser that the contact uses. */
  readonly browser: string | null;
  /** Version of the browser that the contact uses. */
  readonly browser_version: string | null;
  /** Language that the contact's browser asks for. */
  readonly browser_language: string | null;
  /** Operating system that the contact uses. */
  readonly os: string | null;
  /** Where the contact is, guessed from the network address. */
  readonly location: {
    /** Kind of object; Intercom sends "location". */
    readonly type: string | null;
    /** Country that the contact is in. */
    readonly country: string | null;
    /** Region that the contact is in. */
    readonly region: string | null;
    /** City that the contact is in. */
    readonly city: string | null;
    /** ISO code of the country that the contact is in. */
    readonly country_code: string | null;
    /** Code of the continent that the contact is in. */
    readonly continent_code: string | null;
  } | null;
  /** Name of the Android app that the contact uses. */
  readonly android_app_name: string | null;
  /** Version of the Android app that the contact uses. */
  readonly android_app_version: string | null;
  /** Device with Android that the contact uses. */
  readonly android_device: string | null;
  /** Version of Android that the contact uses. */
  readonly android_os_version: string | null;
  /** Version of Intercom's Android SDK in the app that the contact uses. */
  readonly android_sdk_version: string | null;
  /** When the contact last used the Android app. */
  readonly android_last_seen_at: number | null;
  /** Name of the iOS app that the contact uses. */
  readonly ios_app_name: string | null;
  /** Version of the iOS app that the contact uses. */
  readonly ios_app_version: string | null;
  /** Device with iOS that the contact uses. */
  readonly ios_device: string | null;
  /** Version of iOS that the contact uses. */
  readonly ios_os_version: string | null;
  /** Version of Intercom's iOS SDK in the app that the contact uses. */
  readonly ios_sdk_version: string | null;
  /** When the contact last used the iOS app. */
  readonly ios_last_seen_at: number | null;
  /** Page that led the contact to the customer's site. */
  readonly referrer: string | null;
  /** Campaign that led the contact to the customer's site (utm_campaign). */
  readonly utm_campaign: string | null;
  /** Content of the advertisement that led the contact to the site (utm_content). */
  readonly utm_content: string | null;
  /** Medium that led the contact to the customer's site (utm_medium). */
  readonly utm_medium: string | null;
  /** Source that led the contact to the customer's site (utm_source). */
  readonly utm_source: string | null;
  /** Search term that led the contact to the customer's site (utm_term). */
  readonly utm_term: string | null;
  /** The customer's own attributes of the contact: an object of names and values. */
  readonly custom_attributes: string | null;
  /** Tags on the contact. */
  readonly tags: readonly {
    /** Kind of object that is referred to. */
    readonly type: string | null;
    /** ID of the tag. */
    readonly id: string | null;
    /** Path of the tag in the API. */
    readonly url: string | null;
  }[] | null;
  /** Path in the API of the complete list of the contact's tags. */
  readonly tags_url: string | null;
  /** Number of tags of the contact, as Intercom counts them. */
  readonly tags_total_count: number | null;
  /** Whether Intercom's row itself held only the first of the contact's tags; the list here is complete all the same. */
  readonly tags_has_more: boolean | null;
  /** Companies that the contact belongs to. */
  readonly companies: readonly {
    /** Kind of object that is referred to. */
    readonly type: string | null;
    /** ID of the company. */
    readonly id: string | null;
    /** Path of the company in the API. */
    readonly url: string | null;
  }[] | null;
  /** Path in the API of the complete list of the contact's companies. */
  readonly companies_url: string | null;
  /** Number of companies of the contact, as Intercom counts them. */
  readonly companies_total_count: number | null;
  /** Whether Intercom's row itself held only the first of the contact's companies; the list here is complete all the same. */
  readonly companies_has_more: boolean | null;
  /** Notes on the contact. */
  readonly notes: {
    /** Kind of object; Intercom sends "list". */
    readonly type: string | null;
    /** Notes on the contact. */
    readonly data: readonly {
      /** Kind of object that is referred to; Intercom sends "note". */
      readonly type: string | null;
      /** ID of the note. */
      readonly id: string | null;
      /** Path of the note in the API. */
      readonly url: string | null;
    }[] | null;
    /** Path in the API of the complete list of the contact's notes. */
    readonly url: string | null;
    /** Number of notes on the contact, as Intercom counts them. */
    readonly total_count: number | null;
    /** Whether Intercom's row itself held only the first of the contact's notes; the list here is complete all the same. */
    readonly has_more: boolean | null;
  } | null;
  /** Subscription types that the contact has opted in to: the list object as Intercom sends it. */
  readonly opted_in_subscription_types: string | null;
  /** Subscription types that the contact has opted out of: the list object as Intercom sends it. */
  readonly opted_out_subscription_types: string | null;
  /** Contacts that were merged into this one; null unless the API was asked for them. */
  readonly merge_history: readonly {
    /** Kind of object. */
    readonly type: string | null;
    /** ID that the merged contact had; no row has it any more. */
    readonly source_contact_id: string | null;
    /** Role that the merged contact had: "lead" or "user". */
    readonly source_contact_role: string | null;
    /** When the contacts were merged. */
    readonly merged_at: number | null;
  }[] | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** One event in a conversation: a comment, a note, an assignment, a change of state and so on. */
export interface ConversationPartRow {
  /** ID of the part, unique in the workspace. */
  readonly id: string;
  /** ID of the conversation that the part belongs to. */
  readonly conversation_id: string | null;
  /** Kind of object; Intercom sends "conversation_part". */
  readonly type: string | null;
  /** Kind of event, such as "comment", "note", "assignment" or "close"; the set is open. */
  readonly part_type: string | null;
  /** Text of the message; a fixed notice once it was redacted. */
  readonly body: string | null;
  /** When the part was created. */
  readonly created_at: number | null;
  /** When the part was last changed. */
  readonly updated_at: number | null;
  /** When the contact was notified of the part. */
  readonly notified_at: number | null;
  /** Kind of the assignee, such as "admin" or "team". */
  readonly assigned_to_type: string | null;
  /** ID of the assignee. */
  readonly assigned_to_id: string | null;
  /** Kind of author: "admin", "user", "lead", "bot" or "team". */
  readonly author_type: string | null;
  /** ID of the author. */
  readonly author_id: string | null;
  /** Name of the author. */
  readonly author_name: string | null;
  /** E-mail address of the author. */
  readonly author_email: string | null;
  /** Whether the AI agent wrote the part. */
  readonly author_from_ai_agent: boolean | null;
  /** Whether the part is an answer that AI generated. */
  readonly author_is_ai_answer: boolean | null;
  /** Files attached to the part. */
  readonly attachments: string | null;
  /** ID of the part in another system. */
  readonly external_id: string | null;
  /** Whether the part was redacted. */
  readonly redacted: boolean | null;
  /** Subject and addresses of an e-mail: the object as Intercom sends it. */
  readonly email_message_metadata: string | null;
  /** Quick replies of the part: the object as Intercom sends it. */
  readonly metadata: string | null;
  /** State of the conversation when the part was created: "open", "closed" or "snoozed". */
  readonly state: string | null;
  /** Tags on the part. */
  readonly tags: string | null;
  /** What the event changed: an object whose shape depends on part_type. */
  readonly event_details: string | null;
  /** Code of the app that created the part; null when none did. */
  readonly app_package_code: string | null;
  /** Translations of the part: the object as Intercom sends it. */
  readonly translations: string | null;
  /** Number of parts of the conversation when the part was read; the API shows the newest 500 only. */
  readonly conversation_total_parts: number | null;
  /** When the conversation was started. */
  readonly conversation_created_at: number | null;
  /** When the conversation was last changed, as of the reading of the part. */
  readonly conversation_updated_at: number | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** One event in a conversation: a comment, a note, an assignment, a change of state and so on. */
export interface ConversationPartNestedRow {
  /** ID of the part, unique in the workspace. */
  readonly id: string;
  /** ID of the conversation that the part belongs to. */
  readonly conversation_id: string | null;
  /** Kind of object; Intercom sends "conversation_part". */
  readonly type: string | null;
  /** Kind of event, such as "comment", "note", "assignment" or "close"; the set is open. */
  readonly part_type: string | null;
  /** Text of the message; a fixed notice once it was redacted. */
  readonly body: string | null;
  /** When the part was created. */
  readonly created_at: number | null;
  /** When the part was last changed. */
  readonly updated_at: number | null;
  /** When the contact was notified of the part. */
  readonly notified_at: number | null;
  /** Whom the part assigned the conversation to; null when the assignment did not change. */
  readonly assigned_to: {
    /** Kind of the assignee, such as "admin" or "team". */
    readonly type: string | null;
    /** ID of the assignee. */
    readonly id: string | null;
  } | null;
  /** Who wrote or caused the part. */
  readonly author: {
    /** Kind of author: "admin", "user", "lead", "bot" or "team". */
    readonly type: string | null;
    /** ID of the author. */
    readonly id: string | null;
    /** Name of the author. */
    readonly name: string | null;
    /** E-mail address of the author. */
    readonly email: string | null;
    /** Whether the AI agent wrote the part. */
    readonly from_ai_agent: boolean | null;
    /** Whether the part is an answer that AI generated. */
    readonly is_ai_answer: boolean | null;
  } | null;
  /** Files attached to the part. */
  readonly attachments: readonly {
    /** Kind of attachment, such as "upload". */
    readonly type: string | null;
    /** Name of the file. */
    readonly name: string | null;
    /** Address of the file; it may expire. */
    readonly url: string | null;
    /** Media type of the file. */
    readonly content_type: string | null;
    /** Size of the file in bytes. */
    readonly filesize: number | null;
    /** Width of an image in pixels. */
    readonly width: number | null;
    /** Height of an image in pixels. */
    readonly height: number | null;
  }[] | null;
  /** ID of the part in another system. */
  readonly external_id: string | null;
  /** Whether the part was redacted. */
  readonly redacted: boolean | null;
  /** Subject and addresses of an e-mail: the object as Intercom sends it. */
  readonly email_message_metadata: string | null;
  /** Quick replies of the part: the object as Intercom sends it. */
  readonly metadata: string | null;
  /** State of the conversation when the part was created: "open", "closed" or "snoozed". */
  readonly state: string | null;
  /** Tags on the part. */
  readonly tags: readonly {
    /** Kind of object; Intercom sends "tag". */
    readonly type: string | null;
    /** ID of the tag. */
    readonly id: string | null;
    /** Name of the tag. */
    readonly name: string | null;
  }[] | null;
  /** What the event changed: an object whose shape depends on part_type. */
  readonly event_details: string | null;
  /** Code of the app that created the part; null when none did. */
  readonly app_package_code: string | null;
  /** Translations of the part: the object as Intercom sends it. */
  readonly translations: string | null;
  /** Number of parts of the conversation when the part was read; the API shows the newest 500 only. */
  readonly conversation_total_parts: number | null;
  /** When the conversation was started. */
  readonly conversation_created_at: number | null;
  /** When the conversation was last changed, as of the reading of the part. */
  readonly conversation_updated_at: number | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A conversation with a contact, without its parts: those are in conversation_parts. */
export interface ConversationRow extends CustomAttributeColumns {
  /** ID of the conversation. */
  readonly id: string;
  /** Kind of object; Intercom sends "conversation". */
  readonly type: string | null;
  /** Title of the conversation. */
  readonly title: string | null;
  /** When the conversation was started. */
  readonly created_at: number | null;
  /** When the conversation or one of its parts was last changed. */
  readonly updated_at: number | null;
  /** Since when the contact has waited for a reply; null when the last reply is the workspace's. */
  readonly waiting_since: number | null;
  /** When the snoozed conversation opens again; may be in the future. */
  readonly snoozed_until: number | null;
  /** Whether the conversation is open. */
  readonly open: boolean | null;
  /** "open", "closed" or "snoozed". */
  readonly state: string | null;
  /** Whether the contact's last message has been read. */
  readonly read: boolean | null;
  /** "none", "low", "medium", "high" or "urgent". */
  readonly priority: string | null;
  /** ID of the teammate whom the conversation is assigned to; null when it is nobody's. */
  readonly admin_assignee_id: string | null;
  /** ID of the team that the conversation is assigned to; null when it is no team's. */
  readonly team_assignee_id: string | null;
  /** Company that the conversation belongs to: the object as Intercom sends it. */
  readonly company: string | null;
  /** Tags on the conversation. */
  readonly tags: string | null;
  /** Rating from 1 (worst) to 5 (best); null until the contact answers. */
  readonly conversation_rating_rating: number | null;
  /** Words that the contact added to the rating. */
  readonly conversation_rating_remark: string | null;
  /** When the contact was asked for a rating. */
  readonly conversation_rating_created_at: number | null;
  /** When the rating was last changed. */
  readonly conversation_rating_updated_at: number | null;
  /** Kind of object; Intercom sends "contact". */
  readonly conversation_rating_contact_type: string | null;
  /** ID of the contact who rated the conversation. */
  readonly conversation_rating_contact_id: string | null;
  /** ID of that contact in the customer's own system. */
  readonly conversation_rating_contact_external_id: string | null;
  /** What was rated: "admin", "bot", from version 2.17 also "workflow". */
  readonly conversation_rating_teammate_type: string | null;
  /** ID of the teammate who was rated. */
  readonly conversation_rating_teammate_id: string | null;
  /** What the conversation began with: message, author and attachments as Intercom sends them. */
  readonly source: string | null;
  /** Kind of the first message, such as "conversation" or "email". */
  readonly source_type: string | null;
  /** ID of the first message; not the ID of a part. */
  readonly source_id: string | null;
  /** How the conversation was started, such as "customer_initiated". */
  readonly source_delivered_as: string | null;
  /** ID of the author of the first message. */
  readonly source_author_id: string | null;
  /** Page on which the conversation was started; null for e-mail and bots. */
  readonly source_url: string | null;
  /** Whether the first message was redacted. */
  readonly source_redacted: boolean | null;
  /** Contacts who take part in the conversation, mostly one. */
  readonly contacts: string | null;
  /** Teammates who take part in the conversation. */
  readonly teammates: string | null;
  /** The customer's own attributes of the conversation: an object of names and values. */
  readonly custom_attributes: string | null;
  /** When the contact first replied. */
  readonly first_contact_reply_created_at: number | null;
  /** Kind of the contact's first reply. */
  readonly first_contact_reply_type: string | null;
  /** Page on which the contact first replied. */
  readonly first_contact_reply_url: string | null;
  /** Kind of object; Intercom sends "conversation_sla_summary". */
  readonly sla_applied_type: string | null;
  /** Name of the agreement. */
  readonly sla_applied_sla_name: string | null;
  /** "hit", "missed", "cancelled" or "active"; null once the agreement was taken off. */
  readonly sla_applied_sla_status: string | null;
  /** Kind of object; Intercom sends "conversation_statistics". */
  readonly statistics_type: string | null;
  /** Seconds until the last assignment before the first reply of a teammate. */
  readonly statistics_time_to_assignment: number | null;
  /** Seconds until the first reply of a teammate, without those outside office hours. */
  readonly statistics_time_to_admin_reply: number | null;
  /** Seconds until the conversation was first closed, without those outside office hours. */
  readonly statistics_time_to_first_close: number | null;
  /** Seconds until the conversation was last closed, without those outside office hours. */
  readonly statistics_time_to_last_close: number | null;
  /** Median of the seconds that teammates took to reply, without those outside office hours. */
  readonly statistics_median_time_to_reply: number | null;
  /** When the contact first wrote. */
  readonly statistics_first_contact_reply_at: number | null;
  /** When the conversation was first assigned after the contact first wrote. */
  readonly statistics_first_assignment_at: number | null;
  /** When a teammate first replied after the contact first wrote. */
  readonly statistics_first_admin_reply_at: number | null;
  /** When the conversation was first closed after the contact first wrote. */
  readonly statistics_first_close_at: number | null;
  /** When the conversation was last assigned. */
  readonly statistics_last_assignment_at: number | null;
  /** When a teammate first replied after the last assignment. */
  readonly statistics_last_assignment_admin_reply_at: number | null;
  /** When the contact last wrote. */
  readonly statistics_last_contact_reply_at: number | null;
  /** When a teammate last wrote. */
  readonly statistics_last_admin_reply_at: number | null;
  /** When the conversation was last closed. */
  readonly statistics_last_close_at: number | null;
  /** ID of the teammate who last closed the conversation. */
  readonly statistics_last_closed_by_id: string | null;
  /** Number of times that the conversation was reopened. */
  readonly statistics_count_reopens: number | null;
  /** Number of times that the conversation was assigned. */
  readonly statistics_count_assignments: number | null;
  /** Number of parts of the conversation. */
  readonly statistics_count_conversation_parts: number | null;
  /** How long each team took from its assignment until its first reply. */
  readonly statistics_assigned_team_first_response_time: string | null;
  /** How long each team took from its assignment until its first reply, in office hours. */
  readonly statistics_assigned_team_first_response_time_in_office_hours: string | null;
  /** Seconds from assignment to close. */
  readonly statistics_handling_time: number | null;
  /** Seconds that teammates actively worked on the conversation. */
  readonly statistics_adjusted_handling_time: number | null;
  /** Tickets and conversations linked to this one: the list object as Intercom sends it. */
  readonly linked_objects: string | null;
  /** Whether the AI agent took part in the conversation. */
  readonly ai_agent_participated: boolean | null;
  /** The AI agent's part in the conversation: the object as Intercom sends it. */
  readonly ai_agent: string | null;
  /** How the AI agent's part ended, such as "confirmed_resolution" or "escalated". */
  readonly ai_agent_resolution_state: string | null;
  /** Rating of the AI agent from 1 (worst) to 5 (best). */
  readonly ai_agent_rating: number | null;
  /** Whether the sales agent took part in the conversation. */
  readonly sales_agent_participated: boolean | null;
  /** The sales agent's part in the conversation: the object as Intercom sends it. */
  readonly sales_agent: string | null;
  /** Channel through which the conversation was started. */
  readonly channel_initial: string | null;
  /** Channel through which the conversation is held now. */
  readonly channel_current: string | null;
  /** Topics of the conversation: the object as Intercom sends it. */
  readonly topics: string | null;
  /** Ticket of the conversation: the object as Intercom sends it. */
  readonly ticket: string | null;
  /** Records of other help desks or CRM systems that belong to the conversation; 20 at most. */
  readonly external_references: string | null;
  /** Quality monitors that flagged the conversation: the list as Intercom sends it; null unless it was asked for. */
  readonly monitor_evaluations: string | null;
  /** Quality scorecards of the conversation: the list as Intercom sends it; null unless it was asked for. */
  readonly scorecards: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A conversation with a contact, without its parts: those are in conversation_parts. */
export interface ConversationNestedRow extends CustomAttributeColumns {
  /** ID of the conversation. */
  readonly id: string;
  /** Kind of object; Intercom sends "conversation". */
  readonly type: string | null;
  /** Title of the conversation. */
  readonly title: string | null;
  /** When the conversation was started. */
  readonly created_at: number | null;
  /** When the conversation or one of its parts was last changed. */
  readonly updated_at: number | null;
  /** Since when the contact has waited for a reply; null when the last reply is the workspace's. */
  readonly waiting_since: number | null;
  /** When the snoozed conversation opens again; may be in the future. */
  readonly snoozed_until: number | null;
  /** Whether the conversation is open. */
  readonly open: boolean | null;
  /** "open", "closed" or "snoozed". */
  readonly state: string | null;
  /** Whether the contact's last message has been read. */
  readonly read: boolean | null;
  /** "none", "low", "medium", "high" or "urgent". */
  readonly priority: string | null;
  /** ID of the teammate whom the conversation is assigned to; null when it is nobody's. */
  readonly admin_assignee_id: string | null;
  /** ID of the team that the conversation is assigned to; null when it is no team's. */
  readonly team_assignee_id: string | null;
  /** Company that the conversation belongs to: the object as Intercom sends it. */
  readonly company: string | null;
  /** Tags on the conversation. */
  readonly tags: readonly {
    /** Kind of object; Intercom sends "tag". */
    readonly type: string | null;
    /** ID of the tag. */
    readonly id: string | null;
    /** Name of the tag. */
    readonly name: string | null;
    /** When the tag was put on the conversation. */
    readonly applied_at: number | null;
    /** Who put the tag on the conversation. */
    readonly applied_by: {
      /** What applied the tag, such as "admin" or "contact". */
      readonly type: string | null;
      /** ID of the teammate or contact who applied the tag. */
      readonly id: string | null;
    } | null;
  }[] | null;
  /** Rating of the conversation; null until one is asked for. */
  readonly conversation_rating: {
    /** Rating from 1 (worst) to 5 (best); null until the contact answers. */
    readonly rating: number | null;
    /** Words that the contact added to the rating. */
    readonly remark: string | null;
    /** When the contact was asked for a rating. */
    readonly created_at: number | null;
    /** When the rating was last changed. */
    readonly updated_at: number | null;
    /** Contact who rated the conversation. */
    readonly contact: {
      /** Kind of object; Intercom sends "contact". */
      readonly type: string | null;
      /** ID of the contact who rated the conversation. */
      readonly id: string | null;
      /** ID of that contact in the customer's own system. */
      readonly external_id: string | null;
    } | null;
    /** Teammate who was rated. */
    readonly teammate: {
      /** What was rated: "admin", "bot", from version 2.17 also "workflow". */
      readonly type: string | null;
      /** ID of the teammate who was rated. */
      readonly id: string | null;
    } | null;
  } | null;
  /** What the conversation began with: message, author and attachments as Intercom sends them. */
  readonly source: string | null;
  /** Kind of the first message, such as "conversation" or "email". */
  readonly source_type: string | null;
  /** ID of the first message; not the ID of a part. */
  readonly source_id: string | null;
  /** How the conversation was started, such as "customer_initiated". */
  readonly source_delivered_as: string | null;
  /** ID of the author of the first message. */
  readonly source_author_id: string | null;
  /** Page on which the conversation was started; null for e-mail and bots. */
  readonly source_url: string | null;
  /** Whether the first message was redacted. */
  readonly source_redacted: boolean | null;
  /** Contacts who take part in the conversation, mostly one. */
  readonly contacts: readonly {
    /** Kind of object; Intercom sends "contact". */
    readonly type: string | null;
    /** ID of the contact. */
    readonly id: string | null;
    /** ID of the contact in the customer's own system. */
    readonly external_id: string | null;
  }[] | null;
  /** Teammates who take part in the conversation. */
  readonly teammates: readonly {
    /** Kind of object; Intercom sends "admin". */
    readonly type: string | null;
    /** ID of the teammate. */
    readonly id: string | null;
  }[] | null;
  /** The customer's own attributes of the conversation: an object of names and values. */
  readonly custom_attributes: string | null;
  /** First reply of the contact; null when there is none. */
  readonly first_contact_reply: {
    /** When the contact first replied. */
    readonly created_at: number | null;
    /** Kind of the contact's first reply. */
    readonly type: string | null;
    /** Page on which the contact first replied. */
    readonly url: string | null;
  } | null;
  /** Service-level agreement on the conversation. */
  readonly sla_applied: {
    /** Kind of object; Intercom sends "conversation_sla_summary". */
    readonly type: string | null;
    /** Name of the agreement. */
    readonly sla_name: string | null;
    /** "hit", "missed", "cancelled" or "active"; null once the agreement was taken off. */
    readonly sla_status: string | null;
  } | null;
  /** Times and counts of the conversation; many stay null until they are computed. */
  readonly statistics: {
    /** Kind of object; Intercom sends "conversation_statistics". */
    readonly type: string | null;
    /** Seconds until the last assignment before the first reply of a teammate. */
    readonly time_to_assignment: number | null;
    /** Seconds until the first reply of a teammate, without those outside office hours. */
    readonly time_to_admin_reply: number | null;
    /** Seconds until the conversation was first closed, without those outside office hours. */
    readonly time_to_first_close: number | null;
    /** Seconds until the conversation was last closed, without those outside office hours. */
    readonly time_to_last_close: number | null;
    /** Median of the seconds that teammates took to reply, without those outside office hours. */
    readonly median_time_to_reply: number | null;
    /** When the contact first wrote. */
    readonly first_contact_reply_at: number | null;
    /** When the conversation was first assigned after the contact first wrote. */
    readonly first_assignment_at: number | null;
    /** When a teammate first replied after the contact first wrote. */
    readonly first_admin_reply_at: number | null;
    /** When the conversation was first closed after the contact first wrote. */
    readonly first_close_at: number | null;
    /** When the conversation was last assigned. */
    readonly last_assignment_at: number | null;
    /** When a teammate first replied after the last assignment. */
    readonly last_assignment_admin_reply_at: number | null;
    /** When the contact last wrote. */
    readonly last_contact_reply_at: number | null;
    /** When a teammate last wrote. */
    readonly last_admin_reply_at: number | null;
    /** When the conversation was last closed. */
    readonly last_close_at: number | null;
    /** ID of the teammate who last closed the conversation. */
    readonly last_closed_by_id: string | null;
    /** Number of times that the conversation was reopened. */
    readonly count_reopens: number | null;
    /** Number of times that the conversation was assigned. */
    readonly count_assignments: number | null;
    /** Number of parts of the conversation. */
    readonly count_conversation_parts: number | null;
    /** How long each team took from its assignment until its first reply. */
    readonly assigned_team_first_response_time: readonly {
      /** ID of the team. */
      readonly team_id: string | null;
      /** Name of the team. */
      readonly team_name: string | null;
      /** Seconds until the team's first reply. */
      readonly response_time: number | null;
    }[] | null;
    /** How long each team took from its assignment until its first reply, in office hours. */
    readonly assigned_team_first_response_time_in_office_hours: readonly {
      /** ID of the team. */
      readonly team_id: string | null;
      /** Name of the team. */
      readonly team_name: string | null;
      /** Seconds until the team's first reply, in office hours. */
      readonly response_time: number | null;
    }[] | null;
    /** Seconds from assignment to close. */
    readonly handling_time: number | null;
    /** Seconds that teammates actively worked on the conversation. */
    readonly adjusted_handling_time: number | null;
  } | null;
  /** Tickets and conversations linked to this one: the list object as Intercom sends it. */
  readonly linked_objects: string | null;
  /** Whether the AI agent took part in the conversation. */
  readonly ai_agent_participated: boolean | null;
  /** The AI agent's part in the conversation: the object as Intercom sends it. */
  readonly ai_agent: string | null;
  /** How the AI agent's part ended, such as "confirmed_resolution" or "escalated". */
  readonly ai_agent_resolution_state: string | null;
  /** Rating of the AI agent from 1 (worst) to 5 (best). */
  readonly ai_agent_rating: number | null;
  /** Whether the sales agent took part in the conversation. */
  readonly sales_agent_participated: boolean | null;
  /** The sales agent's part in the conversation: the object as Intercom sends it. */
  readonly sales_agent: string | null;
  /** Channels of the conversation. */
  readonly channel: {
    /** Channel through which the conversation was started. */
    readonly initial: string | null;
    /** Channel through which the conversation is held now. */
    readonly current: string | null;
  } | null;
  /** Topics of the conversation: the object as Intercom sends it. */
  readonly topics: string | null;
  /** Ticket of the conversation: the object as Intercom sends it. */
  readonly ticket: string | null;
  /** Records of other help desks or CRM systems that belong to the conversation; 20 at most. */
  readonly external_references: readonly {
    /** System and kind of the record. */
    readonly type: string | null;
    /** ID of the record in the other system. */
    readonly id: string | null;
  }[] | null;
  /** Quality monitors that flagged the conversation: the list as Intercom sends it; null unless it was asked for. */
  readonly monitor_evaluations: string | null;
  /** Quality scorecards of the conversation: the list as Intercom sends it; null unless it was asked for. */
  readonly scorecards: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A group of contacts defined by rules. */
export interface SegmentRow {
  /** ID of the segment. */
  readonly id: string;
  /** Kind of object; Intercom sends "segment". */
  readonly type: string | null;
  /** Name of the segment. */
  readonly name: string | null;
  /** When the segment was created. */
  readonly created_at: number | null;
  /** When the segment was last changed; a change of its members need not show here. */
  readonly updated_at: number | null;
  /** Whom the segment holds: "contact" (leads) or "user". */
  readonly person_type: string | null;
  /** Number of members when the segment was read; null when Intercom did not count. */
  readonly count: number | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A group of contacts defined by rules. */
export interface SegmentNestedRow {
  /** ID of the segment. */
  readonly id: string;
  /** Kind of object; Intercom sends "segment". */
  readonly type: string | null;
  /** Name of the segment. */
  readonly name: string | null;
  /** When the segment was created. */
  readonly created_at: number | null;
  /** When the segment was last changed; a change of its members need not show here. */
  readonly updated_at: number | null;
  /** Whom the segment holds: "contact" (leads) or "user". */
  readonly person_type: string | null;
  /** Number of members when the segment was read; null when Intercom did not count. */
  readonly count: number | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A tag of the workspace. */
export interface TagRow {
  /** ID of the tag. */
  readonly id: string;
  /** Kind of object; Intercom sends "tag". */
  readonly type: string | null;
  /** Name of the tag. */
  readonly name: string | null;
  /** When the tag was put on an object; null in the workspace's list of tags. */
  readonly applied_at: number | null;
  /** What applied the tag, such as "admin" or "contact". */
  readonly applied_by_type: string | null;
  /** ID of the teammate or contact who applied the tag. */
  readonly applied_by_id: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A tag of the workspace. */
export interface TagNestedRow {
  /** ID of the tag. */
  readonly id: string;
  /** Kind of object; Intercom sends "tag". */
  readonly type: string | null;
  /** Name of the tag. */
  readonly name: string | null;
  /** When the tag was put on an object; null in the workspace's list of tags. */
  readonly applied_at: number | null;
  /** Who put the tag on an object; null in the workspace's list of tags. */
  readonly applied_by: {
    /** What applied the tag, such as "admin" or "contact". */
    readonly type: string | null;
    /** ID of the teammate or contact who applied the tag. */
    readonly id: string | null;
  } | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A team of the workspace's inbox. */
export interface TeamRow {
  /** ID of the team. */
  readonly id: string;
  /** Kind of object; Intercom sends "team". */
  readonly type: string | null;
  /** Name of the team. */
  readonly name: string | null;
  /** IDs of the teammates in the team. */
  readonly admin_ids: readonly string[] | null;
  /** IDs of the teammates who get the team's conversations first. */
  readonly admin_priority_level_primary_admin_ids: readonly string[] | null;
  /** IDs of the teammates who get them after the primary ones. */
  readonly admin_priority_level_secondary_admin_ids: readonly string[] | null;
  /** Number of open conversations that a teammate may be given; null unless the team is load-balanced. */
  readonly assignment_limit: number | null;
  /** How conversations are dealt out to the team, such as "round_robin". */
  readonly distribution_method: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A team of the workspace's inbox. */
export interface TeamNestedRow {
  /** ID of the team. */
  readonly id: string;
  /** Kind of object; Intercom sends "team". */
  readonly type: string | null;
  /** Name of the team. */
  readonly name: string | null;
  /** IDs of the teammates in the team. */
  readonly admin_ids: readonly string[] | null;
  /** Which teammates get the team's conversations first. */
  readonly admin_priority_level: {
    /** IDs of the teammates who get the team's conversations first. */
    readonly primary_admin_ids: readonly string[] | null;
    /** IDs of the teammates who get them after the primary ones. */
    readonly secondary_admin_ids: readonly string[] | null;
  } | null;
  /** Number of open conversations that a teammate may be given; null unless the team is load-balanced. */
  readonly assignment_limit: number | null;
  /** How conversations are dealt out to the team, such as "round_robin". */
  readonly distribution_method: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** Something that a teammate did to the workspace. It never changes. */
export interface ActivityLogRow {
  /** ID of the activity. */
  readonly id: string;
  /** The teammate who did it, with an address. */
  readonly performed_by: string | null;
  /** More about the activity; what it holds follows from its type. */
  readonly metadata: string | null;
  /** When it was done. */
  readonly created_at: number | null;
  /** Kind of activity, such as "admin_login_success". */
  readonly activity_type: string | null;
  /** A sentence or two about the activity. */
  readonly activity_description: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** Something that a teammate did to the workspace. It never changes. */
export interface ActivityLogNestedRow {
  /** ID of the activity. */
  readonly id: string;
  /** The teammate who did it, with an address. */
  readonly performed_by: string | null;
  /** More about the activity; what it holds follows from its type. */
  readonly metadata: string | null;
  /** When it was done. */
  readonly created_at: number | null;
  /** Kind of activity, such as "admin_login_success". */
  readonly activity_type: string | null;
  /** A sentence or two about the activity. */
  readonly activity_description: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** An article of the Help Center, with all its translations. */
export interface ArticleRow {
  /** ID of the article. */
  readonly id: string;
  /** Kind of object; Intercom sends "article". */
  readonly type: string | null;
  /** ID of the workspace. */
  readonly workspace_id: string | null;
  /** Title in the default language. */
  readonly title: string | null;
  /** Description in the default language. */
  readonly description: string | null;
  /** Text in the default language, as HTML. */
  readonly body: string | null;
  /** Text in the default language, as Markdown. */
  readonly body_markdown: string | null;
  /** ID of the teammate who is shown as the author. */
  readonly author_id: string | null;
  /** "published" or "draft". */
  readonly state: string | null;
  /** When the article was created. */
  readonly created_at: number | null;
  /** When the article was last changed. */
  readonly updated_at: number | null;
  /** Whether a draft lies on top of what is published. */
  readonly has_unpublished_changes: boolean | null;
  /** When that draft was last changed. */
  readonly draft_updated_at: number | null;
  /** Address of the article. */
  readonly url: string | null;
  /** ID of the collection or section that holds it. */
  readonly parent_id: string | null;
  /** "collection" or "section". */
  readonly parent_type: string | null;
  /** IDs of all collections and sections that hold it. */
  readonly parent_ids: readonly string[] | null;
  /** Whether the chatbot uses it. */
  readonly ai_chatbot_availability: boolean | null;
  /** Whether Copilot uses it. */
  readonly ai_copilot_availability: boolean | null;
  /** Whether the sales agent uses it. */
  readonly ai_sales_agent_availability: boolean | null;
  /** ID of the teammate who created it. */
  readonly created_by_id: string | null;
  /** ID of the teammate who changed it last. */
  readonly updated_by_id: string | null;
  /** Whether suggestions leave it out. */
  readonly exclude_from_article_suggestions: boolean | null;
  /** Who sees it in the Help Center, such as "everyone". */
  readonly help_center_audience: string | null;
  /** When it is to be published. */
  readonly scheduled_publish_at: number | null;
  /** When it is to be taken back. */
  readonly scheduled_unpublish_at: number | null;
  /** Default language of the Help Center. */
  readonly default_locale: string | null;
  /** The article in each language. */
  readonly translated_content: string | null;
  /** Views and reactions, where Intercom sends them. */
  readonly statistics: string | null;
  /** Tags of the article. */
  readonly tags: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** An article of the Help Center, with all its translations. */
export interface ArticleNestedRow {
  /** ID of the article. */
  readonly id: string;
  /** Kind of object; Intercom sends "article". */
  readonly type: string | null;
  /** ID of the workspace. */
  readonly workspace_id: string | null;
  /** Title in the default language. */
  readonly title: string | null;
  /** Description in the default language. */
  readonly description: string | null;
  /** Text in the default language, as HTML. */
  readonly body: string | null;
  /** Text in the default language, as Markdown. */
  readonly body_markdown: string | null;
  /** ID of the teammate who is shown as the author. */
  readonly author_id: string | null;
  /** "published" or "draft". */
  readonly state: string | null;
  /** When the article was created. */
  readonly created_at: number | null;
  /** When the article was last changed. */
  readonly updated_at: number | null;
  /** Whether a draft lies on top of what is published. */
  readonly has_unpublished_changes: boolean | null;
  /** When that draft was last changed. */
  readonly draft_updated_at: number | null;
  /** Address of the article. */
  readonly url: string | null;
  /** ID of the collection or section that holds it. */
  readonly parent_id: string | null;
  /** "collection" or "section". */
  readonly parent_type: string | null;
  /** IDs of all collections and sections that hold it. */
  readonly parent_ids: readonly string[] | null;
  /** Whether the chatbot uses it. */
  readonly ai_chatbot_availability: boolean | null;
  /** Whether Copilot uses it. */
  readonly ai_copilot_availability: boolean | null;
  /** Whether the sales agent uses it. */
  readonly ai_sales_agent_availability: boolean | null;
  /** ID of the teammate who created it. */
  readonly created_by_id: string | null;
  /** ID of the teammate who changed it last. */
  readonly updated_by_id: string | null;
  /** Whether suggestions leave it out. */
  readonly exclude_from_article_suggestions: boolean | null;
  /** Who sees it in the Help Center, such as "everyone". */
  readonly help_center_audience: string | null;
  /** When it is to be published. */
  readonly scheduled_publish_at: number | null;
  /** When it is to be taken back. */
  readonly scheduled_unpublish_at: number | null;
  /** Default language of the Help Center. */
  readonly default_locale: string | null;
  /** The article in each language. */
  readonly translated_content: string | null;
  /** Views and reactions, where Intercom sends them. */
  readonly statistics: string | null;
  /** Tags of the article. */
  readonly tags: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A custom attribute that conversations can have. Before API version 2.16 the standard attributes come with them, have no ID and are left out. */
export interface ConversationAttributeRow {
  /** Number that Intercom gave the attribute. */
  readonly id: string;
  /** Kind of object; Intercom sends "conversation_attribute". */
  readonly type: string | null;
  /** Name of the attribute, which is its key among the custom attributes of a conversation. */
  readonly name: string | null;
  /** Description of the attribute. */
  readonly description: string | null;
  /** Type of its values, such as "string", "list" or "datetime". */
  readonly data_type: string | null;
  /** Whether a conversation must have it before it is closed. */
  readonly required: boolean | null;
  /** IDs of the teams that see it; none stands for all. */
  readonly visible_to_team_ids: readonly string[] | null;
  /** The values that a list can take. */
  readonly options: string | null;
  /** Whether a text can have several lines. */
  readonly multiline: boolean | null;
  /** What a relationship points at. */
  readonly reference: string | null;
  /** Whether the attribute is archived. */
  readonly archived: boolean | null;
  /** ID of the teammate who made it. */
  readonly admin_id: string | null;
  /** When the attribute was created. */
  readonly created_at: number | null;
  /** When the attribute was last changed. */
  readonly updated_at: number | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A custom attribute that conversations can have. Before API version 2.16 the standard attributes come with them, have no ID and are left out. */
export interface ConversationAttributeNestedRow {
  /** Number that Intercom gave the attribute. */
  readonly id: string;
  /** Kind of object; Intercom sends "conversation_attribute". */
  readonly type: string | null;
  /** Name of the attribute, which is its key among the custom attributes of a conversation. */
  readonly name: string | null;
  /** Description of the attribute. */
  readonly description: string | null;
  /** Type of its values, such as "string", "list" or "datetime". */
  readonly data_type: string | null;
  /** Whether a conversation must have it before it is closed. */
  readonly required: boolean | null;
  /** IDs of the teams that see it; none stands for all. */
  readonly visible_to_team_ids: readonly string[] | null;
  /** The values that a list can take. */
  readonly options: string | null;
  /** Whether a text can have several lines. */
  readonly multiline: boolean | null;
  /** What a relationship points at. */
  readonly reference: string | null;
  /** Whether the attribute is archived. */
  readonly archived: boolean | null;
  /** ID of the teammate who made it. */
  readonly admin_id: string | null;
  /** When the attribute was created. */
  readonly created_at: number | null;
  /** When the attribute was last changed. */
  readonly updated_at: number | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A collection of articles in a Help Center. */
export interface HelpCenterCollectionRow {
  /** ID of the collection. */
  readonly id: string;
  /** Kind of object, where Intercom sends it. */
  readonly type: string | null;
  /** ID of the workspace. */
  readonly workspace_id: string | null;
  /** Name in the default language. */
  readonly name: string | null;
  /** Description in the default language. */
  readonly description: string | null;
  /** When the collection was created. */
  readonly created_at: number | null;
  /** When the collection was last changed. */
  readonly updated_at: number | null;
  /** Address of the collection. */
  readonly url: string | null;
  /** Icon of the collection. */
  readonly icon: string | null;
  /** Default language of the Help Center. */
  readonly default_locale: string | null;
  /** Name and description in each language. */
  readonly translated_content: string | null;
  /** ID of the collection that holds it; null at the top. */
  readonly parent_id: string | null;
  /** ID of the Help Center. */
  readonly help_center_id: string | null;
  /** Place among its neighbours, from 0; `order` in the API. */
  readonly position: number | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A collection of articles in a Help Center. */
export interface HelpCenterCollectionNestedRow {
  /** ID of the collection. */
  readonly id: string;
  /** Kind of object, where Intercom sends it. */
  readonly type: string | null;
  /** ID of the workspace. */
  readonly workspace_id: string | null;
  /** Name in the default language. */
  readonly name: string | null;
  /** Description in the default language. */
  readonly description: string | null;
  /** When the collection was created. */
  readonly created_at: number | null;
  /** When the collection was last changed. */
  readonly updated_at: number | null;
  /** Address of the collection. */
  readonly url: string | null;
  /** Icon of the collection. */
  readonly icon: string | null;
  /** Default language of the Help Center. */
  readonly default_locale: string | null;
  /** Name and description in each language. */
  readonly translated_content: string | null;
  /** ID of the collection that holds it; null at the top. */
  readonly parent_id: string | null;
  /** ID of the Help Center. */
  readonly help_center_id: string | null;
  /** Place among its neighbours, from 0; `order` in the API. */
  readonly position: number | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A saved reply of the workspace. */
export interface MacroRow {
  /** ID of the macro. */
  readonly id: string;
  /** Kind of object; Intercom sends "macro". */
  readonly type: string | null;
  /** Name of the macro. */
  readonly name: string | null;
  /** Text as HTML, with its placeholders as elements. */
  readonly body: string | null;
  /** Text, with its placeholders in braces. */
  readonly body_text: string | null;
  /** When the macro was created. */
  readonly created_at: number | null;
  /** When the macro was last changed. */
  readonly updated_at: number | null;
  /** "everyone" or "specific_teams". */
  readonly visible_to: string | null;
  /** IDs of those teams. */
  readonly visible_to_team_ids: readonly string[] | null;
  /** Where it can be used, such as "inbox". */
  readonly available_on: readonly string[] | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A saved reply of the workspace. */
export interface MacroNestedRow {
  /** ID of the macro. */
  readonly id: string;
  /** Kind of object; Intercom sends "macro". */
  readonly type: string | null;
  /** Name of the macro. */
  readonly name: string | null;
  /** Text as HTML, with its placeholders as elements. */
  readonly body: string | null;
  /** Text, with its placeholders in braces. */
  readonly body_text: string | null;
  /** When the macro was created. */
  readonly created_at: number | null;
  /** When the macro was last changed. */
  readonly updated_at: number | null;
  /** "everyone" or "specific_teams". */
  readonly visible_to: string | null;
  /** IDs of those teams. */
  readonly visible_to_team_ids: readonly string[] | null;
  /** Where it can be used, such as "inbox". */
  readonly available_on: readonly string[] | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A kind of messages that contacts can opt in to or out of. */
export interface SubscriptionTypeRow {
  /** ID of the subscription type. */
  readonly id: string;
  /** Kind of object; Intercom sends "subscription". */
  readonly type: string | null;
  /** "live", "draft" or "archived". */
  readonly state: string | null;
  /** Name and description in the default language. */
  readonly default_translation: string | null;
  /** Name and description in each language. */
  readonly translations: string | null;
  /** "opt_out" or "opt_in". */
  readonly consent_type: string | null;
  /** Messages that it covers: "email", "sms_message". */
  readonly content_types: readonly string[] | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A kind of messages that contacts can opt in to or out of. */
export interface SubscriptionTypeNestedRow {
  /** ID of the subscription type. */
  readonly id: string;
  /** Kind of object; Intercom sends "subscription". */
  readonly type: string | null;
  /** "live", "draft" or "archived". */
  readonly state: string | null;
  /** Name and description in the default language. */
  readonly default_translation: string | null;
  /** Name and description in each language. */
  readonly translations: string | null;
  /** "opt_out" or "opt_in". */
  readonly consent_type: string | null;
  /** Messages that it covers: "email", "sms_message". */
  readonly content_types: readonly string[] | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A type of tickets, with its attributes and states. */
export interface TicketTypeRow {
  /** ID of the ticket type. */
  readonly id: string;
  /** Kind of object; Intercom sends "ticket_type". */
  readonly type: string | null;
  /** Category of its tickets: "Customer", "Back-office" or "Tracker". */
  readonly category: string | null;
  /** Name of the ticket type. */
  readonly name: string | null;
  /** Description of the ticket type. */
  readonly description: string | null;
  /** Icon of the ticket type. */
  readonly icon: string | null;
  /** ID of the workspace. */
  readonly workspace_id: string | null;
  /** The attributes that its tickets have. */
  readonly ticket_type_attributes: string | null;
  /** The states that its tickets can be in. */
  readonly ticket_states: string | null;
  /** Whether the ticket type is archived. */
  readonly archived: boolean | null;
  /** When the ticket type was created. */
  readonly created_at: number | null;
  /** When the ticket type was last changed. */
  readonly updated_at: number | null;
  /** Whether its tickets are for teammates only. */
  readonly is_internal: boolean | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A type of tickets, with its attributes and states. */
export interface TicketTypeNestedRow {
  /** ID of the ticket type. */
  readonly id: string;
  /** Kind of object; Intercom sends "ticket_type". */
  readonly type: string | null;
  /** Category of its tickets: "Customer", "Back-office" or "Tracker". */
  readonly category: string | null;
  /** Name of the ticket type. */
  readonly name: string | null;
  /** Description of the ticket type. */
  readonly description: string | null;
  /** Icon of the ticket type. */
  readonly icon: string | null;
  /** ID of the workspace. */
  readonly workspace_id: string | null;
  /** The attributes that its tickets have. */
  readonly ticket_type_attributes: string | null;
  /** The states that its tickets can be in. */
  readonly ticket_states: string | null;
  /** Whether the ticket type is archived. */
  readonly archived: boolean | null;
  /** When the ticket type was created. */
  readonly created_at: number | null;
  /** When the ticket type was last changed. */
  readonly updated_at: number | null;
  /** Whether its tickets are for teammates only. */
  readonly is_internal: boolean | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A ticket, with the newest of its parts. */
export interface TicketRow {
  /** ID of the ticket. */
  readonly id: string;
  /** Kind of object; Intercom sends "ticket". */
  readonly type: string | null;
  /** Number that people see in the inbox and the Messenger; not an ID. */
  readonly ticket_id: string | null;
  /** Category of the ticket: "Customer", "Back-office" or "Tracker". */
  readonly category: string | null;
  /** Values of the attributes of the ticket's type, by name. */
  readonly ticket_attributes: string | null;
  /** State of the ticket; a word before API version 2.12, an object from then on. */
  readonly ticket_state: string | null;
  /** Type of the ticket, as it was when the ticket was read. */
  readonly ticket_type: string | null;
  /** The contacts that the ticket is about. */
  readonly contacts: string | null;
  /** ID of the teammate that the ticket is assigned to; null when there is none. */
  readonly admin_assignee_id: string | null;
  /** ID of the team that the ticket is assigned to; null when there is none. */
  readonly team_assignee_id: string | null;
  /** When the ticket was created. */
  readonly created_at: number | null;
  /** When the ticket was last changed. */
  readonly updated_at: number | null;
  /** Whether the ticket is open. */
  readonly open: boolean | null;
  /** When the ticket wakes up again; null when it does not sleep. */
  readonly snoozed_until: number | null;
  /** Tickets and conversations that are linked to the ticket. */
  readonly linked_objects: string | null;
  /** The parts that the search shows, 500 at most, with their number. */
  readonly ticket_parts: string | null;
  /** Whether the customer sees the ticket. */
  readonly is_shared: boolean | null;
  /** ID of the state before the present one; null when it never changed. */
  readonly previous_ticket_state_id: string | null;
  /** Channel through which the ticket came, as Intercom sends it. */
  readonly channel: string | null;
  /** Label of the state that teammates see; API versions before 2.12 send it beside the state. */
  readonly ticket_state_internal_label: string | null;
  /** Label of the state that the customer sees; API versions before 2.12 send it beside the state. */
  readonly ticket_state_external_label: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** A ticket, with the newest of its parts. */
export interface TicketNestedRow {
  /** ID of the ticket. */
  readonly id: string;
  /** Kind of object; Intercom sends "ticket". */
  readonly type: string | null;
  /** Number that people see in the inbox and the Messenger; not an ID. */
  readonly ticket_id: string | null;
  /** Category of the ticket: "Customer", "Back-office" or "Tracker". */
  readonly category: string | null;
  /** Values of the attributes of the ticket's type, by name. */
  readonly ticket_attributes: string | null;
  /** State of the ticket; a word before API version 2.12, an object from then on. */
  readonly ticket_state: string | null;
  /** Type of the ticket, as it was when the ticket was read. */
  readonly ticket_type: string | null;
  /** The contacts that the ticket is about. */
  readonly contacts: string | null;
  /** ID of the teammate that the ticket is assigned to; null when there is none. */
  readonly admin_assignee_id: string | null;
  /** ID of the team that the ticket is assigned to; null when there is none. */
  readonly team_assignee_id: string | null;
  /** When the ticket was created. */
  readonly created_at: number | null;
  /** When the ticket was last changed. */
  readonly updated_at: number | null;
  /** Whether the ticket is open. */
  readonly open: boolean | null;
  /** When the ticket wakes up again; null when it does not sleep. */
  readonly snoozed_until: number | null;
  /** Tickets and conversations that are linked to the ticket. */
  readonly linked_objects: string | null;
  /** The parts that the search shows, 500 at most, with their number. */
  readonly ticket_parts: string | null;
  /** Whether the customer sees the ticket. */
  readonly is_shared: boolean | null;
  /** ID of the state before the present one; null when it never changed. */
  readonly previous_ticket_state_id: string | null;
  /** Channel through which the ticket came, as Intercom sends it. */
  readonly channel: string | null;
  /** Label of the state that teammates see; API versions before 2.12 send it beside the state. */
  readonly ticket_state_internal_label: string | null;
  /** Label of the state that the customer sees; API versions before 2.12 send it beside the state. */
  readonly ticket_state_external_label: string | null;
  /** What the API sent and no other field holds: unknown keys, and values of an unexpected type, in the nesting of the API's row; positions in a list are keys. Null when nothing is left over. */
  readonly _extra: string | null;
}

/** The rows of each table in the flat form. */
export interface FlatRows {
  readonly admins: AdminRow;
  readonly companies: CompanyRow;
  readonly company_attributes: CompanyAttributeRow;
  readonly company_segments: CompanySegmentRow;
  readonly contact_attributes: ContactAttributeRow;
  readonly contacts: ContactRow;
  readonly conversation_parts: ConversationPartRow;
  readonly conversations: ConversationRow;
  readonly segments: SegmentRow;
  readonly tags: TagRow;
  readonly teams: TeamRow;
  readonly activity_logs: ActivityLogRow;
  readonly articles: ArticleRow;
  readonly conversation_attributes: ConversationAttributeRow;
  readonly help_center_collections: HelpCenterCollectionRow;
  readonly macros: MacroRow;
  readonly subscription_types: SubscriptionTypeRow;
  readonly ticket_types: TicketTypeRow;
  readonly tickets: TicketRow;
}

/** The rows of each table in the nested form. */
export interface NestedRows {
  readonly admins: AdminNestedRow;
  readonly companies: CompanyNestedRow;
  readonly company_attributes: CompanyAttributeNestedRow;
  readonly company_segments: CompanySegmentNestedRow;
  readonly contact_attributes: ContactAttributeNestedRow;
  readonly contacts: ContactNestedRow;
  readonly conversation_parts: ConversationPartNestedRow;
  readonly conversations: ConversationNestedRow;
  readonly segments: SegmentNestedRow;
  readonly tags: TagNestedRow;
  readonly teams: TeamNestedRow;
  readonly activity_logs: ActivityLogNestedRow;
  readonly articles: ArticleNestedRow;
  readonly conversation_attributes: ConversationAttributeNestedRow;
  readonly help_center_collections: HelpCenterCollectionNestedRow;
  readonly macros: MacroNestedRow;
  readonly subscription_types: SubscriptionTypeNestedRow;
  readonly ticket_types: TicketTypeNestedRow;
  readonly tickets: TicketNestedRow;
}
