/** What a request names must exist: connector, collections, fields. */
import { parse } from "../api/parse.ts"
import { connectors, getConnector } from "../connectors/index.ts"
import type { AnyConnector, JsonValue } from "../connectors/kit/define.ts"
import { badField } from "../errors.ts"
import type { CollectionChoice } from "../source/protocol/configuration.ts"

export function chooseConnector(name: string): AnyConnector {
  const connector = getConnector(name)
  if (connector) return connector
  const known = connectors.map((one) => one.name).join(", ")
  throw badField("connector", `There is no connector "${name}". Known are: ${known}.`, "unknown_connector")
}

/** The chosen collections, or the connector's defaults. */
export function chooseCollections(connector: AnyConnector, sent: CollectionChoice[] | undefined): CollectionChoice[] {
  if (sent) return sent.map((choice, index) => known(connector, choice, `collections[${index}]`))
  return connector.collections.filter((one) => one.default).map(({ name }) => ({ name, fields: {} }))
}

/** What is not sent stays as stored. */
export function changeConfig(connector: AnyConnector, stored: JsonValue, sent: Record<string, unknown>): JsonValue {
  const fixed = Object.keys(sent).find((field) => !connector.changeable?.includes(field))
  if (fixed !== undefined) throw badField(`config.${fixed}`, "cannot be changed. Create another source instead.")
  return parse(connector.config, { ...fieldsOf(stored), ...sent }, "config")
}

/** The configuration with defaults for fields added since it was stored. What does not fit any more stays as stored. */
export function currentConfig({ connector, config }: { connector: string; config: JsonValue }): JsonValue {
  const held = getConnector(connector)?.config.safeParse(config)
  return held?.success ? held.data : config
}

export function fieldsOf(config: JsonValue | undefined): Record<string, JsonValue> {
  return typeof config === "object" && config !== null && !Array.isArray(config) ? config : {}
}

function known(connector: AnyConnector, choice: CollectionChoice, field: string): CollectionChoice {
  const collection = connector.collections.find(({ name }) => name === choice.name)
  if (!collection)
    throw badField(`${field}.name`, `${connector.title} has no collection "${choice.name}".`, "unknown_collection")
  const taken = Object.keys(choice.fields).find((name) => Object.hasOwn(collection.schema.shape, name))
  if (taken)
    throw badField(
      `${field}.fields.${taken}`,
      `"${choice.name}" already has an attribute of this name. Choose another name.`,
    )
  return choice
}
