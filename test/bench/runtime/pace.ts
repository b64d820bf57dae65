import { connectors } from "../../../src/connectors/index.ts"

const shipped = new Map(connectors.map(({ name, limits }) => [name, limits.callsPerSecond]))

/** Calls a second that the product keeps to; 0: as shipped. Consumers and Durable Objects share an isolate here, so that all see it. */
export function setPace(callsPerSecond: number): Record<string, number> {
  for (const { name, limits } of connectors)
    limits.callsPerSecond = callsPerSecond > 0 ? callsPerSecond : (shipped.get(name) ?? limits.callsPerSecond)
  return Object.fromEntries(connectors.map(({ name, limits }) => [name, limits.callsPerSecond]))
}
