/**
 * Deleting a source. All that is stored of it goes at once; a tombstone stays for ever, so that a late message or the watchdog does not
 * bring it back. Two things may outlive the source in it: the grant that is still to be given back to the partner, and the place where
 * reading stopped, until the database has taken it over.
 */
import { exchangeSealed } from "../credentials/sealed.ts"
import type { SourcePorts } from "../ports.ts"
import type { Bookmark } from "../protocol/bookmark.ts"
import type { Sealed } from "../protocol/configuration.ts"
import type { State, Tombstone } from "../state/state.ts"
import { isTombstone, readState, STATE_SCHEMA } from "../state/stored.ts"

/** A grant that cannot be given back in so many attempts is left to lapse. */
const REVOKE_TRIES_MAX = 5

type Left = Pick<Tombstone, "revoke" | "bookmark">

/** The source that is erased. */
export interface Living {
  /** Drops what is kept of it in memory. */
  forget(): void
  /** Where reading stands; undefined: that cannot be told. Never throws: whatever is wrong with a source, it can be erased. */
  bookmark(): Bookmark | undefined
}

export class Erasing {
  readonly #ports: Pick<SourcePorts, "store" | "tokens">
  readonly #living: Living

  constructor(ports: Pick<SourcePorts, "store" | "tokens">, living: Living) {
    this.#ports = ports
    this.#living = living
  }

  /** `revoke`: nobody else needs the grant. Not ok: it could not be given back, and is to be asked again. */
  async erase(revoke: boolean): Promise<{ ok: boolean; bookmark?: Bookmark }> {
    const { owed, bookmark } = this.#left(revoke)
    const marked = bookmark && { bookmark }
    if (!owed) {
      this.#bury({ ...marked })
      return { ok: true, ...marked }
    }
    // What is owed is kept before it is done: nothing is read any more, and a crash does not make us forget it.
    const tries = owed.tries + 1
    this.#bury({ ...marked, revoke: { ask: owed.ask, tries } })
    const done = (await this.#ports.tokens.revoke(owed.ask)) || tries >= REVOKE_TRIES_MAX
    // Somebody may have taken the bookmark meanwhile.
    const kept = this.#tombstone()?.bookmark
    if (done) this.#bury({ ...(kept && { bookmark: kept }) })
    return { ok: done, ...marked }
  }

  /** The bookmark is kept elsewhere from now on. */
  bookmarkKept(): void {
    const tombstone = this.#tombstone()
    if (tombstone?.bookmark) this.#bury({ ...(tombstone.revoke && { revoke: tombstone.revoke }) })
  }

  /** Exchanges what a tombstone holds that is sealed. False: the source is not erased. */
  reseal(fresh: ReadonlyMap<Sealed, Sealed>): boolean {
    const tombstone = this.#tombstone()
    if (!tombstone) return false
    exchangeSealed(tombstone, fresh)
    const { bookmark, revoke } = tombstone
    this.#bury({ ...(bookmark && { bookmark }), ...(revoke && { revoke }) })
    return true
  }

  #left(revoke: boolean): { owed: Tombstone["revoke"]; bookmark: Bookmark | undefined } {
    const core = this.#core()
    if (!core) return { owed: null, bookmark: undefined }
    // Somebody may have signed in to the same account since.
    if (isTombstone(core)) return { owed: (revoke && core.revoke) || null, bookmark: core.bookmark }
    const bookmark = this.#living.bookmark()
    if (!revoke || !core.token) return { owed: null, bookmark }
    const { org, project, source, connector, config } = core.configuration
    const ask = { ref: { org, project, source }, connector, config, tokens: core.token.tokens }
    return { owed: { ask, tries: 0 }, bookmark }
  }

  #core(): State | Tombstone | null {
    const text = this.#ports.store.core()
    return text === null ? null : readState(text)
  }

  #tombstone(): Tombstone | null {
    const core = this.#core()
    return core && isTombstone(core) ? core : null
  }

  #bury(left: Left): void {
    this.#living.forget()
    this.#ports.store.erase(JSON.stringify({ schema: STATE_SCHEMA, erased: true, ...left }))
  }
}
