/** What makes a source of a draft that lacks nothing: its status, its appointment, and its metrics and segments. */
import type { SourceRow } from "../db/sources.ts"
import type { ApiPorts } from "../worker/platform.ts"
import { chooseConnector } from "./choose.ts"
import { stageColumns } from "./create.ts"
import { templateStatements } from "./templates.ts"

export function finishing(ports: Pick<ApiPorts, "db" | "random">, row: SourceRow, by: string, at: number) {
  const { org, project, id, templates } = row
  const making = { ...ports, tenant: { org, project }, source: id, by, at }
  return {
    patch: stageColumns([], at),
    statements: templateStatements(making, chooseConnector(row.connector), templates),
  }
}
