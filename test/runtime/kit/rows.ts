/** Rows written to Durable Objects, as Cloudflare bills them. */

export interface RowCount {
  /** Of one table, or of all and alarms. */
  written(table?: string): number
}

/** Of all objects of the isolate: what each statement says it wrote, index rows included, and a row for each alarm that is set. */
export function countRows(storage: DurableObjectStorage): RowCount {
  const counted: { query: string; rows: number }[] = []
  const sql = Object.getPrototypeOf(storage.sql) as SqlStorage
  const { exec } = sql
  sql.exec = function (this: SqlStorage, ...args: Parameters<typeof exec>) {
    const cursor = exec.apply(this, args)
    counted.push({ query: args[0], rows: cursor.rowsWritten })
    return cursor
  } as typeof exec
  const kept = Object.getPrototypeOf(storage) as DurableObjectStorage
  const { setAlarm } = kept
  kept.setAlarm = function (this: DurableObjectStorage, ...args: Parameters<typeof setAlarm>) {
    counted.push({ query: "the alarm", rows: 1 })
    return setAlarm.apply(this, args)
  }
  const names = (query: string, table: string) => new RegExp(`\\b(INTO|UPDATE|FROM) ${table}\\b`).test(query)
  return {
    written: (table) =>
      counted.filter(({ query }) => !table || names(query, table)).reduce((sum, { rows }) => sum + rows, 0),
  }
}
