/** A destination as a user sends it: tested with a harmless request, then sealed. */
import type { StoredDestination } from "../db/schema.ts"
import type { DestinationCheck, Target } from "../destinations/destination.ts"
import { intempt } from "../destinations/intempt.ts"
import { badField, Problem } from "../errors.ts"
import type { ApiPorts } from "../platform.ts"
import type { SourceRef } from "../source/rpc.ts"
import { sealContext } from "../vault.ts"

type Ports = Pick<ApiPorts, "clock" | "http" | "cipher">
type Failure = Exclude<DestinationCheck, { ok: true }>

/** Throws the problem that tells the user what to do; `ref` says for whom the key is sealed. */
export async function acceptTarget(ports: Ports, ref: SourceRef, target: Target): Promise<StoredDestination> {
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
