/** What a caller sent, held against its schema. Every field that does not fit is named. */
import type { z } from "zod"
import { type FieldError, Problem } from "../errors.ts"

/** Types, as a person names them. */
const TYPES: Record<string, string> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
}

const FITS_NONE = "has none of the forms that are possible here."

export function parse<S extends z.ZodType>(schema: S, value: unknown, under = ""): z.output<S> {
  const result = schema.safeParse(value, { error: inWords })
  if (result.success) return result.data
  const errors = result.error.issues.flatMap((issue) => fieldErrors(issue, under))
  throw new Problem("invalid", { detail: errors.map(({ field, message }) => `${field}: ${message}`).join(" "), errors })
}

/** What a schema does not say in words of its own. */
function inWords(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "is missing." : `must be ${TYPES[issue.expected] ?? issue.expected}.`
    case "invalid_value":
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.map(String).join(", ")}.`
    case "too_big":
      return issue.inclusive === false
        ? `must be less than ${issue.maximum}.`
        : `must ${sized(issue.origin)} at most ${issue.maximum}${unitOf(issue.origin)}.`
    case "too_small":
      return tooSmall(issue)
    case "invalid_union":
      return Array.isArray(issue.options) ? `must be one of ${issue.options.map(String).join(", ")}.` : FITS_NONE
    case "invalid_key":
      return "is not a name that can be used."
    case "invalid_format":
      return issue.format === "date" ? "must be a calendar date, YYYY-MM-DD." : "is not written as it must be."
    default:
      return "is not valid."
  }
}

function tooSmall({ origin, minimum, inclusive }: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall>): string {
  if (inclusive === false) return `must be more than ${minimum}.`
  if (unitOf(origin) !== "" && Number(minimum) === 1) return "must not be empty."
  return `must ${sized(origin)} at least ${minimum}${unitOf(origin)}.`
}

function sized(origin: string): string {
  return unitOf(origin) === "" ? "be" : "have"
}

function unitOf(origin: string): string {
  return origin === "string" ? " characters" : origin === "array" ? " entries" : ""
}

function fieldErrors(issue: z.core.$ZodIssue, under: string): FieldError[] {
  const at = [...(under ? [under] : []), ...issue.path]
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ field: fieldOf([...at, key]), message: "is not known here. Leave it out." }))
  const meant = issue.code === "invalid_union" && issue.message === FITS_NONE ? closest(issue.errors) : []
  if (meant.length === 0) return [{ field: fieldOf(at), message: issue.message }]
  return meant.flatMap((one) => fieldErrors({ ...one, path: [...issue.path, ...one.path] }, under))
}

/** Of several shapes a value may have, the one that it misses by least is what was meant. */
function closest(shapes: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] {
  const [first, ...others] = shapes.filter((issues) => issues.length > 0)
  return others.reduce((least, issues) => (issues.length < least.length ? issues : least), first ?? [])
}

/** `collections[0].name`; the body itself is `body`. */
function fieldOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("")
  return text === "" ? "body" : text.replace(/^\./, "")
}
