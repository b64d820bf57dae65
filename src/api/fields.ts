/** Pieces of requests that several routes share: their limits, and the words that a user reads when they are not met. */
import { z } from "zod"
import { CLEARINGS } from "./enums.ts"

const NAME_CHARS_MAX = 100
const PAGE_LIMIT_MAX = 100
const PAGE_LIMIT_DEFAULT = 25
export const KEY_CHARS_MAX = 500
const COLLECTIONS_MAX = 50
const FIELDS_MAX = 50
const TEMPLATES_MAX = 100
export const INTERVAL_HOURS_MAX = 24

export const name = z
  .string({ error: "must be a text." })
  .trim()
  .min(1, "must not be empty.")
  .max(NAME_CHARS_MAX, `must have at most ${NAME_CHARS_MAX} characters.`)
  .describe("As people will see it in lists.")

export const day = z.string({ error: "must be a calendar date, YYYY-MM-DD." }).meta({ format: "date" })

const WHOLE_HOURS = `must be a whole number of hours, 1 to ${INTERVAL_HOURS_MAX}.`
export const intervalHours = z
  .int({ error: WHOLE_HOURS })
  .min(1, WHOLE_HOURS)
  .max(INTERVAL_HOURS_MAX, WHOLE_HOURS)
  .describe("Hours from the start of one sync to the start of the next.")

export const sync = z
  .strictObject({
    startDate: day.optional().describe("How far back to read, UTC. Default and earliest: the same date last year."),
    intervalHours: intervalHours.optional(),
  })
  .describe("Sync settings; an empty object takes the defaults.")

export const credentials = z
  .strictObject({ apiKey: z.string().trim().min(1, "must not be empty.").max(KEY_CHARS_MAX, "is too long for a key.") })
  .describe("Write-only: sealed at once and never returned.")

const attribute = z.string().regex(/^[A-Za-z_][A-Za-z0-9_ ]{0,63}$/, "is not a usable attribute name.")
const path = z
  .string()
  .regex(/^[^.\s]{1,100}(\.[^.\s]{1,100}){0,9}$/, "must be a dotted path into the partner's record, at most ten steps.")

const choice = z.strictObject({
  name: z.string(),
  fields: z
    .record(attribute, path)
    .refine((fields) => Object.keys(fields).length <= FIELDS_MAX, `must be at most ${FIELDS_MAX} fields.`)
    .default({})
    .describe("Fields to add: attribute name -> dotted path in the partner's record."),
})

export const collections = z
  .array(choice)
  .min(1, "must name at least one collection.")
  .max(COLLECTIONS_MAX, "names too many collections.")
  .refine((all) => new Set(all.map((one) => one.name)).size === all.length, "names a collection twice.")
  .describe("The collections to sync. Default: those that the connector marks so.")

export const templates = z.array(z.string()).max(TEMPLATES_MAX, "names too many templates.").describe("Template keys.")

export const paging = z.object({
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT_MAX).default(PAGE_LIMIT_DEFAULT),
  cursor: z.string().max(500).optional().describe("What the page before returned as `cursor`."),
})

export const target = z.strictObject({
  org: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, "must be the organization's name in Intempt's address bar.")
    .optional(),
  project: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, "must be the project's name in Intempt's address bar.")
    .optional(),
  sourceId: z
    .string({ error: "must be a text: as a JSON number it would lose its last digits." })
    .regex(/^\d{15,20}$/, "must be the source's id in Intempt, 19 digits."),
  key: z.string().trim().max(KEY_CHARS_MAX, "is too long for a key.").describe("`prefix.secret`. Write-only."),
  clearing: z
    .enum(CLEARINGS)
    .default("empty")
    .describe(
      "How a value that was removed at the partner is told. `empty`: as an empty text or list, other values not at all. `null`: as null. " +
        "`off`: not at all. A change holds for what is read from then on (reading under way goes on for up to a minute); what waits for " +
        "delivery or is in quarantine stays as it was read.",
    ),
})

export const again = {
  continue: z
    .literal(true, { error: "may only be true." })
    .optional()
    .describe(
      "For an account that a deleted source read into the same destination: go on where that one stopped. What it delivered of its " +
        "last minutes may arrive twice.",
    ),
  duplicates: z
    .literal("accept", { error: 'may only be "accept".' })
    .optional()
    .describe("For the same: read everything from the start date, and let what was delivered before arrive again."),
}

export const time = z.int().describe("Epoch milliseconds.")
