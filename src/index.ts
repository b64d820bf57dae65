import { DurableObject } from "cloudflare:workers"

export class SourceObject extends DurableObject {}

export default { fetch: () => new Response("ok") } satisfies ExportedHandler
