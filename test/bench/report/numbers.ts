/** Numbers as a reader wants them. */

export function count(value: number): string {
  return Math.round(value).toLocaleString("en")
}

export function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} s`
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`
}

/** Two significant digits at least: costs differ by powers of ten. */
export function usd(value: number): string {
  return `$${value >= 10 ? value.toFixed(0) : value.toPrecision(2)}`
}

/** The middle one, and between which they lie: "0.83 (0.81 to 0.84)". Nothing is known of none. */
export function spread(values: readonly number[], digits = 2): string {
  const sorted = [...values].sort((one, other) => one - other)
  const [least, most] = [sorted[0], sorted.at(-1)]
  if (least === undefined || most === undefined) return "unknown"
  const text = (value: number) => value.toFixed(digits)
  return least === most ? text(least) : `${text(median(sorted))} (${text(least)} to ${text(most)})`
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const [below, above] = [sorted[(sorted.length - 1) >> 1] ?? Number.NaN, sorted[sorted.length >> 1] ?? Number.NaN]
  return (below + above) / 2
}
