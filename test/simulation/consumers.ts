/** Queues and their consumers: wake-ups that are lost, doubled and late; consumers that are killed or stand still at any await. */
import type { AnyConnector } from "../../src/connectors/kit/define.ts"
import { consume } from "../../src/pipeline/consume.ts"
import type { PipelinePorts } from "../../src/pipeline/ports.ts"
import type { Random } from "../../src/ports.ts"
import type { ConsumerPorts, QueueName } from "../../src/source/ports.ts"
import { PROTOCOL } from "../../src/source/protocol/source.ts"
import type { Chance } from "./chance.ts"
import { faultOf } from "./faults.ts"
import type { Args, Host, Method, Result } from "./object.ts"
import { type Story, Violation } from "./story.ts"
import type { Timeline } from "./timeline.ts"

/** "Message size: 128 KB". https://developers.cloudflare.com/queues/platform/limits/ */
const MESSAGE_BYTES_MAX = 128_000
const BATCHED_WITHIN_MS = 2_000
/** "Each Worker invocation can have up to six connections simultaneously waiting for response headers." https://developers.cloudflare.com/workers/platform/limits/ */
const CONNECTIONS_MAX = 6

export interface Life {
  name: string
  alive: boolean
}

export interface QueueParts {
  timeline: Timeline
  chance: Chance
  story: Story
  /** The sources that wake-ups may name. */
  tenants: readonly { hostOf(name: string): Host | null; connector: AnyConnector }[]
  skewMs: number
  isDeployed: boolean
  random: Random
  httpOf(life: Life): ConsumerPorts["http"]
  fail(error: unknown): void
}

export interface Queues {
  send(lane: QueueName, source: string): void
  /** Consumers at work, and wake-ups on their way. */
  busy(): number
}

export function createQueues(parts: QueueParts): Queues {
  const { timeline, chance, story, tenants } = parts
  let number = 0
  let busy = 0
  /** On their way to a lane's consumers. */
  const waiting: Record<QueueName, { source: string; due: number }[]> = { fetch: [], backfill: [], forward: [] }

  return {
    busy: () => busy,
    send(lane, source) {
      if (chance.strikes("send_fails")) {
        story.tell(() => `sending a wake-up to ${lane} fails`)
        throw new Error("the queue does not take it")
      }
      if (chance.strikes("wake_lost")) return story.tell(() => `a wake-up to ${lane} is lost`)
      deliver(lane, source)
      if (chance.strikes("wake_doubled")) deliver(lane, source)
    },
  }

  function deliver(lane: QueueName, source: string): void {
    const wait = chance.strikes("wake_delayed") ? chance.int("queue", 1_000, 1_800_000) : chance.int("queue", 5, 800)
    if (JSON.stringify({ source }).length > MESSAGE_BYTES_MAX) throw new Error("the message is too large for a queue")
    busy++
    const message = { source, due: timeline.now() + wait }
    waiting[lane].push(message)
    timeline.after(wait, () => {
      if (waiting[lane].includes(message)) work(lane, batchOf(lane, message))
    })
  }

  /** What falls due nearly at once comes to one consumer, where several sources are woken. */
  function batchOf(lane: QueueName, message: { source: string; due: number }): string[] {
    const batch =
      tenants.length === 1 ? [message] : waiting[lane].filter(({ due }) => due <= message.due + BATCHED_WITHIN_MS)
    waiting[lane] = waiting[lane].filter((one) => !batch.includes(one))
    return batch.map(({ source }) => source)
  }

  function work(lane: QueueName, sources: readonly string[]): void {
    const life: Life = { name: `${lane} consumer ${++number}`, alive: true }
    const over = () => {
      busy -= sources.length
    }
    story.tell(() => `${life.name} wakes up`)
    const messages = sources.map((source) => ({ body: { source }, ack: () => undefined }))
    consume(messages, lane, portsOf(life, over)).then(
      () => life.alive && over(),
      (error) => {
        parts.fail(new Violation(`${life.name} rejected: ${error instanceof Error ? error.message : String(error)}`))
      },
    )
  }

  function portsOf(life: Life, over: () => void): PipelinePorts {
    const skew = chance.int("skew", -parts.skewMs, parts.skewMs)
    const isOther = parts.isDeployed && chance.strikes("other_protocol")
    const kill = () => {
      if (!life.alive) return
      life.alive = false
      story.tell(() => `${life.name} is killed`)
      over()
    }
    /** Something is waited for: the moment at which a consumer can die or stand still. The dead are never answered. */
    const step = <T>(work: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        if (!life.alive) return
        const answered = work()
        if (chance.strikes("killed")) kill()
        const back = (settle: () => void) => {
          if (!life.alive) return
          if (chance.strikes("killed")) return kill()
          if (!chance.strikes("stalled")) return settle()
          const ms = chance.int("stall", 20_000, 600_000)
          story.tell(() => `${life.name} stands still for ${Math.round(ms / 1000)} s`)
          timeline.after(ms, () => life.alive && settle())
        }
        answered.then(
          (value) => back(() => resolve(value)),
          (error) => back(() => reject(error)),
        )
      })
    const hostOf = (source: string) => {
      for (const tenant of tenants) {
        const host = tenant.hostOf(source)
        if (host) return host
      }
      throw new Violation(`${life.name} asks for a source ${source}, which nobody has`)
    }
    /** The object was deployed anew between two calls: to it, this consumer is of another deploy from then on. */
    let isOutdated = false
    const ofSomeDeploy = <Ask extends { protocol: number }>(ask: Ask): Ask => {
      isOutdated ||= chance.strikes("call_of_another_deploy")
      if (!isOutdated) return ask
      story.tell(() => `${life.name}: ${faultOf("call_of_another_deploy").says}`)
      return { ...ask, protocol: ask.protocol + 1 }
    }
    const connections = parts.httpOf(life)
    let connected = 0
    const http: ConsumerPorts["http"] = async (url, init) => {
      if (++connected > CONNECTIONS_MAX) parts.fail(new Violation(`${life.name} has ${connected} requests under way`))
      return connections(url, init).finally(() => {
        connected--
      })
    }
    const protocol = isOther ? PROTOCOL + 1 : PROTOCOL
    return {
      clock: {
        now: () => timeline.now() + skew,
        sleep: (ms) => step(() => new Promise((resolve) => timeline.after(ms, resolve))),
        timeout: timeline.timeout,
      },
      random: parts.random,
      http: (url, init) => step(() => http(url, init)),
      source: (name) => {
        const host = hostOf(name)
        const call = <M extends Method>(method: M, ...args: Args<M>): Promise<Result<M>> =>
          step(() => host.call(life.name, method, ...args))
        return {
          lease: (ask) => call("lease", { ...ask, protocol }),
          checkpoint: (page) => call("checkpoint", ofSomeDeploy(page)),
          settle: (settlement) => call("settle", ofSomeDeploy(settlement)),
          credential: (ask) => call("credential", ofSomeDeploy(ask)),
          claim: (ask) => call("claim", { ...ask, protocol }),
          report: (report) => call("report", ofSomeDeploy(report)),
        }
      },
      log: (event, fields) => story.tell(() => `${life.name}: ${event} ${JSON.stringify(fields)}`),
      connector: (wanted) => tenants.find(({ connector }) => connector.name === wanted)?.connector,
    }
  }
}
