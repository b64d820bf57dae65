/**
 * The transactions of a source: one loads what a decision needs, calls it, commits once, and then carries out the effects.
 *   - one at a time: between load and commit nothing is awaited, so nothing can come in between
 *   - all or nothing: a decision that throws changes nothing, and what was kept in memory is dropped
 *   - commit first, then send: a wake-up that is lost costs time until its deadline, never data
 */
import { bringBack } from "../clocks/clock.ts"
import { PendingKeys } from "../dedupe/pending-keys.ts"
import { SeenIndex } from "../dedupe/seen.ts"
import { Outbox } from "../delivery/outbox.ts"
import type { QueueName, SourcePorts } from "../ports.ts"
import { plan } from "../runs/plan.ts"
import type { Changes } from "../state/changes.ts"
import { coarse, type State, WAITING_FOR_OPERATOR } from "../state/state.ts"
import { isTombstone, readState } from "../state/stored.ts"
import type { Transaction } from "../transaction.ts"
import { noteError } from "./trouble.ts"

/** What is kept between transactions; dropped whenever one fails, to be read again from the last commit. */
interface Memory {
  /** The core row as it is stored. */
  text: string
  /** The same, read. */
  state: State
  seen: SeenIndex
  pending: PendingKeys
  outbox: Outbox
}

interface Done<T> {
  result: T
  wakes: QueueName[]
  status: State
}

export class Transactions {
  readonly #ports: SourcePorts
  #memory: Memory | null = null

  constructor(ports: SourcePorts) {
    this.#ports = ports
  }

  /**
   * One transaction. The decision answers how to make the result once what is due has been planned (a view shows it), or, as `plain`, a
   * result that needs no planning and has left the state as it was.
   */
  async act<T>(gone: T, decide: (tx: Transaction) => (() => T) | { plain: T }, first: State | null = null): Promise<T> {
    const done = this.#transaction(decide, first)
    if (done === null) return gone
    await this.#carryOut(done)
    return done.result
  }

  /** Synchronous from load to commit. */
  #transaction<T>(decide: (tx: Transaction) => (() => T) | { plain: T }, first: State | null): Done<T> | null {
    try {
      const memory = first ? this.#blank(first) : this.#load()
      if (!memory) return null
      const tx = this.#open(memory, memory.state)
      bringBack(tx)
      const outcome = decide(tx)
      bringBack(tx)
      if (typeof outcome !== "function") {
        this.#commit(tx, memory, null, memory.text)
        return { result: outcome.plain, wakes: [], status: tx.state }
      }
      const { wakes, alarm } = plan(tx)
      const result = outcome()
      this.#commit(tx, memory, alarm, null)
      this.#memory = memory
      return { result, wakes, status: tx.state }
    } catch (error) {
      this.#memory = null
      throw error
    }
  }

  /** Of the last commit, to be read at once: the next transaction changes it. Null: there is no source. */
  peek(): Readonly<State> | null {
    return this.#load()?.state ?? null
  }

  /** The last commit's core row as it is stored, a tombstone's too. */
  text(): string | null {
    return this.#memory?.text ?? this.#ports.store.core()
  }

  /** What is kept in memory is dropped, to be read again. */
  forget(): void {
    this.#memory = null
  }

  /** What a decision sees, with nothing changed. Null: there is no source. */
  look<T>(read: (tx: Transaction) => T): T | null {
    const memory = this.#load()
    return memory && read(this.#open(memory, readState(memory.text) as State))
  }

  #load(): Memory | null {
    if (this.#memory) return this.#memory
    const { store } = this.#ports
    const text = store.core()
    const core = text === null ? null : readState(text)
    if (text === null || !core || isTombstone(core)) return null
    this.#memory = {
      text,
      state: core,
      seen: new SeenIndex(store, core.ids.seen),
      pending: new PendingKeys(store.pending(), core.ids.pending),
      outbox: new Outbox(store.outbox()),
    }
    return this.#memory
  }

  #blank(state: State): Memory {
    const seen = new SeenIndex(this.#ports.store, 0)
    return { text: "", state, seen, pending: new PendingKeys([], 0), outbox: new Outbox([]) }
  }

  #open(memory: Memory, state: State): Transaction {
    const connector = this.#ports.connector(state.configuration.connector)
    if (!connector) throw new Error(`This version has no connector "${state.configuration.connector}".`)
    const { seen, pending, outbox } = memory
    const staged = { quarantinePut: [], quarantineRemove: [], runsPut: [], runsRemove: [] }
    return {
      state,
      now: this.#ports.clock.now(),
      random: this.#ports.random,
      connector,
      seen,
      pending,
      outbox,
      stored: this.#ports.store,
      staged,
    }
  }

  /** Writes what changed, the core row only when it did; nothing at all for a transaction that changed nothing. */
  #commit(tx: Transaction, memory: Memory, alarm: number | null, keepCore: string | null): void {
    const { state, staged } = tx
    const seen = memory.seen.takeChanges()
    const pending = memory.pending.takeChanges()
    state.ids.seen = memory.seen.nextId
    state.ids.pending = memory.pending.nextId
    const core = keepCore ?? JSON.stringify(state)
    const changes: Changes = {
      core: core === memory.text ? null : core,
      alarm,
      outbox: memory.outbox.takeChanges(),
      seen,
      pending,
      quarantine: { put: staged.quarantinePut, remove: staged.quarantineRemove },
      runs: { put: staged.runsPut, remove: staged.runsRemove },
    }
    if (isEmpty(changes)) return
    this.#ports.store.commit(changes)
    memory.text = core
  }

  // ------------------------------------------------------------------------------------------------------- effects

  async #carryOut({ wakes, status }: Done<unknown>): Promise<void> {
    await Promise.all([this.#send(wakes), this.#publish(status)])
  }

  async #send(wakes: readonly QueueName[]): Promise<void> {
    const { wake } = this.#ports
    await Promise.all(
      wakes.map((queue) => wake(queue, 0).catch((error) => noteError(this.#ports.log, "source.wake_lost", error))),
    )
  }

  /** D1 is told when the coarse status changed; a failure is made up for at the next transaction. */
  async #publish(state: State): Promise<void> {
    const now = coarse(state)
    if (state.published === now) return
    try {
      await this.#ports.publish(publicStatus(state))
    } catch (error) {
      noteError(this.#ports.log, "source.publish_failed", error)
      return
    }
    const noted = this.#transaction((tx) => {
      tx.state.published = now
      return value(undefined)
    }, null)
    await this.#send(noted?.wakes ?? [])
  }
}

/** For a decision: what is planned afterwards changes nothing of its result. */
export function value<T>(result: T): () => T {
  return () => result
}

/** What D1 shows in lists: an error, or what the source waits for although nothing is wrong with it. */
function publicStatus({ error, configuration, operatorWait }: State) {
  if (error) return { status: "error", code: error.code, message: error.message }
  const status = configuration.active ? "connected" : "paused"
  return { status, code: operatorWait ? WAITING_FOR_OPERATOR : null, message: operatorWait?.reason ?? null }
}

function isEmpty({ core, alarm, outbox, seen, pending, quarantine, runs }: Changes): boolean {
  const lists = [
    outbox.insert,
    outbox.remove,
    outbox.update,
    seen.put,
    seen.remove,
    pending.put,
    pending.remove,
    quarantine.put,
    quarantine.remove,
    runs.put,
    runs.remove,
  ]
  return core === null && alarm === null && lists.every((list) => list.length === 0)
}
