/** What a request names must exist: connector, collections, fields. */
import { connectors, getConnector } from "../connectors/index.ts"
import type { AnyConnector } from "../connectors/kit/define.ts"
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

function known(connector: AnyConnector, choice: CollectionChoice, field: string): CollectionChoice {
  const collection = connector.collections.find(({ name }) => name === choice.name)
  if (!collection)
    throw badField(`${field}.name`, `${connector.title} has no collection "${choice.name}".`, "unknown_collection")
  const taken = Object.keys(choice.fields).find((name) => Object.hasOwn(collection.schema.shape, name))
  if (taken) throw badField(`${field}.fields.${taken}`, `"${choice.name}" already has an attribute of this name.`)
  return choice
}
