/** The rules of the layout, read from the import statements and the sources themselves. */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { describe, expect, it } from "vitest"

const ROOT = join(import.meta.dirname, "../src")

/** Lowest first; a file may import from its own tier and from those below. Ends with `/`: all of the folder. The longest match counts. */
const TIERS: readonly (readonly string[])[] = [
  ["errors.ts", "problems.ts", "env.ts", "platform-limits.ts", "ports.ts", "lib/"],
  ["connectors/kit/"],
  ["api/"],
  // The partners, and the network.
  ["connectors/", "http/"],
  ["connectors/index.ts"],
  // What is said to a source, what it stores, and what it decides: pure.
  ["source/protocol/"],
  ["source/state/", "source/ports.ts"],
  ["source/"],
  ["source/engine/"],
  ["worker/sqlite-store.ts", "worker/packed-store.ts", "worker/outbox/"],
  ["auth/", "oauth/", "db/", "worker/vault.ts", "destinations/"],
  ["pipeline/"],
  ["worker/platform.ts"],
  ["use-cases/", "worker/source-object.ts"],
  ["routes/", "console/"],
  ["app.ts"],
  ["client.ts", "index.ts"],
]

/** Clock, randomness, timers and keys: what only the implementations of the ports may reach for. */
const EFFECTS = [
  "Date.now",
  "new Date()",
  "performance.now",
  "Math.random",
  "setTimeout",
  "setInterval",
  "AbortSignal.timeout",
  "randomUUID",
  "getRandomValues",
  "crypto.subtle",
] as const

/** Which file reaches for which effect, and why it may. */
const MAY: Record<string, { effects: readonly (typeof EFFECTS)[number][]; why: string }> = {
  "worker/platform.ts": {
    effects: ["Date.now", "Math.random", "setTimeout", "AbortSignal.timeout", "getRandomValues", "crypto.subtle"],
    why: "implements Clock, Random and the digest",
  },
  "worker/vault.ts": { effects: ["getRandomValues", "crypto.subtle"], why: "implements Cipher" },
}

/** Files that know the platform's types; all others are handed functions. */
const KNOW_BINDINGS: Record<string, string> = {
  "env.ts": "declares them",
  "index.ts": "receives them",
  "worker/platform.ts": "makes ports of them",
  "worker/source-object.ts": "is the Durable Object",
  "worker/sqlite-store.ts": "implements Store over its storage",
  "worker/outbox/table.ts": "keeps the outbox in its storage",
  "db/database.ts": "opens D1",
  "routes/kit/api.ts": "declares what Hono hands to the handlers",
}

/** Files beside routes and console that know Hono. */
const KNOW_HONO: Record<string, string> = {
  "app.ts": "is the Hono app",
  "client.ts": "gives its type to `hc`",
  "auth/token.ts": "has tokens verified by `hono/jwt`",
}

interface Source {
  path: string
  text: string
  /** Paths under src. */
  inner: string[]
  packages: string[]
}

const IMPORT = /^(?:import|export)\b[^"]*?\bfrom "([^"]+)"|^import "([^"]+)"/gm

const sources: readonly Source[] = readdirSync(ROOT, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => sourceOf(path.replaceAll("\\", "/")))

function sourceOf(path: string): Source {
  const text = readFileSync(join(ROOT, path), "utf8")
  const named = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? "")
  const inner = named.filter((name) => name.startsWith(".")).map((name) => normalize(join(dirname(path), name)))
  return { path, text, inner, packages: named.filter((name) => !name.startsWith(".")) }
}

function tierOf(path: string): number {
  const fits = (place: string) => path === place || (place.endsWith("/") && path.startsWith(place))
  const best = TIERS.flat()
    .filter(fits)
    .reduce((longest, place) => (place.length > longest.length ? place : longest), "")
  return TIERS.findIndex((tier) => tier.includes(best))
}

/** `connectors/stripe.ts` and all under `connectors/stripe/` are one partner; the kit and the registry are none. */
function partnerOf(path: string): string | null {
  const name = /^connectors\/([^/.]+)/.exec(path)?.[1]
  return name === undefined || name === "kit" || name === "index" ? null : name
}

/** Comments may speak of what code may not do. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "")
}

const importsOf = (from: Source) => from.inner.map((to) => [from.path, to] as const)
const imports = sources.flatMap(importsOf)

describe("the layout", () => {
  it("is read: sources and their imports are found", () => {
    expect(sources.length).toBeGreaterThan(100)
    expect(imports.length).toBeGreaterThan(300)
    const paths = new Set(sources.map(({ path }) => path))
    expect(imports.filter(([, to]) => !paths.has(to))).toEqual([])
  })

  it("has a place for every file", () => {
    expect(sources.map(({ path }) => path).filter((path) => tierOf(path) < 0)).toEqual([])
  })

  it("imports go downward only", () => {
    expect(imports.filter(([from, to]) => tierOf(to) > tierOf(from))).toEqual([])
  })

  it("no import goes round in a circle, not even one of a type", () => {
    const inner = new Map(sources.map(({ path, inner }) => [path, inner]))
    const circles: string[][] = []
    const done = new Set<string>()
    const visit = (path: string, trail: string[]) => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path])
      if (trail.includes(path) || done.has(path)) return
      for (const next of inner.get(path) ?? []) visit(next, [...trail, path])
      done.add(path)
    }
    for (const { path } of sources) visit(path, [])
    expect(circles).toEqual([])
  })
})

describe("connectors", () => {
  it("know the kit, zod and their own files, never each other", () => {
    const partners = sources.filter(({ path }) => partnerOf(path) !== null)
    const foreign = partners
      .flatMap((from) => importsOf(from))
      .filter(([from, to]) => {
        return !to.startsWith("connectors/kit/") && partnerOf(to) !== partnerOf(from)
      })
    expect(foreign).toEqual([])
    expect(partners.flatMap(({ packages }) => packages).filter((name) => name !== "zod")).toEqual([])
  })

  it("are known by name to the registry only", () => {
    const named = imports.filter(([from, to]) => partnerOf(to) !== null && partnerOf(from) !== partnerOf(to))
    expect(new Set(named.map(([from]) => from))).toEqual(new Set(["connectors/index.ts"]))
  })

  it("of the kit know no partner and nothing of the product", () => {
    const kit = sources.filter(({ path }) => path.startsWith("connectors/kit/"))
    expect(kit.flatMap(importsOf).filter(([, to]) => !to.startsWith("connectors/kit/"))).toEqual([])
  })
})

describe("the engine of a source", () => {
  const within = (...places: string[]) => {
    return (path: string) => places.some((place) => path === place || (place.endsWith("/") && path.startsWith(place)))
  }
  /** What `from` imports although it may import itself and `allowed` only. */
  const strangersOf = (from: string, ...allowed: string[]) =>
    imports.filter(([path, to]) => within(from)(path) && !within(from, ...allowed)(to))

  const BASE = ["lib/", "ports.ts", "connectors/kit/", "api/enums.ts", "api/views.ts"]

  it("knows the kit, the ports, the shapes of what is shown and the small things: no partner, no network, no database, no route", () => {
    expect(strangersOf("source/", ...BASE)).toEqual([])
  })

  it("is spoken to in words of their own, and stores what no decision defines", () => {
    expect(strangersOf("source/protocol/", ...BASE)).toEqual([])
    expect(strangersOf("source/state/", ...BASE, "source/protocol/", "source/ports.ts")).toEqual([])
    expect(strangersOf("source/ports.ts", ...BASE, "source/protocol/", "source/state/")).toEqual([])
  })

  it("dedupes by keys, whoever reads, and knows of the protocol what an item is", () => {
    const item = ["source/protocol/encoded-item.ts", "source/protocol/track.ts"]
    expect(strangersOf("source/dedupe/", ...BASE, "source/state/", ...item)).toEqual([])
  })

  const sourceTakenBy = (...places: string[]) => {
    const taken = imports.filter(([from, to]) => within(...places)(from) && within("source/")(to)).map(([, to]) => to)
    return [...new Set(taken)].sort()
  }
  const isContract = within("source/protocol/", "source/ports.ts")

  it("is known to the consumers by its protocol; both of them search the record that cannot be read", () => {
    expect(sourceTakenBy("pipeline/").filter((path) => !isContract(path))).toEqual(["source/reading/probe.ts"])
  })

  it("is known to the layers beside it by its protocol, its ports and the shape of what it stores", () => {
    const beside = [
      "connectors/",
      "http/",
      "auth/",
      "oauth/",
      "db/",
      "destinations/",
      "worker/platform.ts",
      "worker/vault.ts",
    ]
    expect(sourceTakenBy(...beside).filter((path) => !isContract(path))).toEqual(["source/state/state.ts"])
    expect(sourceTakenBy("worker/sqlite-store.ts", "worker/packed-store.ts", "worker/outbox/")).toEqual([
      "source/ports.ts",
      "source/state/changes.ts",
    ])
  })

  it("lends a few of its rules to the use cases", () => {
    expect(sourceTakenBy("use-cases/", "routes/", "console/").filter((path) => !isContract(path))).toEqual([
      "source/backfill/backfill.ts",
      "source/clocks/skew.ts",
      "source/control/start-date.ts",
      "source/credentials/sealed.ts",
    ])
  })

  it("changes typed state in ways that a misspelt name does not survive", () => {
    const loose = sources.filter(({ text }) => codeOf(text).includes("Object.assign")).map(({ path }) => path)
    expect(loose.filter(within("source/"))).toEqual([])
  })
})

describe("who knows what", () => {
  const knowing = (isIt: (source: Source) => boolean) => sources.filter(isIt).map(({ path }) => path)

  it("Hono: routes, console, and the files listed", () => {
    const hono = knowing(({ packages }) => packages.some((name) => /^@?hono\b/.test(name)))
    expect(hono.filter((path) => !/^(routes|console)\//.test(path)).sort()).toEqual(Object.keys(KNOW_HONO).sort())
  })

  it("`cloudflare:workers`: the Durable Object only", () => {
    const platform = knowing(({ packages }) => packages.some((name) => name.startsWith("cloudflare:")))
    expect(platform).toEqual(["worker/source-object.ts"])
  })

  it("bindings and the platform's types: the files listed", () => {
    const types =
      /\b(Bindings|D1Database|DurableObject(State|Storage|Namespace)?|KVNamespace|Fetcher|ExecutionContext|MessageBatch)\b/
    const binding = knowing(({ text }) => types.test(codeOf(text)))
    expect(binding.filter((path) => !(path in KNOW_BINDINGS))).toEqual([])
  })

  it("the Durable Object is reached through its binding: nobody but the entry imports it", () => {
    const reached = imports.filter(([, to]) => to === "worker/source-object.ts" || to === "source/engine/engine.ts")
    expect(reached.map(([from]) => from).sort()).toEqual(["index.ts", "worker/source-object.ts"])
  })

  it("the network: the port only", () => {
    // 'self' in quotes is a word of a content security policy.
    expect(knowing(({ text }) => /\b(globalThis|self)\b(?!')|(?<![.\w])fetch\(/.test(codeOf(text)))).toEqual([
      "worker/platform.ts",
    ])
  })
})

describe("effects", () => {
  it.each(EFFECTS)("%s is reached for by the implementations of ports only", (effect) => {
    const reaching = sources.filter(({ text }) => codeOf(text).includes(effect)).map(({ path }) => path)
    const allowed = Object.keys(MAY).filter((path) => MAY[path]?.effects.includes(effect))
    expect(reaching.sort()).toEqual(allowed.sort())
  })
})
