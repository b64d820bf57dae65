import { fromSeconds, json, needNumber, needText, rows } from "../../../src/connectors/kit/values.ts"
import type { ReadPage } from "../pages.ts"
import { askedOf, type Recorder } from "./recorder.ts"
import { type Row, recordedRows } from "./rows.ts"
import { listOf, stripeReplay } from "./stripe.ts"

export function createStripeRecorder(): Recorder {
  const lists = new Map<string, Row[]>()
  return {
    take(page: ReadPage) {
      const { path, query } = askedOf(page)
      const list = listOf(path, new URLSearchParams(query))
      const known = lists.get(list) ?? []
      lists.set(list, known)
      for (const object of rows(json(page.answer.body), "data")) {
        const time = fromSeconds(needNumber(object, "created"))
        known.push({ time, cursor: needText(object, "id"), text: JSON.stringify(object) })
      }
    },
    replay: () => stripeReplay(new Map([...lists].map(([list, known]) => [list, recordedRows(known)]))),
  }
}
