/** Runs before every test file in workerd: sources store, take and answer no more than the real platform lets them. */

import { OutboxTable } from "../../../src/worker/outbox/table.ts"
import { SourceObject } from "../../../src/worker/source-object.ts"
import { SqlStore } from "../../../src/worker/sqlite-store.ts"
import { assertBundlesStorable, assertSendable, assertStorable } from "./limits.ts"

const WRAPPED = Symbol.for("limits")
type Wrapped = { [WRAPPED]?: true }

/** The module outlives a test file where the isolate does. */
function once(prototype: object, wrap: () => void): void {
  if ((prototype as Wrapped)[WRAPPED]) return
  Object.assign(prototype, { [WRAPPED]: true })
  wrap()
}

once(SqlStore.prototype, () => {
  const { commit } = SqlStore.prototype
  SqlStore.prototype.commit = function (changes) {
    assertStorable(changes)
    commit.call(this, changes)
  }
})

once(OutboxTable.prototype, () => {
  const { write } = OutboxTable.prototype
  OutboxTable.prototype.write = function (bundles) {
    assertBundlesStorable(bundles)
    write.call(this, bundles)
  }
})

once(SourceObject.prototype, () => {
  const methods = Object.getOwnPropertyNames(SourceObject.prototype).filter((name) => name !== "constructor")
  for (const name of methods) {
    const prototype = SourceObject.prototype as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
    const method = prototype[name]
    if (!method) continue
    prototype[name] = async function (...args) {
      assertSendable(`the arguments of ${name}`, args)
      const answer = await method.apply(this, args)
      assertSendable(`the answer of ${name}`, answer)
      return answer
    }
  }
})
