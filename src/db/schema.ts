/**
 * What D1 keeps: configuration, drafts, sealed credentials, templates made real, audit, and one coarse status for lists.
 * Everything that moves lives in the source's Durable Object. Times `...At` are epoch ms.
 *
 * Each list of words, here and in api/enums.ts, is the one source of its SQL column, its zod schema and its type.
 */
import { sql } from "drizzle-orm"
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core"
import { type Clearing, IDENTITIES, type MissingField, MODES } from "../api/enums.ts"
import type { Account, JsonValue } from "../connectors/kit/define.ts"
import type { Bookmark } from "../source/protocol/bookmark.ts"
import type { CollectionChoice, SealedTokens } from "../source/protocol/configuration.ts"

export const STATUSES = ["draft", "connected", "paused", "error"] as const
/** What to do about an account that was read into the same destination before: go on where that stopped, or send all again. */
export const RETURNING = ["continue", "accept"] as const
export const METRIC_TYPES = ["collection", "event", "formula", "user"] as const
export const AUDIT_ACTIONS = [
  "source.created",
  "source.drafted",
  "source.finished",
  "source.changed",
  "source.paused",
  "source.resumed",
  "source.deleted",
  "source.expired",
  "source.authorized",
  "source.reconnected",
  "source.scheduled",
  "source.synced",
  "source.resynced",
  "source.rearmed",
  "quarantine.replayed",
  "quarantine.discarded",
  "destination.changed",
  "destination.overridden",
  "settings.changed",
  "metric.created",
  "metric.changed",
  "metric.deleted",
  "segment.created",
  "segment.changed",
  "segment.deleted",
] as const

export type Status = (typeof STATUSES)[number]
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

/** Part of every table and of every query. */
const tenant = { org: text().notNull(), project: text().notNull() }
const json = <T>(name?: string) => (name ? text(name, { mode: "json" }) : text({ mode: "json" })).$type<T>()
const made = { createdBy: text("created_by").notNull(), createdAt: integer("created_at").notNull() }

export const sources = sqliteTable(
  "sources",
  {
    ...tenant,
    id: text().primaryKey(),
    connector: text().notNull(),
    /** The partner's account; null in a draft without credentials. */
    accountId: text("account_id"),
    accountName: text("account_name"),
    accountMode: text("account_mode", { enum: MODES }),
    name: text().notNull(),
    config: json<JsonValue>().notNull(),
    collections: json<CollectionChoice[]>().notNull(),
    identity: text({ enum: IDENTITIES }).notNull(),
    /** 00:00 UTC. */
    startDate: integer("start_date").notNull(),
    intervalHours: integer("interval_hours").notNull(),
    active: integer({ mode: "boolean" }).notNull(),
    status: text({ enum: STATUSES }).notNull(),
    statusCode: text("status_code"),
    statusMessage: text("status_message"),
    statusAt: integer("status_at").notNull(),
    /** Grows with every change; the Durable Object ignores an older one. */
    version: integer().notNull(),
    credential: text(),
    credentialVersion: integer("credential_version").notNull(),
    /** The OAuth grant in place of a credential. */
    grantId: text("grant_id"),
    /** The override of the project's destination; null: the project's. */
    destination: json<StoredDestination>(),
    destinationVersion: integer("destination_version").notNull(),
    /** When the watchdog looks after the Durable Object next; null: nothing to look after. */
    checkAfter: integer("check_after"),
    /** Partner time of the first accepted credential. */
    connectedAt: integer("connected_at"),
    /** Drafts: what is missing, the templates chosen so far, and when the draft is forgotten. */
    missing: json<MissingField[]>().notNull(),
    templates: json<string[]>().notNull(),
    /** What was said about repeats when the draft was made; null: nothing. */
    again: text({ enum: RETURNING }),
    expiresAt: integer("expires_at"),
    /** Ids of the vault keys that the Durable Object's secrets are sealed with, a comma between, as last asked; null: not yet. */
    sealedWith: text("sealed_with"),
    /** When the former source was deleted that this one goes on from, and where; the place only until the Durable Object has it. */
    continues: integer(),
    bookmark: json<Bookmark>(),
    ...made,
    updatedAt: integer("updated_at").notNull(),
    deletedAt: integer("deleted_at"),
  },
  (table) => [
    uniqueIndex("sources_account")
      .on(table.org, table.project, table.connector, table.accountId, table.accountMode)
      .where(sql`deleted_at is null`),
    index("sources_list").on(table.org, table.project, table.createdAt, table.id),
    index("sources_watch").on(table.checkAfter).where(sql`check_after is not null`),
    index("sources_expiry").on(table.expiresAt).where(sql`expires_at is not null`),
  ],
)

/**
 * Deleted sources whose data is at a destination, for 90 days. Which account and which destination it was is kept as a keyed hash: who
 * knows both can ask, and nobody can read them from here.
 */
export const formerSources = sqliteTable(
  "former_sources",
  {
    ...tenant,
    /** The deleted source. */
    source: text().primaryKey(),
    hash: text().notNull(),
    /** Which of VAULT_KEYS the hash is made with. */
    keyId: text("key_id").notNull(),
    deletedAt: integer("deleted_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
    /** Null: the Durable Object has not been asked yet. */
    bookmark: json<Bookmark>(),
  },
  (table) => [
    index("former_sources_hash").on(table.org, table.project, table.hash),
    index("former_sources_expiry").on(table.expiresAt),
  ],
)

export interface StoredDestination {
  org: string
  project: string
  /** Intempt's id: 19 digits, more than a JS number can hold. */
  sourceId: string
  /** `prefix.secret`, sealed. */
  key: string
  /** Left out: stored before there was a choice, `empty`. */
  clearing?: Clearing
}

/** A project's default destination. */
export const destinations = sqliteTable(
  "destinations",
  {
    ...tenant,
    target: json<StoredDestination>().notNull(),
    version: integer().notNull(),
    updatedBy: text("updated_by").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.org, table.project] })],
)

const definition = {
  ...tenant,
  id: text().primaryKey(),
  name: text().notNull(),
  definition: json<JsonValue>().notNull(),
  /** The source and template it was made from; null where a user wrote it. */
  source: text(),
  template: text(),
  ...made,
  updatedAt: integer("updated_at").notNull(),
}

export const metrics = sqliteTable("metrics", definition, (table) => [
  uniqueIndex("metrics_template").on(table.source, table.template).where(sql`template is not null`),
  index("metrics_list").on(table.org, table.project, table.createdAt, table.id),
])

export const segments = sqliteTable("segments", definition, (table) => [
  uniqueIndex("segments_template").on(table.source, table.template).where(sql`template is not null`),
  index("segments_list").on(table.org, table.project, table.createdAt, table.id),
])

/** Append-only: triggers in the migrations refuse every update, and the deletion of what is younger than two years. */
export const audit = sqliteTable(
  "audit",
  {
    ...tenant,
    id: integer().primaryKey({ autoIncrement: true }),
    at: integer().notNull(),
    /** The token's `sub`, or `system`. */
    actor: text().notNull(),
    action: text({ enum: AUDIT_ACTIONS }).notNull(),
    /** The id of what was changed. */
    subject: text().notNull(),
    /** What was changed, without secrets. */
    detail: json<JsonValue>().notNull(),
  },
  (table) => [index("audit_list").on(table.org, table.project, table.id), index("audit_age").on(table.at)],
)

/** Answers of creates, kept a day under the caller's Idempotency-Key. */
export const idempotency = sqliteTable(
  "idempotency",
  {
    ...tenant,
    key: text().notNull(),
    /** SHA-256 of method, path and body. */
    request: text().notNull(),
    /** The id of what was made. */
    made: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.org, table.project, table.key] }), index("idempotency_age").on(table.at)],
)

// -------------------------------------------------------------------------------------------------------------- OAuth

export const OAUTH_PURPOSES = ["connect", "install"] as const

/** An attempt under way: what was asked for, by which browser. Forgotten a day after its ten minutes. */
export const oauthStates = sqliteTable(
  "oauth_states",
  {
    /** SHA-256 of the state: whoever reads this table cannot go on with an attempt. */
    hash: text().primaryKey(),
    connector: text().notNull(),
    purpose: text({ enum: OAUTH_PURPOSES }).notNull(),
    /** Whose source is being connected; null for an install, which belongs to nobody yet. */
    org: text(),
    project: text(),
    source: text(),
    config: json<JsonValue>().notNull(),
    client: text().notNull(),
    /** The PKCE verifier, sealed. */
    verifier: text(),
    /** SHA-256 of the cookie of the browser that began. */
    browser: text().notNull(),
    /** The token's `sub` who asked for it. */
    actor: text().notNull(),
    /** SHA-256 of the link or signed query that allowed to begin. */
    ticket: text(),
    expiresAt: integer("expires_at").notNull(),
    usedAt: integer("used_at"),
  },
  (table) => [index("oauth_states_expiry").on(table.expiresAt), index("oauth_states_ticket").on(table.ticket)],
)

/** What a partner granted. Of a source's grant, the tokens stay here only until its Durable Object has taken them. */
export const grants = sqliteTable(
  "grants",
  {
    id: text().primaryKey(),
    /** Null: an install that nobody has claimed. */
    org: text(),
    project: text(),
    source: text(),
    connector: text().notNull(),
    config: json<JsonValue>().notNull(),
    account: json<Account>().notNull(),
    accountId: text("account_id").notNull(),
    /** Partner time at which the grant was first used. */
    connectedAt: integer("connected_at").notNull(),
    /** Null: only the Durable Object knows them. */
    tokens: json<SealedTokens>(),
    /** SHA-256 of the code by which an install is claimed. */
    installCode: text("claim"),
    createdAt: integer("created_at").notNull(),
    /** When it is given back unless it is claimed, or was not wanted any more; null: while its source lives. */
    expiresAt: integer("expires_at"),
    /** Attempts to give it back. */
    tries: integer().notNull(),
  },
  (table) => [
    uniqueIndex("grants_claim").on(table.installCode).where(sql`claim is not null`),
    index("grants_source").on(table.source),
    index("grants_account").on(table.connector, table.accountId),
    index("grants_expiry").on(table.expiresAt).where(sql`expires_at is not null`),
  ],
)

export interface StoredClient {
  id: string
  /** Sealed. */
  secret: string
}

/** What a project sets for all its sources. */
export const settings = sqliteTable(
  "settings",
  {
    ...tenant,
    /** Own OAuth clients by connector. */
    oauthClients: json<Record<string, StoredClient>>("oauth_clients").notNull(),
    updatedBy: text("updated_by").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.org, table.project] })],
)
