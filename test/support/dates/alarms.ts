/**
 * Before each test file in workerd: the platform rings alarms by the machine's clock, which knows nothing of NOW. Objects set and
 * read them by the tests' time; here they are moved between the two, so that an alarm rings as long after it is set as it says.
 */
import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { AHEAD_MS } from "./now.ts"

const { SOURCES } = env as unknown as { SOURCES: DurableObjectNamespace }

await runInDurableObject(SOURCES.getByName("acme/alarms/src_none"), (_, { storage }) => {
  const shared = Object.getPrototypeOf(storage) as DurableObjectStorage
  const { setAlarm, getAlarm } = shared
  shared.setAlarm = function (this: DurableObjectStorage, at, options) {
    return setAlarm.call(this, Number(at) - AHEAD_MS, options)
  }
  shared.getAlarm = async function (this: DurableObjectStorage, options) {
    const at = await getAlarm.call(this, options)
    return at === null ? null : at + AHEAD_MS
  }
})
