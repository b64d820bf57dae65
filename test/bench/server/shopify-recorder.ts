import type { JsonValue } from "../../../src/connectors/kit/item.ts"
import { at, isObject, json, needText, rows } from "../../../src/connectors/kit/values.ts"
import { askedOf, type Recorder } from "./recorder.ts"
import { askedKey } from "./replay.ts"
import { type Row, recordedRows } from "./rows.ts"
import { documentKey, askedOf as graphqlOf, type ReadDocument, shopifyReplay } from "./shopify.ts"

/** Lists that a document reads by cursor. */
const CONNECTIONS = ["customers", "orders", "draftOrders", "abandonedCheckouts"]

export function createShopifyRecorder(): Recorder {
  const documents = new Map<string, ReadDocument>()
  const connections = new Map<string, Row[]>()
  /** Answers that complete an order, by what was asked. */
  const others = new Map<string, string>()
  return {
    take(page) {
      const asked = askedOf(page)
      const body = json(page.answer.body)
      const graphql = graphqlOf(asked.body)
      const connection = CONNECTIONS.find((name) => Array.isArray(at(body, `data.${name}.edges`)))
      if (!connection || !graphql) {
        others.set(askedKey(asked), JSON.stringify(body))
        return
      }
      documents.set(documentKey(graphql), readDocument(connection, body))
      const known = connections.get(connection) ?? []
      connections.set(connection, known)
      known.push(...rows(body, `data.${connection}.edges`).map(rowOf))
    },
    replay() {
      const lists = new Map([...connections].map(([name, known]) => [name, recordedRows(known)]))
      const replayLists = shopifyReplay(documents, lists)
      return (asked) => {
        const key = askedKey(asked)
        const other = others.get(key)
        return other === undefined ? replayLists(asked) : { rows: 0, key, body: () => other }
      }
    },
  }
}

function readDocument(connection: string, body: JsonValue): ReadDocument {
  if (rows(body, "errors").length > 0) throw new Error(`the shop refused ${connection}: ${JSON.stringify(body)}`)
  const data = at(body, "data")
  const besides = Object.entries(isObject(data) ? data : {}).filter(([name]) => name !== connection)
  return {
    connection,
    besides: besides.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)},`).join(""),
    extensions: JSON.stringify(at(body, "extensions") ?? {}),
  }
}

function rowOf(edge: JsonValue): Row {
  const time = Date.parse(needText(edge, "node.createdAt"))
  return { time, cursor: needText(edge, "cursor"), text: JSON.stringify(edge) }
}
