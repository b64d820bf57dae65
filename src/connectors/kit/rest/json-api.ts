/** Answers by JSON:API (https://jsonapi.org/format/#document-compound-documents): what is related to a row stands beside the rows. */
import type { JsonValue } from "../item.ts"
import { at, isObject, rows, text } from "../values.ts"

/** The rows, each with what it is related to under the relation's name. */
export function withIncluded(body: JsonValue): JsonValue | undefined {
  const listed = at(body, "data")
  if (!Array.isArray(listed)) return undefined
  const included = new Map(rows(body, "included").map((one) => [nameOf(one), one]))
  return listed.map((row) => {
    if (!isObject(row) || !isObject(row.relationships)) return row
    const related = Object.entries(row.relationships).flatMap(([name, relation]) => {
      const found = included.get(nameOf(at(relation, "data")))
      return found === undefined ? [] : [[name, found] as const]
    })
    return { ...row, ...Object.fromEntries(related) }
  })
}

function nameOf(resource: JsonValue | undefined): string {
  return `${text(resource, "type")} ${text(resource, "id")}`
}
