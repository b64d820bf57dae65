/** What a thread was busy with, by the parts of the product: from V8's samples and the bundle that ran. Pure. */

/** https://chromedevtools.github.io/devtools-protocol/v8/Profiler/#type-Profile; what of it is used. */
export interface CpuProfile {
  nodes: readonly ProfileNode[]
  samples: readonly number[]
  /** Microseconds since the sample before. */
  timeDeltas: readonly number[]
}

interface ProfileNode {
  id: number
  /** `lineNumber` counts from 0. */
  callFrame: { functionName: string; url: string; lineNumber: number }
  children?: readonly number[]
}

/** The first that fits names the part. A sample is of the innermost function that belongs to one. */
export interface Part {
  title: string
  /** The file's path within the product, or the name of what V8 gives no file. */
  fits(file: string, functionName: string): boolean
}

/** Milliseconds by part, in the order of the parts; what fits none comes last, as `the rest`. */
export function busyWith({ nodes, samples, timeDeltas }: CpuProfile, bundle: string, parts: readonly Part[]) {
  const fileAt = filesOf(bundle)
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parentOf = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const partOf = (id: number | undefined): Part | undefined => {
    const node = id === undefined ? undefined : byId.get(id)
    if (!node) return undefined
    const { functionName, url, lineNumber } = node.callFrame
    const file = url.endsWith("worker.js") ? fileAt(lineNumber) : ""
    return parts.find(({ fits }) => fits(file, functionName)) ?? partOf(parentOf.get(node.id))
  }
  const ms = new Map<string, number>(parts.map(({ title }) => [title, 0]))
  for (const [at, id] of samples.entries()) {
    const title = partOf(id)?.title ?? "the rest"
    ms.set(title, (ms.get(title) ?? 0) + (timeDeltas[at] ?? 0) / 1000)
  }
  return ms
}

/** A bundle names each file in a comment above what came from it. */
function filesOf(bundle: string): (line: number) => string {
  const files: string[] = []
  let file = ""
  for (const line of bundle.split("\n")) {
    const named = /^\/\/ (?:\.\.\/)*((?:src|test|node_modules)\/\S+)$/.exec(line)
    file = named?.[1] ?? file
    files.push(file)
  }
  return (line) => files[line] ?? ""
}
