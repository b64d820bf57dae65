/** What was seen, what is open, what passes. */
import { MEADOW, type Mutant } from "./mutant.ts"

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
    from: 'return isOnlyItsOwn && item.collection !== ALIAS ? "pass" : "live"',
    to: 'return isOnlyItsOwn || item.collection === ALIAS ? "pass" : "live"',
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
    from: "return isFirstKept(by, reading) && before.window === reading.window",
    to: "return isFirstKept(by, reading) && before.window === -1",
  },
  {
    name: "open keys are forgotten",
    file: "source/checkpoint.ts",
    from: "if (!turn.seen.get(hash)) turn.open.add(hash, time)",
    to: "if (turn.seen.get(hash)) turn.open.add(hash, time)",
  },
  {
    name: "a key that comes again is found under its older entry",
    file: "source/hashtable.ts",
    from: "    this.#slots[slot] = at + 1\n",
    to: "    this.#slots[slot] ||= at + 1\n",
  },
  {
    name: "a forgotten key leaves a gap in the table, behind which others are not found",
    file: "source/hashtable.ts",
    from: "      gap = slot\n",
    to: "      break\n",
  },
  {
    name: "a row that is forgotten takes along what a later row says of its keys",
    file: "source/seen.ts",
    from: "if (this.#table.get(high, low) === addressOf(place, at)) this.#table.delete(high, low)",
    to: "this.#table.delete(high, low)",
  },
  {
    name: "a row of seen is forgotten for its lowest place",
    file: "source/seenrow.ts",
    from: 'if (this.kind === "live" && this.#most >=',
    to: 'if (this.kind === "live" && this.#least >=',
  },
  {
    name: "the window that read a key is not stored",
    file: "source/seenrow.ts",
    from: "view.setUint32(start + AT.window, window)",
    to: "view.setUint32(start + AT.window, 0)",
  },
  {
    name: "a stored row of seen lacks its last entry",
    file: "source/seenrow.ts",
    from: "this.#at(this.#count)) as ArrayBuffer",
    to: "this.#at(Math.max(0, this.#count - 1))) as ArrayBuffer",
  },
  {
    name: "a resync takes what its own window has told",
    file: "source/admit.ts",
    from: 'before.window === reading.window)) return "repeat"',
    to: 'before.window < 0)) return "repeat"',
  },
  {
    name: "what waited for its fact is not recognized",
    file: "source/admit.ts",
    from: "const waited = open.has(hash)",
    to: 'const waited = open.has("")',
  },
  {
    name: "an object that has not changed is sent each time it is read",
    file: "source/admit.ts",
    from: 'return content === before.content ? "repeat" : "new"',
    to: 'return content === before.content ? "new" : "new"',
  },
  {
    name: "at one version a pass beats live reading",
    file: "source/admit.ts",
    from: "return RANK[by] < RANK[before.by]",
    to: "return RANK[by] > RANK[before.by]",
  },
  {
    name: "a state that has not changed does not raise the version",
    file: "source/admit.ts",
    from: "if (item.version > before.version || !reading.last)",
    to: "if (!reading.last)",
  },
  {
    name: "attributes are not looked at",
    file: "source/admit.ts",
    from: "[item.userId, item.accountId, item.userAttributes, item.accountAttributes, item.data]",
    to: "[item.userId, item.accountId]",
  },
  {
    name: "what is off is taken all the same",
    file: "source/checkpoint.ts",
    from: "collection === ALIAS || slice.collections.includes(collection)",
    to: "collection === ALIAS || slice.collections.length > 0",
  },
  {
    name: "the youngest open keys are forgotten",
    file: "source/openkeys.ts",
    from: "if (time < before) this.remove",
    to: "if (time > before) this.remove",
  },
  {
    name: "what a pass told above the floor is forgotten with the pass, though another may read it again",
    file: "source/admit.ts",
    from: " && item.time < floorOf(item, reading)\n",
    to: "\n",
  },
  {
    name: "of a key in two rows the older entry counts once the object was evicted",
    file: "source/seen.ts",
    from: "last && last.id >= after ? last : undefined",
    to: "last && last.id >= 0 * after ? last : undefined",
    at: MEADOW,
  },
]
