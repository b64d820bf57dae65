import { simulate } from "./world.ts"

const args = process.argv.slice(2)
const value = (name: string) => {
  const at = args.indexOf(`--${name}`)
  return at < 0 ? undefined : args[at + 1]
}
const first = Number(value("seed") ?? 1)
const seeds = Number(value("seeds") ?? 1)
const without = new Set((value("without") ?? "").split(",").filter(Boolean))
const t0 = performance.now()
let bad = 0
for (let seed = first; seed < first + seeds; seed++) {
  const v = await simulate(seed, { without, isTold: args.includes("--story") })
  if (args.includes("--story")) console.log(v.story.join("\n"))
  if (v.faults.length > 0) {
    bad++
    console.log(
      seed,
      v.faults.slice(0, 6).map((f) => f.slice(0, 1500)),
    )
  } else if (seeds < 5) console.log("ok", v.events, v.items, v.partnerCalls)
}
console.log(`${seeds} seeds, ${bad} bad, ${((performance.now() - t0) / seeds).toFixed(1)} ms a seed`)
