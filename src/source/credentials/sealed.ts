/** The sealed values that a source's object holds: they stay sealed here, and are exchanged as they are when a vault key is replaced. */
import { assign } from "../../lib/assign.ts"
import type { Sealed, SealedSecret } from "../protocol/configuration.ts"
import type { State, Tombstone } from "../state/state.ts"

/** Of `v1.<key id>.<iv>.<ciphertext>`. */
export function keyIdOf(sealed: Sealed): string {
  return sealed.split(".")[1] ?? ""
}

/** Ids of the keys that must be known to open all of them, each once. */
export function keyIdsOf(secrets: readonly SealedSecret[]): string[] {
  return [...new Set(secrets.map(({ value }) => keyIdOf(value)))].sort()
}

export function secretsOf(core: State | Tombstone): SealedSecret[] {
  if ("erased" in core) return core.revoke ? tokenSecrets(core.revoke.ask.ref.source, core.revoke.ask.tokens) : []
  const { source, credential, destination } = core.configuration
  return [
    ...(credential === null ? [] : [{ owner: source, purpose: "credential" as const, value: credential }]),
    ...(destination ? [{ owner: destination.owner, purpose: "destination" as const, value: destination.key }] : []),
    ...(core.token ? tokenSecrets(source, core.token.tokens) : []),
  ]
}

/** Puts the new values in place of the old ones; what has changed since it was handed out stays as it is. */
export function exchangeSealed(core: State | Tombstone, changes: ReadonlyMap<Sealed, Sealed>): void {
  const swap = (value: Sealed) => changes.get(value) ?? value
  const swapTokens = (tokens: { access: Sealed; refresh: Sealed | null }) =>
    assign(tokens, { access: swap(tokens.access), refresh: tokens.refresh && swap(tokens.refresh) })
  if ("erased" in core) {
    if (core.revoke) swapTokens(core.revoke.ask.tokens)
    return
  }
  const { configuration, token } = core
  if (configuration.credential !== null) configuration.credential = swap(configuration.credential)
  if (configuration.destination) configuration.destination.key = swap(configuration.destination.key)
  if (token) swapTokens(token.tokens)
}

function tokenSecrets(owner: string, { access, refresh }: { access: Sealed; refresh: Sealed | null }): SealedSecret[] {
  return [access, ...(refresh === null ? [] : [refresh])].map((value) => ({ owner, purpose: "grant", value }))
}
