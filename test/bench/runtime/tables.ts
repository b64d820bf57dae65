/** What a source's Durable Object holds in its tables, whichever these are. */

export interface TableSize {
  name: string
  rows: number
  /** Of all values as they are stored. */
  bytes: number
}

export function tableSizes(sql: SqlStorage): TableSize[] {
  const tables = sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray()
  return tables
    .filter(({ name }) => !name.startsWith("_") && !name.startsWith("sqlite_"))
    .map(({ name }) => sizeOf(sql, name))
}

function sizeOf(sql: SqlStorage, name: string): TableSize {
  const columns = sql.exec<{ name: string }>("SELECT name FROM pragma_table_info(?)", name).toArray()
  const value = columns.map((column) => `COALESCE(LENGTH(CAST("${column.name}" AS BLOB)), 0)`).join(" + ")
  const { rows, bytes } = sql
    .exec<{ rows: number; bytes: number }>(
      `SELECT COUNT(*) AS rows, COALESCE(SUM(${value}), 0) AS bytes FROM "${name}"`,
    )
    .one()
  return { name, rows, bytes }
}
