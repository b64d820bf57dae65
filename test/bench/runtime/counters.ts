/** What the platform would bill, counted where it happens. App and Durable Object share an isolate here, so this is one count. */

export interface Counters {
  workerRequests: number
  queueMessages: number
  /** By method, alarms among them. */
  objectRequests: Record<string, number>
  /** Time its callers waited for the Durable Object: at least the time for which it was at work, which is what is billed. */
  objectMs: number
  rowsWritten: number
  rowsRead: number
  logLines: number
  /** Requests to partner and destination, by host. */
  outbound: Record<string, number>
}

export const counters: Counters = {
  workerRequests: 0,
  queueMessages: 0,
  objectRequests: {},
  objectMs: 0,
  rowsWritten: 0,
  rowsRead: 0,
  logLines: 0,
  outbound: {},
}

export function count(table: Record<string, number>, name: string): void {
  table[name] = (table[name] ?? 0) + 1
}

/** What was counted between two looks. */
export function difference(before: Counters, after: Counters): Counters {
  return {
    workerRequests: after.workerRequests - before.workerRequests,
    queueMessages: after.queueMessages - before.queueMessages,
    objectRequests: differences(before.objectRequests, after.objectRequests),
    objectMs: after.objectMs - before.objectMs,
    rowsWritten: after.rowsWritten - before.rowsWritten,
    rowsRead: after.rowsRead - before.rowsRead,
    logLines: after.logLines - before.logLines,
    outbound: differences(before.outbound, after.outbound),
  }
}

function differences(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  const entries = Object.entries(after).map(([name, times]): [string, number] => [name, times - (before[name] ?? 0)])
  return Object.fromEntries(entries.filter(([, times]) => times > 0))
}

/** The product's log goes to the console: here it is counted and not shown. */
export function watchLogs(): void {
  console.log = () => {
    counters.logLines++
  }
}

/** The same object, with its methods' calls counted, and the time that they took. */
export function countedCalls<T extends object>(object: T): T {
  return new Proxy(object, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      return typeof name === "string" && isMethod(method) ? countedCall(target, name, method) : method
    },
  })
}

function isMethod(value: unknown): value is (...args: never[]) => unknown {
  return typeof value === "function"
}

function countedCall(object: object, name: string, method: (...args: never[]) => unknown) {
  return async (...args: unknown[]) => {
    count(counters.objectRequests, name)
    const startedAt = Date.now()
    try {
      return await Reflect.apply(method, object, args)
    } finally {
      counters.objectMs += Date.now() - startedAt
    }
  }
}

type Exec = SqlStorage["exec"]
const watched = new WeakSet<object>()

/** Counts the rows that SQLite itself says it wrote and read, and a row for each alarm that is set. */
export function watchStorage(storage: DurableObjectStorage): void {
  watch(storage, "setAlarm", () => {
    counters.rowsWritten++
  })
  const proto = Object.getPrototypeOf(storage.sql) as { exec: Exec }
  if (watched.has(proto)) return
  watched.add(proto)
  const exec = proto.exec
  proto.exec = function (this: SqlStorage, ...args: Parameters<Exec>) {
    const cursor = exec.apply(this, args)
    counters.rowsWritten += cursor.rowsWritten
    watch(cursor, "toArray", (done) => {
      counters.rowsRead += done.rowsRead
    })
    return cursor
  } as Exec
}

/** Calls `after` with the object whenever the method of its class has returned. */
function watch<T extends object>(object: T, method: keyof T & string, after: (object: T) => void): void {
  const proto = Object.getPrototypeOf(object) as Record<string, (...args: unknown[]) => unknown>
  const original = proto[method]
  if (!original || watched.has(original)) return
  const watching = function (this: T, ...args: unknown[]) {
    const result = original.apply(this, args)
    after(this)
    return result
  }
  watched.add(watching)
  proto[method] = watching
}
