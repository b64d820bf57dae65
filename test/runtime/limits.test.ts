/** The local runtime takes rows, statements and messages that the real one refuses: here a source's are held to the limits. */
import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import type { Bindings } from "../../src/env.ts"
import { RPC_BYTES_MAX, STORED_ROW_BYTES_MAX } from "../../src/platform-limits.ts"
import { objectName } from "../../src/source/protocol/configuration.ts"
import type { SourceRpc } from "../../src/source/protocol/source.ts"
import { NO_CHANGES } from "../../src/source/state/changes.ts"
import { wakeOf } from "../../src/worker/platform.ts"
import { SqlStore } from "../../src/worker/sqlite-store.ts"
import { assertQueueable, limitedStorage } from "../support/platform/limits.ts"

const bindings = env as unknown as Bindings
const nameOf = (source: string) => objectName({ org: "o", project: "limits", source })
const times = <T>(count: number, one: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => one(index))

function onStorage<T>(source: string, work: (storage: DurableObjectStorage) => T): Promise<T> {
  return runInDurableObject(bindings.SOURCES.getByName(nameOf(source)), (_, { storage }) => work(storage))
}

describe("a source's rows", () => {
  const outboxRow = (id: number) => ({
    ...{
      id,
      run: "run_00000001",
      items: 1,
      bytes: 2,
      attempts: 0,
      notBefore: 0,
      objects: "",
      counts: "{}",
      body: "[]",
    },
  })

  test("of any number are written, read and removed with statements that the platform takes", async () => {
    const found = await onStorage("many", (storage) => {
      const store = new SqlStore(limitedStorage(storage))
      const insert = times(1_000, outboxRow)
      const put = times(300, (index) => ({ id: index + 1, body: "{}" }))
      store.commit({
        ...NO_CHANGES,
        ...{ core: "{}", alarm: null },
        outbox: { insert, remove: [], update: [] },
        quarantine: { put, remove: [] },
        seen: { put: [{ id: 3, body: new Uint8Array([1, 2, 3]).buffer }], remove: [] },
      })
      expect([store.seenRow(3)?.byteLength, store.seenRow(4)]).toEqual([3, null])
      const ids = insert.map(({ id }) => id)
      const read = [store.outboxItems(ids).length, store.quarantineByIds(ids).length, store.outbox().length]
      const update = ids.map((id) => ({ id, attempts: 1, notBefore: 5 }))
      store.commit({
        ...NO_CHANGES,
        ...{ core: null, alarm: null },
        outbox: { insert: [], remove: ids.slice(1), update },
      })
      return [...read, store.outbox()]
    })
    expect(found).toEqual([1_000, 300, 1_000, [expect.objectContaining({ id: 0, attempts: 1, notBefore: 5 })]])
  })

  test("that are too large are refused, and nothing of their commit is kept", async () => {
    const left = await onStorage("large", (storage) => {
      const store = new SqlStore(storage)
      const body = "語".repeat(STORED_ROW_BYTES_MAX / 3)
      const changes = { ...NO_CHANGES, core: "{}", alarm: null, runs: { put: [{ id: 1, body }], remove: [] } }
      expect(() => store.commit(changes)).toThrow(/bytes of a row of runs/)
      return [store.core(), store.runs()]
    })
    expect(left).toEqual([null, []])
  })
})

test("what a source is asked and answers is held to the limit, as it is sent", async () => {
  const answers = await runInDurableObject(bindings.SOURCES.getByName(nameOf("calls")), async (instance) => {
    const source = instance as unknown as SourceRpc
    const refused = await source.run("ł".repeat(RPC_BYTES_MAX / 2)).catch((error: Error) => error.message)
    return [refused, await source.run("ł")]
  })
  expect(answers).toEqual([
    expect.stringContaining("bytes of the arguments of run"),
    expect.objectContaining({ ok: false, code: "gone" }),
  ])
})

test("a wake-up is a message that the queue takes, however long the names are", async () => {
  const sent: unknown[] = []
  const queue = { send: async (message: unknown) => void sent.push(message) } as unknown as Queue
  const long = "x".repeat(200)
  const wake = wakeOf({ ...bindings, FETCH_QUEUE: queue }, { org: long, project: long, source: long })
  await wake("fetch", 0)
  for (const message of sent) assertQueueable(message)
  expect(sent).toHaveLength(1)
})
