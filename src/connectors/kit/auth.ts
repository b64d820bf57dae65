/** The header of RFC 6750, which nearly every partner takes. */
export function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` }
}
