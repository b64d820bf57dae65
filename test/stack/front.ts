/**
 * What listens on the port when app and sandbox run side by side: the sandbox's remote control and the partners' browser pages
 * under `/__sandbox/`, everything else is the app's, unchanged.
 */
interface Env {
  APP: Fetcher
  PARTNERS: Fetcher
}

export default {
  fetch(request, env) {
    const isSandbox = new URL(request.url).pathname.startsWith("/__sandbox")
    return (isSandbox ? env.PARTNERS : env.APP).fetch(request)
  },
} satisfies ExportedHandler<Env>
