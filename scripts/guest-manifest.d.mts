/** SHA-256 over the sources of an image folder, as its manifest holds it; by default those of guest/image. */
export function sourcesHash(root?: string, folder?: 'guest/image' | 'guest/bench/image'): string;
