/** The secrets of a source, opened to be handed to whoever may work. They are kept sealed, and nothing opened is kept. */
import { credentialVersionOf } from "../credentials/token.ts"
import type { SourcePorts } from "../ports.ts"
import type { SourceRef } from "../protocol/configuration.ts"
import type { VersionedCredential } from "../protocol/fetching.ts"
import type { Transactions } from "./transactions.ts"

type Opener = Pick<SourcePorts, "cipher">

/** Null: there is no source, or no credential. */
export async function openCredential(
  { cipher }: Opener,
  transactions: Transactions,
): Promise<VersionedCredential | null> {
  const state = transactions.peek()
  if (!state) return null
  const { configuration, token } = state
  const version = credentialVersionOf(state)
  if (token) {
    const value = await cipher.open(token.tokens.access, context(configuration, "grant"))
    return { kind: "accessToken", value, version }
  }
  if (configuration.credential === null) return null
  const value = await cipher.open(configuration.credential, context(configuration, "credential"))
  return { kind: "key", value, version }
}

/** Null: there is none. */
export async function openDestination({ cipher }: Opener, transactions: Transactions) {
  const configuration = transactions.peek()?.configuration
  if (!configuration?.destination) return null
  const { org, project, sourceId, key, owner } = configuration.destination
  const opened = await cipher.open(key, context({ ...configuration, source: owner }, "destination"))
  return { org, project, sourceId, key: opened }
}

/** What the vault binds the sealed value to. */
function context({ org, project, source }: SourceRef, purpose: string): string {
  return `${org}/${project}/${source}#${purpose}`
}
