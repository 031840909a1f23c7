/** SHA-256 over the guest's sources, as the manifest of guest/image holds it. */
export function sourcesHash(root?: string): string;
