/** Reading Stripe's query parameters: plain, bracketed and repeated ones, refused when unknown. */
import { badInteger, badRequest, Refusal, unknownParameters } from "./errors.ts"

export interface Range {
  gt?: number
  gte?: number
  lt?: number
  lte?: number
  /** Plain `created=123`. */
  is?: number
}

export interface Params {
  values: Map<string, string>
  lists: Map<string, string[]>
  ranges: Map<string, Range>
}

export interface Allowed {
  plain: readonly string[]
  ranges?: readonly string[]
  /** `expand` is allowed everywhere. */
  lists?: readonly string[]
}

const BOUNDS = new Set(["gt", "gte", "lt", "lte"])

export function readParams(query: URLSearchParams, allowed: Allowed): Params {
  const params: Params = { values: new Map(), lists: new Map(), ranges: new Map() }
  const unknown: string[] = []
  for (const [key, value] of query) {
    const [, name = key, inner] = /^([^[]+)(?:\[([^\]]*)\])?$/.exec(key) ?? []
    const isList = name === "expand" || allowed.lists?.includes(name)
    if (isList && inner !== undefined && /^\d*$/.test(inner)) append(params.lists, name, value)
    else if (allowed.ranges?.includes(name) && inner === undefined) range(params, name).is = integer(key, value)
    else if (allowed.ranges?.includes(name) && inner !== undefined && BOUNDS.has(inner)) {
      range(params, name)[inner as "gt"] = integer(key, value)
    } else if (isList && inner === undefined) throw new Refusal(badRequest("Invalid array", name))
    else if (inner === undefined && allowed.plain.includes(name)) params.values.set(name, value)
    else unknown.push(inner === undefined || !known(name, allowed) ? name : key)
  }
  if (unknown.length > 0) throw new Refusal(unknownParameters([...new Set(unknown)]))
  for (const [name, value] of params.values) {
    if (value === "")
      throw new Refusal(
        badRequest(
          `You passed an empty string for '${name}'. We assume empty values are an attempt to unset a parameter; however '${name}' cannot be unset. You should remove '${name}' from your request or supply a non-empty value.`,
          name,
        ),
      )
  }
  return params
}

/** 1 to 100, 10 if left out. https://docs.stripe.com/api/pagination */
export function limitOf(params: Params): number {
  const text = params.values.get("limit")
  if (text === undefined) return 10
  const limit = integer("limit", text)
  if (limit < 1) throw new Refusal(badInteger("limit", "This value must be greater than or equal to 1."))
  if (limit > 100) {
    throw new Refusal(badInteger("limit", `This value must be less than or equal to 100 (it currently is '${limit}').`))
  }
  return limit
}

export function within(range: Range | undefined, value: number): boolean {
  if (!range) return true
  return (
    (range.is === undefined || value === range.is) &&
    (range.gt === undefined || value > range.gt) &&
    (range.gte === undefined || value >= range.gte) &&
    (range.lt === undefined || value < range.lt) &&
    (range.lte === undefined || value <= range.lte)
  )
}

/** The earliest second that can be in the range. */
export function lowest(range: Range | undefined): number {
  return Math.max(0, range?.is ?? 0, range?.gte ?? 0, range?.gt === undefined ? 0 : range.gt + 1)
}

/** The first second that is surely above the range. */
export function above(range: Range | undefined): number {
  const { is, lt, lte } = range ?? {}
  return Math.min(is === undefined ? Infinity : is + 1, lt ?? Infinity, lte === undefined ? Infinity : lte + 1)
}

function known(name: string, allowed: Allowed): boolean {
  return allowed.plain.includes(name) || (allowed.ranges?.includes(name) ?? false)
}

function integer(param: string, text: string): number {
  if (!/^-?\d+$/.test(text)) throw new Refusal(badInteger(param, `Invalid integer: ${text}`))
  return Number(text)
}

function range(params: Params, name: string): Range {
  const found = params.ranges.get(name) ?? {}
  params.ranges.set(name, found)
  return found
}

function append(lists: Map<string, string[]>, name: string, value: string): void {
  const found = lists.get(name) ?? []
  found.push(value)
  lists.set(name, found)
}
