/**
 * Whom the partner's ids stand for. Records name a person by id or by email; what joins the two comes with the people's own records, and
 * is read also where their collection is switched off.
 */
import { ALIAS } from "../../connectors/kit/item.ts"
import type { Configuration } from "../protocol/configuration.ts"
import type { Transaction } from "../transaction.ts"

/** The configuration as it is read by: with the joining of ids in place of the people who are not chosen. */
export function withAliases(connector: Transaction["connector"], configuration: Configuration): Configuration {
  const { collections } = configuration
  const joining = connector.streams.filter((stream) => stream.collections.includes(ALIAS))
  const people = connector.collections.filter(
    ({ name, kind }) => kind === "object" && joining.some((stream) => stream.collections.includes(name)),
  )
  const isChosen = people.some(({ name }) => collections.some((choice) => choice.name === name))
  if (joining.length === 0 || isChosen || collections.some(({ name }) => name === ALIAS)) return configuration
  return { ...configuration, collections: [...collections, { name: ALIAS, fields: {} }] }
}
