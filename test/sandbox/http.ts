/** Requests and answers inside the sandbox, apart from how they travel. */

export interface Call {
  method: string
  url: URL
  headers: Headers
  /** The body's bytes, read once. */
  bytes: Uint8Array
}

export interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

export async function callOf(request: Request): Promise<Call> {
  const bytes = request.body ? new Uint8Array(await request.arrayBuffer()) : new Uint8Array()
  return { method: request.method, url: new URL(request.url), headers: request.headers, bytes }
}

export function textOf(call: Call): string {
  return new TextDecoder().decode(call.bytes)
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) }
}

export function html(status: number, title: string): Answer {
  const body = `<html>\n<head><title>${status} ${title}</title></head>\n<body>\n<center><h1>${status} ${title}</h1></center>\n</body>\n</html>\n`
  return { status, headers: { "content-type": "text/html" }, body }
}

/** An HTTP date: whole seconds, as headers have them. */
export function httpDate(ms: number): string {
  return new Date(Math.floor(ms / 1_000) * 1_000).toUTCString()
}
