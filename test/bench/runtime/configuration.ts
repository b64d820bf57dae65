/** A source of the benchmark as the API would configure it. */
import { getConnector } from "../../../src/connectors/index.ts"
import type { AnyConnector } from "../../../src/connectors/kit/define.ts"
import type { Bindings } from "../../../src/env.ts"
import type { Configuration } from "../../../src/source/protocol/configuration.ts"
import { apiPorts } from "../../../src/worker/platform.ts"
import { sealContext } from "../../../src/worker/vault.ts"
import { BENCH_REF, BENCH_TARGET, type Setup } from "../setup.ts"

export async function configurationOf(env: Bindings, source: string, setup: Setup): Promise<Configuration> {
  const { cipher } = apiPorts(env)
  const { credential, destinationKey, ...given } = setup
  const ref = { ...BENCH_REF, source }
  const key = await cipher.seal(destinationKey, sealContext(ref, "destination"))
  return {
    ...ref,
    ...given,
    version: 1,
    identity: "email",
    collections: connectorOf(setup).collections.map(({ name }) => ({ name, fields: {} })),
    intervalHours: 1,
    active: true,
    credential: await cipher.seal(credential, sealContext(ref, "credential")),
    credentialVersion: 1,
    destination: { ...BENCH_TARGET, key, owner: source },
    destinationVersion: 1,
  }
}

export function connectorOf({ connector: name }: Setup): AnyConnector {
  const connector = getConnector(name)
  if (!connector) throw new Error(`no connector ${name}`)
  return connector
}
