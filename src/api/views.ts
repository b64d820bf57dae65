/**
 * What the API answers, as schemas. Their descriptions are shown by /openapi.json, and their types are what the source's Durable Object
 * answers (source/rpc.ts) and what leaves the API (routes/kit/public.ts): nothing of it is written twice. Times are epoch ms.
 */
import { z } from "zod"
import type { Account, JsonValue } from "../connectors/kit/define.ts"
import {
  CLEARINGS,
  DELIVERY_STATES,
  IDENTITIES,
  MISSING_FIELDS,
  MODES,
  NOTICE_CODES,
  QUARANTINE_KINDS,
  RUN_KINDS,
  RUN_STATES,
  SOURCE_STATUSES,
} from "./enums.ts"
import { time } from "./fields.ts"

const moment = time.nullable()
const text = z.string().nullable()

export const problemView = z.object({
  type: z.string(),
  code: z.string().describe("Stable."),
  status: z.int(),
  title: z.string(),
  remedy: z.string().describe("What to do."),
  detail: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  retryAfterSeconds: z.int().optional(),
  run: z.string().optional(),
  source: z.string().optional(),
  missing: z.array(z.string()).optional(),
})

export const accountView = z.object({
  id: z.string(),
  name: z.string(),
  mode: z.enum(MODES),
}) satisfies z.ZodType<Account>

export const collectionChoice = z.object({ name: z.string(), fields: z.record(z.string(), z.string()) })

// ---------------------------------------------------------------------------------------------------------------- runs

const forgotten = z
  .int()
  .describe("Keys of what was sent that had to be forgotten for lack of room: what is read again of it is sent again.")

const accepted = z.int().describe("Items accepted: new ones, kept for delivery.")
const dropped = z.int().describe("Repeats and older states that were dropped.")
const late = z
  .int()
  .describe(
    "Of the accepted: facts that came more than a day late, of records that kept changing while they were read.",
  )

export const countsView = z.object({ accepted, dropped, late, quarantined: z.int() })

const note = z.object({ collection: z.string(), reason: z.string() })

export const runView = z.object({
  id: z.string(),
  kind: z.enum(RUN_KINDS),
  trigger: z.enum(["schedule", "manual"]),
  state: z.enum(RUN_STATES),
  startedAt: time,
  readAt: moment.describe("When its window had been read; null while reading."),
  endedAt: moment,
  reason: text.describe("Why it failed or is partial, or what it waits for."),
  calls: z.int().describe("Calls to the partner."),
  pages: z.int(),
  records: z.int(),
  progress: z
    .number()
    .nullable()
    .describe(
      "How much has been read, by rows, 0 to 1: an estimate that never goes back; null where it cannot be told.",
    ),
  collections: z.record(z.string(), countsView),
  denied: z.array(note),
  failed: z
    .array(z.object({ stream: z.string(), collections: z.array(z.string()), reason: z.string() }))
    .describe(
      "Streams that could not be read although others were, with the collections they feed; the next run tries again.",
    ),
  incomplete: z
    .array(note)
    .describe(
      "What of the range may be missing or sent twice, and why; such as history that the partner no longer shows.",
    ),
  forgotten: forgotten.optional(),
  waits: z
    .object({ until: time, reason: z.string() })
    .nullable()
    .describe("What it waits for, and until when at the earliest."),
})

// ------------------------------------------------------------------------------------------------------------- sources

export const errorView = z
  .object({ code: z.string(), message: z.string(), remedy: z.string(), at: time })
  .describe("What went wrong, and the way out, in the user's words.")

export const collectionView = z.object({
  name: z.string(),
  chosen: z.boolean(),
  accepted,
  delivered: z.int(),
  waiting: z.int(),
  quarantined: z.int(),
  dropped,
  late,
  denied: text.describe("Why the partner does not let us read it."),
  failing: z
    .object({ since: time, reason: z.string() })
    .nullable()
    .describe("Why reading it does not go on, although each run tries, and since when (the partner's clock)."),
  lastItemAt: moment,
})

/** The Durable Object's word: how the source fares at this moment. */
export const liveView = z.object({
  nextRunAt: moment,
  current: z.array(runView).describe("The live run being read or delivered, and the backfills under way."),
  lastRun: runView.nullable(),
  collections: z.array(collectionView),
  delivery: z.object({
    state: z.enum(DELIVERY_STATES),
    reason: text,
    waiting: z.int(),
    retryAt: moment,
    maybeRepeated: z.int(),
  }),
  operatorWait: z
    .object({ since: time, reason: z.string() })
    .nullable()
    .describe(
      "The partner does not accept our OAuth client, or it is not set up. The sync goes on by itself once that has been put right.",
    ),
  keys: z.object({ kept: z.int(), forgotten }).describe("Keys of what was sent, kept to tell repeats."),
  checking: z
    .object({ since: time, until: time, reason: z.string() })
    .nullable()
    .describe("The partner refused the credentials once. One call at `until` decides; nothing is read before."),
  cursors: z.record(z.string(), z.number()).describe("How far each live stream has been read (the partner's clock)."),
})

export const targetView = z.object({
  org: z.string(),
  project: z.string(),
  sourceId: z.string(),
  clearing: z.enum(CLEARINGS).describe("How a value that was removed at the partner is told."),
})

const noticeView = z.object({ code: z.enum(NOTICE_CODES), message: z.string(), remedy: z.string() })

export const sourceView = z.object({
  id: z.string(),
  connector: z.string(),
  name: z.string(),
  status: z.enum(["draft", ...SOURCE_STATUSES]),
  error: errorView.nullable(),
  active: z.boolean(),
  account: accountView.nullable(),
  config: z.unknown(),
  identity: z.enum(IDENTITIES),
  sync: z.object({ startDate: z.string(), intervalHours: z.int() }).nullable(),
  collections: z.array(collectionChoice),
  destination: targetView.nullable().describe("The override of the project's destination; null: the project's."),
  draft: z
    .object({ missing: z.array(z.enum(MISSING_FIELDS)), authorizeUrl: z.string().nullable(), expiresAt: moment })
    .nullable(),
  createdBy: z.string(),
  createdAt: time,
  updatedAt: time,
  connectedAt: moment,
  continues: z
    .object({ deletedAt: time, repeats: z.string().describe("What may arrive twice.") })
    .nullable()
    .describe("The deleted source of the same account that this one goes on from."),
  notices: z
    .array(noticeView)
    .nullable()
    .describe(
      "Only where one source is read: what counts otherwise than one might think. `test_money`: its payments are no revenue. " +
        "`test_payments_count`: test payments count as revenue. `payments_twice`: another source may report the same payments. " +
        "`payments_elsewhere`: some are left to another source.",
    ),
  live: liveView.nullable().describe("Only where one source is read; null when it could not be asked."),
})

export const pageOf = <S extends z.ZodType>(rows: S) =>
  z.object({ data: z.array(rows), cursor: z.string().nullable().describe("For the next page; null on the last.") })

export const destinationView = z.object({ ...targetView.shape, updatedBy: z.string(), updatedAt: time })

export const settingsView = z.object({
  oauthClients: z.array(
    z.object({
      connector: z.string(),
      client: z
        .enum(["project", "deployment"])
        .nullable()
        .describe("Whose OAuth client new connections use; null: signing in is not set up."),
      clientId: text.describe("The project's own; its secret is never shown."),
      redirectUri: text.describe("To be registered at the partner; null: this deployment has no public address."),
    }),
  ),
})

export const gatewaysView = z.object({
  gateways: z.array(z.string()).describe("As `config.paymentsElsewhere` takes them, the most frequent first."),
})

export const authorizeView = z.object({
  authorizeUrl: z.string().describe("A page of ours, good for an hour: open it in a browser."),
  expiresAt: time,
})

export const auditView = z.object({
  id: z.int(),
  at: time,
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  detail: z.unknown(),
})

export const quarantineView = z.object({
  id: z.int(),
  collection: z.string(),
  key: z.string(),
  reason: z.string(),
  at: time,
  kind: z
    .enum(QUARANTINE_KINDS)
    .describe(
      "`record`: could not be normalized. `item`: refused by the destination. `skipped`: the place of a record that the partner never " +
        "showed; a resync reads it.",
    ),
  body: z.custom<JsonValue>(),
})

export const definitionView = z.object({
  id: z.string(),
  name: z.string(),
  definition: z.unknown(),
  source: text,
  template: text,
  createdBy: z.string(),
  createdAt: time,
  updatedAt: time,
})

const templateView = z.object({
  key: z.string(),
  kind: z.enum(["metric", "segment"]),
  title: z.string(),
  description: z.string(),
  collections: z.array(z.string()),
  definition: z.unknown(),
})

export const connectorSummary = z.object({
  name: z.string(),
  title: z.string(),
  docs: z.string(),
  auth: z.array(z.object({ kind: z.enum(["apiKey", "oauth2"]), label: z.string(), help: z.string() })),
})

export const connectorView = z.object({
  ...connectorSummary.shape,
  config: z.unknown().describe("JSON Schema of `config`."),
  changeable: z
    .array(z.string())
    .describe("Fields of `config` that may be changed later, for what is read from then on."),
  collections: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      description: z.string(),
      kind: z.enum(["event", "object"]),
      default: z.boolean(),
      attributes: z.array(
        z.object({ name: z.string(), description: z.string(), type: z.string(), required: z.boolean() }),
      ),
      schema: z.unknown().describe("JSON Schema of an item's attributes."),
    }),
  ),
  templates: z.array(templateView),
})

export const checkView = z.object({
  account: accountView,
  collections: z.array(z.object({ collection: z.string(), readable: z.boolean(), reason: text })),
})

// --------------------------------------------------------------------------------------------------------------- types

export type CollectionChoice = z.infer<typeof collectionChoice>
export type CollectionCounts = z.infer<typeof countsView>
export type CollectionView = z.infer<typeof collectionView>
export type Notice = z.infer<typeof noticeView>
export type LiveView = z.infer<typeof liveView>
export type PublicSource = z.infer<typeof sourceView>
export type QuarantineEntry = z.infer<typeof quarantineView>
export type RunView = z.infer<typeof runView>
export type SourceError = z.infer<typeof errorView>
