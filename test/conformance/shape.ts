/** Compares the shape of an object with a sample's: fields and kinds of value, not the values. */

type Value = unknown

/** Each difference as `path: what`; list indexes are left out, since all entries of a list are alike. */
export function differences(sample: Value, object: Value, path = ""): string[] {
  if (sample === null || object === null || sample === undefined || object === undefined) return []
  if (Array.isArray(sample) || Array.isArray(object)) return listDifferences(sample, object, path)
  if (typeof sample === "object" && typeof object === "object") {
    return fieldDifferences(sample as Record<string, Value>, object as Record<string, Value>, path)
  }
  return typeof sample === typeof object ? [] : [`${path}: ${kindOf(object)}, not ${kindOf(sample)}`]
}

function listDifferences(sample: Value, object: Value, path: string): string[] {
  if (!Array.isArray(sample) || !Array.isArray(object)) return [`${path}: ${kindOf(object)}, not ${kindOf(sample)}`]
  const [first] = sample
  return [...new Set(object.flatMap((entry) => differences(first, entry, path)))]
}

function fieldDifferences(sample: Record<string, Value>, object: Record<string, Value>, path: string): string[] {
  // An empty object in a sample says nothing of what may be in it.
  if (Object.keys(sample).length === 0) return []
  const at = (field: string) => (path === "" ? field : `${path}.${field}`)
  const missing = Object.keys(sample).filter((field) => !Object.hasOwn(object, field))
  const unknown = Object.keys(object).filter((field) => !Object.hasOwn(sample, field))
  const shared = Object.keys(sample).filter((field) => Object.hasOwn(object, field))
  return [
    ...missing.map((field) => `${at(field)}: missing`),
    ...unknown.map((field) => `${at(field)}: unknown`),
    ...shared.flatMap((field) => differences(sample[field], object[field], at(field))),
  ]
}

function kindOf(value: Value): string {
  return Array.isArray(value) ? "list" : typeof value
}
