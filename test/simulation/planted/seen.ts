/** What was seen, what is open, what passes. */
import type { Mutant } from "./mutant.ts"

export const SEEN: readonly Mutant[] = [
  {
    name: "seen is pruned at the cursor instead of the floor",
    file: "source/checkpoint.ts",
    from: "    floor: lowestFloor(turn),\n    edges",
    to: "    floor: lowestFloor(turn) + 600_000,\n    edges",
  },
  {
    name: "seen is not written for what a pass reads",
    file: "source/admit.ts",
    from: '  seen.put(hash, before ? "live" : classOf(item, reading), entryOf(item, "", reading))\n',
    to: '  if (!reading.range) seen.put(hash, before ? "live" : classOf(item, reading), entryOf(item, "", reading))\n',
  },
  {
    name: "an alias is remembered only while passes are read",
    file: "source/admit.ts",
    from: 'return range && item.time < range.to && item.collection !== ALIAS ? "pass" : "live"',
    to: 'return (range && item.time < range.to) || item.collection === ALIAS ? "pass" : "live"',
  },
  {
    name: "an older state passes",
    file: "source/admit.ts",
    from: 'if (item.version < before.version) return "older"',
    to: 'if (item.version < 0) return "older"',
  },
  {
    name: "of two states of one second the one read last stays",
    file: "source/admit.ts",
    from: 'return by !== "webhook" && before.window === reading.window',
    to: 'return by !== "webhook" && before.window === -1',
  },
  {
    name: "open keys are forgotten",
    file: "source/checkpoint.ts",
    from: "if (!turn.seen.get(hash)) turn.open.add(hash, time)",
    to: "if (turn.seen.get(hash)) turn.open.add(hash, time)",
  },
]
