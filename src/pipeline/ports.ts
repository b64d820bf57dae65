/** What the consumers stand on: the consumer's ports, and the registry of connectors handed in as a function. */
import type { AnyConnector } from "../connectors/kit/define.ts"
import type { ConsumerPorts } from "../source/ports.ts"

export interface PipelinePorts extends ConsumerPorts {
  connector(name: string): AnyConnector | undefined
}
