/** Where the time of a first sync goes, beside the bare loop: samples of the one thread that consumers and Durable Object share here. */
import { barePass, endSource, firstSync, setupOf } from "../measure.ts"
import { setPace, UNPACED } from "../open.ts"
import { busyWith, type Part } from "../report/cpu-profile.ts"
import { count } from "../report/numbers.ts"
import type { Section } from "../report/section.ts"
import { startInspected } from "../runtime/inspected.ts"
import { startServer } from "../server/client.ts"

/** Customers; of each some ten records. */
const SIZE = 1_900
const IDLE = "waiting"

const startsWith =
  (...folders: string[]) =>
  (file: string) =>
    folders.some((folder) => file.startsWith(folder))
const named = (name: string) => (_file: string, functionName: string) => functionName === name

const PARTS: readonly Part[] = [
  { title: "reading answers: bodies into text within their bounds, JSON", fits: startsWith("src/http/") },
  {
    title: "records into items, checked",
    fits: startsWith("src/connectors/", "src/pipeline/normalize", "node_modules/zod/"),
  },
  {
    title: "items into text, texts into requests",
    fits: startsWith(
      ...["src/destinations/", "src/pipeline/encode", "src/pipeline/pack", "src/pipeline/claim"],
      ...["src/source/protocol/track", "src/source/protocol/outbox-body", "src/source/protocol/encoded-item"],
    ),
  },
  { title: "the source's decisions: dedupe, runs, leases, claims", fits: startsWith("src/source/") },
  { title: "the source's rows: SQLite", fits: startsWith("src/worker/") },
  {
    title: "requests sent, and the loop that sends them",
    fits: startsWith("test/bench/runtime/env", "test/bench/runtime/bare"),
  },
  { title: "calls of the Durable Object", fits: startsWith("src/pipeline/", "test/bench/runtime/watch") },
  { title: "garbage", fits: named("(garbage collector)") },
  { title: "the runtime: sockets, streams, queues, decompression", fits: named("(program)") },
  { title: IDLE, fits: named("(idle)") },
]

export async function profile(): Promise<Section> {
  const serving = { connector: "stripe", kind: "recorded", size: SIZE } as const
  console.log("recording ...")
  const server = await startServer(serving)
  try {
    const inspected = await startInspected(server.address)
    try {
      return await profiled({ ...inspected, server, setup: setupOf(serving.connector, server) })
    } finally {
      await inspected.close()
    }
  } finally {
    server.close()
  }
}

type Asked = Awaited<ReturnType<typeof startInspected>> & Pick<Parameters<typeof firstSync>[0], "server" | "setup">

async function profiled({ runtime: { call }, sampled, server, setup }: Asked): Promise<Section> {
  const runtime = { call, cpuMs: () => null, memory: () => null, close: async () => undefined }
  const bench = { runtime, server, setup }
  await setPace(bench, UNPACED)
  let items = 0
  const product = async (source: string) => {
    items = (await firstSync(bench, source)).items
    await endSource(bench, source)
  }
  const bare = async () => void (await barePass(bench))
  console.log("warming up ...")
  await product("src_warm")
  await bare()
  console.log("sampling ...")
  const [shipped, loop] = [await sampled(() => product("src_sampled")), await sampled(bare)]
  const [ours, theirs] = [shipped, loop].map(({ profile: one, bundle }) => busyWith(one, bundle, PARTS))
  const perThousand = (ms: Map<string, number> | undefined, title: string) =>
    (1000 * (ms?.get(title) ?? 0)) / Math.max(items, 1)
  const titles = [...PARTS.map(({ title }) => title), "the rest"].filter((title) => title !== IDLE)
  const sums = [ours, theirs].map((ms) => titles.reduce((sum, title) => sum + perThousand(ms, title), 0))
  const rows = titles.map((title) => [title, ...[ours, theirs].map((ms) => perThousand(ms, title).toFixed(1))])
  return {
    key: "profile",
    title: "Where the time goes",
    measured: [
      `A first sync of Stripe (${count(items)} items) and a pass of the bare loop, each after one that warms up, with no latency and the pace lifted: what the`,
      "one thread was busy with that consumers and Durable Object share here, sampled through the inspector. Milliseconds per 1,000 items.",
    ].join("\n"),
    tables: [
      {
        head: ["", "product", "bare loop"],
        rows: [...rows, ["**all**", ...sums.map((sum) => `**${sum.toFixed(0)}**`)]],
      },
    ],
    reading: [
      "A function of the runtime counts with the part that called it. Sampling slows both down; the shares hold. What the product does and the",
      "loop does not is reading within bounds, deciding, storing, and the calls between consumers and Durable Object.",
    ].join("\n"),
  }
}
