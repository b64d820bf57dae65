import { expect, it } from "vitest"
import { busyWith } from "./cpu-profile.ts"

const BUNDLE = [
  "var x",
  "// ../src/http/exchange.ts",
  "read()",
  "// ../../src/source/engine.ts",
  "decide()",
  "more()",
].join("\n")
const url = "file:///somewhere/worker.js"
const node = (id: number, functionName: string, lineNumber: number, children: number[] = []) => ({
  id,
  callFrame: { functionName, url: lineNumber < 0 ? "" : url, lineNumber },
  children,
})

it("each sample counts for the innermost part it belongs to, the runtime's functions for whoever called them", () => {
  const nodes = [
    node(1, "(root)", -1, [2, 5, 6]),
    node(2, "decide", 4, [3]),
    node(3, "read", 2, [4]),
    node(4, "decode", -1),
    node(5, "(idle)", -1),
    node(6, "before", 0),
  ]
  const parts = [
    { title: "asking", fits: (file: string) => file.startsWith("src/http/") },
    { title: "deciding", fits: (file: string) => file.startsWith("src/source/") },
    { title: "waiting", fits: (_: string, name: string) => name === "(idle)" },
    { title: "nothing", fits: () => false },
  ]
  const samples = [2, 3, 4, 5, 6]
  const ms = busyWith({ nodes, samples, timeDeltas: [1_000, 2_000, 4_000, 8_000, 500] }, BUNDLE, parts)
  expect([...ms]).toEqual([
    ["asking", 6],
    ["deciding", 1],
    ["waiting", 8],
    ["nothing", 0],
    ["the rest", 0.5],
  ])
})
