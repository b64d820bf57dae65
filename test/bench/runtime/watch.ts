/** Counts what the product does, around what it stands on: its log, calls of the Durable Object, storage. */
import { count, counters } from "./counters.ts"

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
