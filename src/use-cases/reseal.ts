/**
 * Replacing a vault key: whatever is sealed with another key than the first is opened and sealed anew, a bounded number at a time, in D1
 * and in the sources' objects. Each value is exchanged for exactly the one that was read, so that it may be stopped and begun again at
 * any moment, and beside any change of a user's. With one key listed there is nothing to do, and nothing is asked.
 */
import type { Statement } from "../db/database.ts"
import * as keys from "../db/sealed-with.ts"
import type { SourceRow } from "../db/sources.ts"
import { inParallel } from "../lib/parallel.ts"
import { clientContext } from "../oauth/which-client.ts"
import { keyIdOf, keyIdsOf } from "../source/credentials/sealed.ts"
import type { ApiPorts } from "../worker/platform.ts"
import { sealContext } from "../worker/vault.ts"
import { projectRef, refOf } from "./configure.ts"
import { grantRef } from "./finish-oauth.ts"

/** Rows of each kind in D1, and sources' objects. */
export interface Portion {
  rows: number
  objects: number
}

/** What an operator's request does: some two hundred of the thousand statements that D1 takes. */
export const RESEALED_AT_ONCE: Portion = { rows: 20, objects: 50 }
const PARALLEL = 6

type Ports = Pick<ApiPorts, "db" | "cipher" | "source" | "settings" | "log">

export interface Resealed {
  /** Values that were sealed anew. */
  resealed: number
  /** Values that could not be opened, and objects that could not be asked: tried again with the next batch. */
  failed: number
}

interface Work {
  ports: Ports
  /** Ids of the keys that are to be dropped. */
  old: string[]
  statements: Statement[]
  done: Resealed
}

export async function reseal(ports: Ports, { rows, objects: most }: Portion): Promise<Resealed> {
  const [, ...rest] = ports.settings.vaultKeys
  const work: Work = { ports, old: rest.map(({ id }) => id), statements: [], done: { resealed: 0, failed: 0 } }
  if (work.old.length === 0) return work.done
  await resealRows(work, rows)
  const objects = await keys.objectsSealedWith(ports.db, work.old, most)
  const waiting = objects.values()
  await inParallel(
    PARALLEL,
    () => waiting.next().value,
    (row) => resealObject(work, row),
  )
  const [first, ...others] = work.statements
  if (first) await ports.db.batch([first, ...others])
  if (work.done.resealed + work.done.failed > 0) ports.log("resealed", { ...work.done })
  return work.done
}

async function resealRows(work: Work, most: number): Promise<void> {
  const { old } = work
  const { db } = work.ports
  for (const row of await keys.sourcesSealedWith(db, old, most)) {
    const { id, credential, destination } = row
    if (credential) await each(work, credential, sealContext(refOf(row), "credential"), keys.exchangeCredential, id)
    if (destination)
      await each(work, destination.key, sealContext(refOf(row), "destination"), keys.exchangeOverride, id)
  }
  for (const row of await keys.destinationsSealedWith(db, old, most)) {
    const { org, project, target } = row
    await each(work, target.key, sealContext(projectRef(row), "destination"), keys.exchangeDestination, org, project)
  }
  for (const row of await keys.grantsSealedWith(db, old, most)) {
    const context = sealContext(grantRef(row), "grant")
    for (const which of ["access", "refresh"] as const)
      await each(work, row.tokens?.[which] ?? "", context, keys.exchangeToken, row.id, which)
  }
  for (const row of await keys.settingsSealedWith(db, old, most)) {
    const { org, project, oauthClients } = row
    for (const [connector, { secret }] of Object.entries(oauthClients))
      await each(work, secret, clientContext(row), keys.exchangeClient, org, project, connector)
  }
}

type Exchange<A extends string[]> = (db: Ports["db"], ...args: [...A, from: string, to: string]) => Statement

async function each<A extends string[]>(
  work: Work,
  sealed: string,
  context: string,
  exchange: Exchange<A>,
  ...place: A
): Promise<void> {
  const fresh = await anew(work, sealed, context)
  if (fresh !== null) work.statements.push(exchange(work.ports.db, ...place, sealed, fresh))
}

/** Null: it is sealed with the first key already, or cannot be opened. */
async function anew(
  { ports: { cipher, log }, old, done }: Work,
  sealed: string,
  context: string,
): Promise<string | null> {
  if (!old.includes(keyIdOf(sealed))) return null
  try {
    const fresh = await cipher.seal(await cipher.open(sealed, context), context)
    done.resealed++
    return fresh
  } catch (error) {
    log("reseal_failed", { key: keyIdOf(sealed), error: error instanceof Error ? error.name : "unknown" })
    done.failed++
    return null
  }
}

async function resealObject(work: Work, row: SourceRow): Promise<void> {
  const { ports, statements, done } = work
  const ref = refOf(row)
  try {
    const object = ports.source(ref)
    const changes: { from: string; to: string }[] = []
    const held = await object.sealed()
    for (const { owner, purpose, value } of held) {
      const to = await anew(work, value, sealContext({ ...ref, source: owner }, purpose))
      if (to !== null) changes.push({ from: value, to })
    }
    const left = changes.length > 0 ? await object.reseal(changes) : held
    statements.push(keys.noteSealedWith(ports.db, row.id, keyIdsOf(left)))
  } catch (error) {
    ports.log("reseal_failed", { source: row.id, error: error instanceof Error ? error.name : "unknown" })
    done.failed++
  }
}
