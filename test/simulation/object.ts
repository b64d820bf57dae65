/**
 * The source's Durable Object as the platform runs it: one instance at a time, whose memory can vanish at any await; calls that
 * are lost on the way there or back; an alarm that comes at least once, and not always on time.
 */
import { inTime } from "../../src/lib/deadline.ts"
import type { Cipher } from "../../src/ports.ts"
import { SourceEngine } from "../../src/source/engine/engine.ts"
import type { SourcePorts } from "../../src/source/ports.ts"
import type { SealedTokens } from "../../src/source/protocol/configuration.ts"
import type { SourceRpc } from "../../src/source/protocol/source.ts"
import type { Changes } from "../../src/source/state/changes.ts"
import type { Chance } from "./chance.ts"
import { blankDisk, type Disk, storeOn } from "./disk.ts"
import type { Story } from "./story.ts"
import { told } from "./telling.ts"
import type { Timeline } from "./timeline.ts"

export type Method = keyof SourceRpc
export type Args<M extends Method> = Parameters<SourceRpc[M]>
export type Result<M extends Method> = Awaited<ReturnType<SourceRpc[M]>>

export interface HostParts {
  timeline: Timeline
  chance: Chance
  story: Story
  ports: Pick<SourcePorts, "random" | "connector" | "log" | "tokens" | "tryCredential"> & {
    wake(lane: Parameters<SourcePorts["wake"]>[0]): void
    publish(status: Parameters<SourcePorts["publish"]>[0]): void
  }
  /** Sees every commit. */
  committed(disk: Disk, before: string | null, changes: Changes): void
  /** Is told whose turn it is; null: nobody's. */
  calling(call: { method: Method; args: readonly unknown[] } | null): void
  /** Sees every call that was carried out, whether or not its answer arrives. */
  carriedOut(method: Method, args: readonly unknown[], result: unknown): void
  /** An alarm rings. */
  rang(): void
  /** By how much the object's own clock is off now. */
  offMs(): number
  /** Newer code has written the state, and what wakes up is older. */
  isNewer(): boolean
  /** Sees each renewed pair that reaches a living instance. */
  renewed(tokens: SealedTokens): void
  /** Sees each refusal of a refresh token that reaches one. */
  turnedDown(sealedRefresh: string | null): void
}

export interface Host {
  disk: Disk
  /** A call from outside, as the network has it. */
  call<M extends Method>(caller: string, method: M, ...args: Args<M>): Promise<Result<M>>
  /** An alarm handler is at work. */
  isRinging(): boolean
  /** An alarm that was lost, and is not due yet, will ring after all: nobody could have known. */
  findAlarm(): void
}

const ALARM_RETRIES = 6
/** A field of newer code's state that this code knows nothing of. */
export const NEWER = "ofNewerCode"
/** The port gives D1 up after so long. */
const DATABASE_TIMEOUT_MS = 10_000

/** "Serialized RPC arguments or return values are limited to 32 MiB": https://developers.cloudflare.com/durable-objects/platform/limits/ */
const MESSAGE_BYTES_MAX = 32 * 1024 * 1024
/** JSON is hardly shorter than half of what travels. */
const SURELY_FITTING = MESSAGE_BYTES_MAX / 4
const TOO_LARGE = "Serialized RPC arguments or return values are limited to 32MiB"

interface Instance {
  alive: boolean
  engine: SourceEngine
  /** Callers that wait for an answer of this instance. */
  waiting: Set<(error: Error) => void>
}

export function createHost(parts: HostParts): Host {
  const { timeline, chance, story, ports, committed, calling, carriedOut } = parts
  const disk = blankDisk()
  let instance: Instance | null = null
  let ringing = 0
  /** The state on disk is another deploy's. */
  let isTaken = false

  return { disk, call, isRinging: () => ringing > 0, findAlarm: alarmSet }

  function call<M extends Method>(caller: string, method: M, ...args: Args<M>): Promise<Result<M>> {
    return new Promise((resolve, reject) => {
      const sent = copyOf(args)
      const arrive = (answer: (result: Result<M>) => void, refuse: (error: Error) => void) =>
        carryOut(caller, method, sent, answer, refuse)
      if (chance.strikes("request_lost")) {
        story.tell(() => `${caller}: the call ${method} is lost`)
        timeline.after(travel(), () => reject(new Error("network connection lost")))
      } else if (chance.strikes("request_late")) {
        story.tell(() => `${caller}: gives the call ${method} up, which is still on its way`)
        timeline.after(travel(), () => reject(new Error("network connection lost")))
        timeline.after(chance.int("late", 100, 240_000), () => arrive(ignore, ignore))
      } else {
        timeline.after(travel(), () =>
          arrive(
            (result) => timeline.after(travel(), () => handOver(result, resolve, reject)),
            (error) => timeline.after(travel(), () => reject(error)),
          ),
        )
      }
    })
  }

  function carryOut<M extends Method>(
    caller: string,
    method: M,
    args: Args<M>,
    answer: (result: Result<M>) => void,
    refuse: (error: Error) => void,
  ): void {
    const at = present()
    const gone = (error: Error) => {
      at.waiting.delete(gone)
      refuse(error)
    }
    at.waiting.add(gone)
    const run = at.engine[method] as (...args: unknown[]) => Promise<Result<M>>
    // A transaction runs to its commit before anything is awaited.
    calling({ method, args: args as unknown[] })
    const running = run.apply(at.engine, args as unknown[])
    calling(null)
    running.then(
      (result) => {
        if (!at.waiting.delete(gone)) return
        story.tell(() => `${caller}: ${told(method, args, result)}`)
        carriedOut(method, args as unknown[], result)
        if (!chance.strikes("answer_lost")) return answer(result)
        story.tell(() => `${caller}: the answer to ${method} is lost`)
        refuse(new Error("network connection lost"))
      },
      (error: Error) => {
        if (!at.waiting.delete(gone)) return
        story.tell(() => `${caller}: ${method} fails: ${error.message}`)
        refuse(error)
      },
    )
  }

  /** Another deploy takes the state over, or gives it back: each time with a new instance. */
  function takeOver(): void {
    const isNewer = parts.isNewer()
    if (isNewer === isTaken || disk.core === null) return
    const core = JSON.parse(disk.core) as { schema: number; [NEWER]?: true }
    if (isNewer) Object.assign(core, { schema: core.schema + 1, [NEWER]: true })
    else if (core[NEWER]) {
      core.schema--
      delete core[NEWER]
    }
    disk.core = JSON.stringify(core)
    isTaken = isNewer
    if (instance) evict(instance)
  }

  /** The instance at hand; evicted between two calls now and then. */
  function present(): Instance {
    takeOver()
    if (instance && chance.strikes("evicted")) evict(instance)
    instance ??= start()
    return instance
  }

  function evict(gone: Instance): void {
    story.tell(() => "the Durable Object is evicted")
    gone.alive = false
    if (instance === gone) instance = null
    for (const refuse of [...gone.waiting]) refuse(new Error("the Durable Object was reset"))
    gone.waiting.clear()
  }

  function start(): Instance {
    const made: Instance = { alive: true, waiting: new Set(), engine: null as unknown as SourceEngine }
    const assertAlive = () => {
      if (!made.alive) throw new Error("this instance is gone")
    }
    const store = storeOn({
      disk,
      chance,
      assertAlive,
      alarmSet,
      committed: (before, changes) => committed(disk, before, changes),
    })
    /** Something outside is waited for: the moment at which an instance can vanish. What is asked for happens all the same. */
    const outside = <T>(work: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        if (!made.alive) return
        if (chance.strikes("evicted")) evict(made)
        timeline.after(chance.int("outside", 1, 40), () => {
          try {
            const value = work()
            if (made.alive) resolve(value)
          } catch (error) {
            if (made.alive) reject(error)
          }
        })
      })
    /** What takes its time outside, and may outlive the instance that asked for it. */
    const awaited = <T>(running: Promise<T>): Promise<T> =>
      new Promise((resolve) => {
        if (chance.strikes("evicted")) evict(made)
        running.then((value) => {
          if (made.alive && chance.strikes("evicted")) evict(made)
          if (made.alive) resolve(value)
        })
      })
    made.engine = new SourceEngine({
      ...ports,
      store,
      clock: { now: () => timeline.now() + parts.offMs() },
      wake: (lane) => outside(() => ports.wake(lane)),
      publish: (status) =>
        chance.strikes("publish_hangs")
          ? inTime(timeline, DATABASE_TIMEOUT_MS, never())
          : outside(() => ports.publish(status)),
      cipher: { open: (sealed, context) => outside(() => unseal(sealed, context)) },
      tokens: {
        refresh: (ask) =>
          awaited(ports.tokens.refresh(ask)).then((answer) => {
            if (answer.kind === "refreshed") parts.renewed(answer.tokens)
            if (answer.kind === "refused") parts.turnedDown(ask.tokens.refresh)
            return answer
          }),
        revoke: (ask) => awaited(ports.tokens.revoke(ask)),
      },
      tryCredential: (ask) => awaited(ports.tryCredential(ask)),
    })
    return made
  }

  // ------------------------------------------------------------------------------------------------------- the alarm

  function alarmSet(): void {
    const time = disk.alarm
    if (time === null) return
    if (chance.strikes("alarm_lost")) {
      story.tell(() => "the alarm just set will never fire")
      return
    }
    const late = chance.strikes("alarm_late") ? chance.int("lateness", 1_000, 900_000) : chance.int("lateness", 0, 30)
    timeline.at(time + late, () => {
      if (disk.alarm !== time) return
      disk.alarm = null
      ring(0)
      if (chance.strikes("alarm_twice")) timeline.after(chance.int("again", 1, 5_000), () => ring(0))
    })
  }

  /** At least once: tried again where the handler failed or its instance vanished. */
  function ring(tries: number): void {
    const at = present()
    ringing++
    parts.rang()
    story.tell(() => "alarm")
    const again = () => {
      ringing--
      if (tries < ALARM_RETRIES) timeline.after(2_000 * 2 ** tries, () => ring(tries + 1))
    }
    at.waiting.add(again)
    at.engine.alarm().then(
      () => {
        if (at.waiting.delete(again)) ringing--
      },
      () => {
        if (at.waiting.delete(again)) again()
      },
    )
  }

  function travel(): number {
    return chance.int("travel", 1, 30)
  }
}

export function seal(plain: string, context: string): string {
  return `${context}|${plain}`
}

export function unseal(sealed: string, context = sealed.slice(0, sealed.indexOf("|"))): string {
  if (!sealed.startsWith(`${context}|`)) throw new Error("sealed for somebody else")
  return sealed.slice(context.length + 1)
}

export const CIPHER: Cipher = {
  seal: async (plain, context) => seal(plain, context),
  open: async (sealed, context) => unseal(sealed, context),
}

function handOver<T>(result: T, resolve: (result: T) => void, reject: (error: unknown) => void): void {
  try {
    resolve(copyOf(result))
  } catch (error) {
    reject(error)
  }
}

/** What travels is plain data: nobody shares an object with the other side. */
function copyOf<T>(value: T): T {
  if (value === undefined) return value
  const text = JSON.stringify(value)
  if (text.length > SURELY_FITTING && bytesOnTheWire(value) > MESSAGE_BYTES_MAX) throw new Error(TOO_LARGE)
  return JSON.parse(text) as T
}

/** As V8 writes it: a text takes two bytes a character once one of them is not Latin-1. */
function bytesOnTheWire(value: unknown): number {
  if (typeof value === "string") return isLatin(value) ? value.length : 2 * value.length
  if (typeof value !== "object" || value === null) return 8
  let bytes = 8
  for (const [key, one] of Object.entries(value)) bytes += key.length + bytesOnTheWire(one)
  return bytes
}

function isLatin(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 255) return false
  return true
}

function ignore(): void {}

function never<T>(): Promise<T> {
  return new Promise(() => undefined)
}
