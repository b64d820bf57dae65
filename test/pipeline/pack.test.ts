import { expect, it } from "vitest"
import { packPosts } from "../../src/pipeline/pack.ts"
import type { OutboxRow } from "../../src/source/protocol/forwarding.ts"
import { outboxRow } from "../support/encoded.ts"
import { object, row } from "../support/pipeline.ts"

const alone = { alone: true }
const holding = (id: number, ...keys: string[]) =>
  outboxRow(
    id,
    keys.map((key) => object(key)),
  )

it.each<[string, OutboxRow[], number[][]]>([
  ["nothing makes no POST", [], []],
  ["small rows are joined", [row(1, 20), row(2, 20), row(3, 10)], [[1, 2, 3]]],
  ["an item too many starts the next POST", [row(1, 20), row(2, 20), row(3, 11)], [[1, 2], [3]]],
  ["full rows go by themselves", [row(1, 50), row(2, 50)], [[1], [2]]],
  ["rows go in the order of their ids", [row(3, 30), row(1, 30), row(2, 30)], [[1], [2], [3]]],
  ["a refused row goes by itself, those around it together", [row(1, 1), row(2, 1, alone), row(3, 1)], [[1, 3], [2]]],
  ["objects that differ are joined", [holding(1, "a", "b"), holding(2, "c")], [[1, 2]]],
  [
    "an object that comes twice waits for a later claim",
    [holding(1, "a"), holding(2, "b", "a"), holding(3, "b")],
    [[1, 3]],
  ],
])("%s", (_title, rows, expected) => {
  expect(packPosts(rows, 50).map((post) => post.map(({ id }) => id))).toEqual(expected)
})

it("leaves the rows it is given as they are", () => {
  const rows = [row(2, 1), row(1, 1)]
  packPosts(rows, 50)
  expect(rows.map(({ id }) => id)).toEqual([2, 1])
})
