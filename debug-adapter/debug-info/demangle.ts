/**
 * Rust symbol names as people write them: v0 (RFC 2603) and the legacy scheme (`_ZN…17h<hash>E`).
 *
 * Invariant: a name that is neither, or is broken, comes back unchanged.
 */
import { demangleV0 } from './rust-v0.ts';

export function demangle(name: string): string {
  if (name.startsWith('_R')) return demangleV0(name) ?? name;
  if (name.startsWith('_ZN')) return demangleLegacy(name) ?? name;
  return name;
}

//                   rustc_symbol_mangling, legacy.rs: what identifiers cannot hold
const legacyEscapes: Readonly<Record<string, string>> = {
  SP: '@',
  BP: '*',
  RF: '&',
  LT: '<',
  GT: '>',
  LP: '(',
  RP: ')',
  C: ',',
};

function demangleLegacy(name: string): string | undefined {
  const parts: string[] = [];
  let position = 3;
  while (name[position] !== 'E') {
    const digits = /^[0-9]+/.exec(name.slice(position, position + 6))?.[0];
    if (digits === undefined) return undefined;
    position += digits.length;
    const length = Number(digits);
    if (position + length > name.length || parts.length > 200) return undefined;
    parts.push(name.slice(position, position + length));
    position += length;
  }
  // A C++ name has no hash, and is left alone.
  if (parts.length < 2 || !/^h[0-9a-f]{16}$/.test(parts.pop()!)) return undefined;
  return parts.map(unescapeLegacy).join('::');
}

function unescapeLegacy(part: string): string {
  const text = part.startsWith('_$') ? part.slice(1) : part;
  return text
    .replace(/\$([A-Z]{1,2}|u[0-9a-f]{1,6})\$/g, (whole, code: string) => {
      if (!code.startsWith('u')) return legacyEscapes[code] ?? whole;
      const point = parseInt(code.slice(1), 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
    })
    .replace(/\.\./g, '::');
}
