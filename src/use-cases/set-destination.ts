/**
 * Where items go: PUT /destination, and PUT and DELETE /sources/:id/destination. What a user sends is tested with a harmless request,
 * then sealed.
 */
import type { SetDestination } from "../api/requests.ts"
import type { Tenant } from "../db/database.ts"
import { type DestinationRow, findDestination, followersOf, putDestination } from "../db/destinations.ts"
import type { StoredDestination } from "../db/schema.ts"
import { changeSource, findSource, type SourceRow } from "../db/sources.ts"
import type { DestinationCheck, Target } from "../destinations/destination.ts"
import { intempt } from "../destinations/intempt.ts"
import { badField, Problem } from "../errors.ts"
import type { SourceRef } from "../source/protocol/configuration.ts"
import type { ApiPorts } from "../worker/platform.ts"
import { sealContext } from "../worker/vault.ts"
import { configure, projectRef, refOf } from "./configure.ts"
import { auditEntry, type Changed, type Context } from "./context.ts"
import { refuseConnectedBefore } from "./continue-former.ts"

/** `followers`: the sources that have none of their own, to be told. */
export async function setProjectDestination(
  context: Context,
  input: SetDestination,
): Promise<{ destination: DestinationRow; followers: SourceRow[] }> {
  const { ports, tenant } = context
  const stored = await acceptTarget(ports, projectRef(tenant), withDefaults(input, tenant))
  if (!isSame((await findDestination(ports.db, tenant))?.target, stored))
    await refuseConnectedBefore(ports, await followersOf(ports.db, tenant), stored, input.duplicates)
  const entry = auditEntry(context, "destination.changed", "destination", placeSent(stored))
  return putDestination(ports.db, tenant, stored, entry)
}

export async function setSourceDestination(context: Context, id: string, input: SetDestination): Promise<Changed> {
  const { ports, tenant } = context
  const row = await findSource(ports.db, tenant, id)
  const stored = await acceptTarget(ports, refOf(row), withDefaults(input, tenant))
  await refuseMove(context, row, stored, input.duplicates)
  return override(context, row, stored, placeSent(stored))
}

export async function followProjectDestination(
  context: Context,
  id: string,
  duplicates: SetDestination["duplicates"],
): Promise<Changed> {
  const { ports, tenant } = context
  const row = await findSource(ports.db, tenant, id)
  const next = (await findDestination(ports.db, tenant))?.target
  if (next) await refuseMove(context, row, next, duplicates)
  return override(context, row, null, { follows: "project" })
}

/** A source that reads already may not be led, without a word, to where a deleted one of its account has sent before. */
async function refuseMove(
  { ports, tenant }: Context,
  row: SourceRow,
  next: Place,
  duplicates: SetDestination["duplicates"],
): Promise<void> {
  const last = row.destination ?? (await findDestination(ports.db, tenant))?.target
  if (row.status !== "draft" && !isSame(last, next)) await refuseConnectedBefore(ports, [row], next, duplicates)
}

async function override(
  context: Context,
  row: SourceRow,
  destination: StoredDestination | null,
  detail: object,
): Promise<Changed> {
  const { ports } = context
  const entry = auditEntry(context, "destination.overridden", row.id, detail)
  const patch = { destination, destinationVersion: row.destinationVersion + 1 }
  const changed = await changeSource(ports.db, row, patch, entry)
  return { row: changed, view: await configure(ports, changed) }
}

/** Another key of the same destination moves nothing. */
type Place = Pick<StoredDestination, "org" | "project" | "sourceId">

function isSame(one: Place | undefined, other: Place): boolean {
  return one?.org === other.org && one.project === other.project && one.sourceId === other.sourceId
}

/** Intempt's organization and project are usually the ones of the path. */
function withDefaults({ org, project, sourceId, key, clearing }: SetDestination, tenant: Tenant) {
  return { org: org ?? tenant.org, project: project ?? tenant.project, sourceId, key, clearing }
}

function placeSent({ org, project, sourceId }: StoredDestination): Place {
  return { org, project, sourceId }
}

type Ports = Pick<ApiPorts, "clock" | "http" | "cipher">
type Failure = Exclude<DestinationCheck, { ok: true }>

/** Throws the problem that tells the user what to do; `ref` says for whom the key is sealed. */
async function acceptTarget(ports: Ports, ref: SourceRef, target: Target): Promise<StoredDestination> {
  const check = await intempt.check(ports, target)
  if (!check.ok) throw problemOfCheck(check)
  return { ...target, key: await ports.cipher.seal(target.key, sealContext(ref, "destination")) }
}

function problemOfCheck({ code, reason }: Failure): Problem {
  switch (code) {
    case "key_shape":
      return badField("key", reason)
    case "key_rejected":
    case "no_credits":
      return badField("key", reason, "destination_rejected")
    case "not_found":
      return badField("sourceId", reason, "destination_rejected")
    case "unreachable":
      return new Problem("destination_unreachable", { detail: reason })
  }
}
