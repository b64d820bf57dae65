/** Sets several fields at once, as `Object.assign` does; but a name that the target has not, or a value of another type, does not compile. */
export function assign<T extends object>(target: T, changes: Partial<NoInfer<T>>): void {
  Object.assign(target, changes)
}
