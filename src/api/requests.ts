/** What may be sent to change a source: the body of each request, and its type. */
import { z } from "zod"
import { IDENTITIES } from "./enums.ts"
import * as fields from "./fields.ts"

const INSTALL_CODE_CHARS_MAX = 100

const changesSomething = [(change: object) => Object.keys(change).length > 0, "must change something."] as const

export const createSourceBody = z.strictObject({
  connector: z.string({ error: "must name a connector." }),
  credentials: fields.credentials.optional(),
  installCode: z
    .string()
    .max(INSTALL_CODE_CHARS_MAX)
    .optional()
    .describe("The code of an install that began at the partner."),
  config: z.looseObject({}).optional().describe("As the connector's `config` schema says."),
  name: fields.name.optional(),
  sync: fields.sync.optional(),
  collections: fields.collections.optional(),
  identity: z.enum(IDENTITIES).default("email").describe("Whether people are known by email or by the partner's id."),
  templates: fields.templates.default([]),
  ...fields.again,
})

export const finishSourceBody = z.strictObject({
  name: fields.name.optional(),
  sync: fields.sync.optional(),
  collections: fields.collections.optional(),
  templates: fields.templates.optional(),
  ...fields.again,
})

export const updateSourceBody = z
  .strictObject({
    name: fields.name.optional(),
    config: z
      .looseObject({})
      .optional()
      .describe("Fields that the connector names as `changeable`; the others stay. What was sent stays sent."),
    active: z.boolean().optional().describe("False pauses: nothing is fetched, what was fetched is still delivered."),
    collections: fields.collections.optional(),
  })
  .refine(...changesSomething)

export const updateSyncBody = fields.sync.refine(...changesSomething)

export const destinationBody = fields.target.extend({ duplicates: fields.again.duplicates })

/** A DELETE has no body: what it asks to be accepted stands in the address. */
export const followDestinationQuery = z.object({ duplicates: fields.again.duplicates })

export const resyncBody = z.strictObject({
  from: fields.day.optional().describe("UTC. Default: the source's start date."),
  duplicates: z
    .literal("accept", { error: 'may only be "accept".' })
    .optional()
    .describe("Needed for event collections."),
})

const clientText = z.string().trim().min(1, "must not be empty.").max(fields.KEY_CHARS_MAX, "is too long.")

export const settingsBody = z.strictObject({
  oauthClients: z
    .record(
      z.string(),
      z.strictObject({ clientId: clientText, clientSecret: clientText.describe("Write-only.") }).nullable(),
    )
    .describe("By connector; null goes back to the deployment's client. What is not named stays."),
})

export type CreateSource = z.output<typeof createSourceBody>
export type FinishSource = z.output<typeof finishSourceBody>
export type UpdateSource = z.output<typeof updateSourceBody>
export type SyncSettings = z.output<typeof fields.sync>
export type SetDestination = z.output<typeof destinationBody>
export type Resync = z.output<typeof resyncBody>
export type SetOAuthClients = z.output<typeof settingsBody>["oauthClients"]
