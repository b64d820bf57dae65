/** US$ a unit, Cloudflare Workers paid plan, beyond what is included. https://developers.cloudflare.com/workers/platform/pricing/ */
export const PRICES = {
  workerRequest: 0.3e-6,
  cpuMs: 0.02e-6,
  /** A message is written, read and deleted. */
  queueOperation: 0.4e-6,
  objectRequest: 0.15e-6,
  objectSecond: 1.6e-6,
  rowWritten: 1e-6,
  rowRead: 0.001e-6,
  /** https://developers.cloudflare.com/workers/observability/logs/workers-logs/#pricing */
  logEvent: 0.6e-6,
} as const

export type Usage = Record<keyof typeof PRICES, number>

export function dollars(usage: Usage): Usage {
  const priced = Object.entries(PRICES).map(([what, price]) => [what, usage[what as keyof Usage] * price])
  return Object.fromEntries(priced) as Usage
}

export function total(costs: Usage): number {
  return Object.values(costs).reduce((sum, cost) => sum + cost, 0)
}
