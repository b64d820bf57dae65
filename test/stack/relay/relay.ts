/** Stands where the sandbox's Worker would, and passes requests on to partners that run in another process and outlive this one. */
interface Env {
  PARTNERS: string
}

export default {
  fetch(request, env) {
    const { host, pathname, search } = new URL(request.url)
    const passed = new Request(`${env.PARTNERS}${pathname}${search}`, request)
    passed.headers.set("x-host", host)
    return fetch(passed, { redirect: "manual" })
  },
} satisfies ExportedHandler<Env>
