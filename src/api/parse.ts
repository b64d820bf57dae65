/** What a caller sent, held against its schema. Every field that does not fit is named. */
import type { z } from "zod"
import { type FieldError, Problem } from "../errors.ts"

export function parse<S extends z.ZodType>(schema: S, value: unknown, under = ""): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const errors = result.error.issues.flatMap((issue) => fieldErrors(issue, under))
  throw new Problem("invalid", { detail: errors.map(({ field, message }) => `${field}: ${message}`).join(" "), errors })
}

function fieldErrors(issue: z.core.$ZodIssue, under: string): FieldError[] {
  const at = [...(under ? [under] : []), ...issue.path]
  if (issue.code !== "unrecognized_keys") return [{ field: fieldOf(at), message: issue.message }]
  return issue.keys.map((key) => ({ field: fieldOf([...at, key]), message: "is not known here. Leave it out." }))
}

/** `collections[0].name`; the body itself is `body`. */
function fieldOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("")
  return text === "" ? "body" : text.replace(/^\./, "")
}
