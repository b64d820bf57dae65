/** The bindings with outbound requests sent to the server's process, and queues that count. */
import type { Bindings } from "../../../src/env.ts"
import { count, counters } from "./counters.ts"

export interface Env extends Bindings {
  /** `http://127.0.0.1:port` of partner and destination. */
  SERVER: string
}

const countedEnvs = new WeakMap<Env, Env>()

/** The same for the same bindings: what is made once an isolate is kept by them. */
export function counted(env: Env): Env {
  const made = countedEnvs.get(env) ?? countedOf(env)
  countedEnvs.set(env, made)
  return made
}

function countedOf(env: Env): Env {
  const fetch = (url: string, init: RequestInit) => outbound(env, url, init)
  return {
    ...env,
    EGRESS: { fetch } as unknown as Fetcher,
    FETCH_QUEUE: countedQueue(env.FETCH_QUEUE),
    BACKFILL_QUEUE: countedQueue(env.BACKFILL_QUEUE),
    FORWARD_QUEUE: countedQueue(env.FORWARD_QUEUE),
  }
}

function outbound(env: Env, address: string, init: RequestInit): Promise<Response> {
  const { host, pathname, search } = new URL(address)
  count(counters.outbound, host)
  const headers = { ...(init.headers as Record<string, string>), "x-host": host }
  return fetch(`${env.SERVER}${pathname}${search}`, { ...init, headers })
}

function countedQueue(queue: Queue): Queue {
  const send: Queue["send"] = (body, options) => {
    counters.queueMessages++
    return queue.send(body, options)
  }
  return { send } as Queue
}
