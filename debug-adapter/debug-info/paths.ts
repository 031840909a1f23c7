/**
 * Source paths as debug information gives them: joined, with `.` and `..` resolved, `/` throughout. No file system.
 *
 * Invariant: a path made here has no empty, `.` or inner `..` segment; joining it again changes nothing.
 */

/** `path` below `base`, unless it is absolute. Windows drives count as absolute. */
export function joinPath(base: string, path: string): string {
  const whole = isAbsolute(path) || base === '' ? path : `${base}/${path}`;
  return normalisePath(whole);
}

export function normalisePath(path: string): string {
  const slashes = path.includes('\\') && /^[a-zA-Z]:|^[^/]*\\/.test(path) ? path.replace(/\\/g, '/') : path;
  const absolute = slashes.startsWith('/');
  const parts: string[] = [];
  for (const part of slashes.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts[parts.length - 1] !== '..') parts.pop();
    else if (part !== '..' || !absolute) parts.push(part);
  }
  return (absolute ? '/' : '') + parts.join('/');
}

export function isAbsolute(path: string): boolean {
  return path.startsWith('/') || /^[a-zA-Z]:[\\/]/.test(path);
}

/** How many whole segments two paths share, from the end. */
export function sharedSuffix(a: string, b: string): number {
  let count = 0;
  let atA = a.length;
  let atB = b.length;
  while (atA > 0 && atB > 0) {
    const fromA = a.lastIndexOf('/', atA - 1);
    const fromB = b.lastIndexOf('/', atB - 1);
    if (a.slice(fromA + 1, atA) !== b.slice(fromB + 1, atB)) break;
    count++;
    atA = fromA;
    atB = fromB;
  }
  return count;
}
