/** Metrics and segments made from a connector's templates, with the ids of what they refer to in place of template keys. */
import type { AnyConnector, JsonValue } from "../connectors/kit/define.ts"
import { metric, segment } from "../connectors/kit/templates.ts"
import type { Database, Statement, Tenant } from "../db/database.ts"
import { type DefinitionInsert, definitionStatement, type Kind } from "../db/definitions.ts"
import { badField } from "../errors.ts"
import type { Random } from "../ports.ts"

interface Template {
  kind: Kind
  key: string
  title: string
  definition: JsonValue
  /** Keys of the templates this one is built on. */
  needs: string[]
}

interface Making {
  db: Database
  random: Random
  tenant: Tenant
  source: string
  by: string
  at: number
}

/** Statements for the batch that finishes the source. What a chosen template is built on comes with it. */
export function templateStatements(making: Making, connector: AnyConnector, keys: readonly string[]): Statement[] {
  const chosen = withNeeds(templatesOf(connector), keys)
  const ids = new Map(chosen.map(({ kind, key }) => [`${kind}/${key}`, making.random.id(PREFIXES[kind])]))
  return chosen.map((template) => {
    const id = ids.get(`${template.kind}/${template.key}`) ?? ""
    return definitionStatement(
      making.db,
      template.kind,
      definitionRowOf(making, template, id, referring(template, ids)),
    )
  })
}

export const PREFIXES = { metric: "met", segment: "seg" } as const satisfies Record<Kind, string>

/** Throws for a key that the connector does not offer. */
export function checkTemplates(connector: AnyConnector, keys: readonly string[]): void {
  const known = new Set(templatesOf(connector).map(({ key }) => key))
  const unknown = keys.findIndex((key) => !known.has(key))
  if (unknown >= 0)
    throw badField(
      `templates[${unknown}]`,
      `${connector.title} has no template "${keys[unknown]}".`,
      "unknown_template",
    )
}

function templatesOf({ templates }: AnyConnector): Template[] {
  const metrics = templates.metrics.map(({ key, title, metric }) => ({
    kind: "metric" as const,
    key,
    title,
    definition: metric,
  }))
  const segments = templates.segments.map(({ key, title, segment }) => ({
    kind: "segment" as const,
    key,
    title,
    definition: segment,
  }))
  return [...metrics, ...segments].map((template) => ({
    ...template,
    needs: needsOf(template.kind, template.definition),
  }))
}

function withNeeds(all: readonly Template[], keys: readonly string[]): Template[] {
  const chosen = all.filter(({ key }) => keys.includes(key))
  const needed = chosen.flatMap(({ kind, needs }) => all.filter((one) => one.kind === kind && needs.includes(one.key)))
  const missing = needed.filter((one) => !chosen.includes(one)).map(({ key }) => key)
  return missing.length === 0 ? chosen : withNeeds(all, [...keys, ...missing])
}

function definitionRowOf(
  making: Making,
  { key, title }: Template,
  id: string,
  definition: JsonValue,
): DefinitionInsert {
  const { tenant, source, by, at } = making
  return { ...tenant, id, name: title, definition, source, template: key, createdBy: by, createdAt: at, updatedAt: at }
}

// ------------------------------------------------------------------------------------------------------ references

function needsOf(kind: Kind, definition: JsonValue): string[] {
  const needs: string[] = []
  mapReferences(kind, definition, (key) => {
    needs.push(key)
    return key
  })
  return needs
}

function referring({ kind, definition }: Template, ids: ReadonlyMap<string, string>): JsonValue {
  return mapReferences(kind, definition, (key) => ids.get(`${kind}/${key}`) ?? key)
}

function mapReferences(kind: Kind, definition: JsonValue, rename: (key: string) => string): JsonValue {
  return kind === "metric" ? mapTerms(definition, rename) : mapSegments(definition, rename)
}

/** A formula's terms are other metrics. */
function mapTerms(definition: JsonValue, rename: (key: string) => string): JsonValue {
  const parsed = metric.parse(definition)
  if (parsed.type !== "formula") return definition
  const terms = Object.entries(parsed.terms).map(([letter, key]) => [letter, rename(key)])
  return { ...parsed, terms: Object.fromEntries(terms) }
}

/** A segment's conditions, nested one level, may be other segments. */
function mapSegments(definition: JsonValue, rename: (key: string) => string): JsonValue {
  const parsed = segment.parse(definition)
  type Condition = (typeof parsed.conditions)[number]
  const map = (condition: Condition): Condition =>
    "on" in condition && condition.on === "segment" ? { ...condition, segment: rename(condition.segment) } : condition
  const conditions = parsed.conditions.map((one) =>
    "join" in one ? { ...one, conditions: one.conditions.map(map) } : map(one),
  )
  return JSON.parse(JSON.stringify({ ...parsed, conditions }))
}
