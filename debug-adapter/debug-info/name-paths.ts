/**
 * Qualified names, cut at `::` and compared from the end. Rust: `<a::B as c::D>::e` counts as `a::B::e`.
 *
 * Invariant: text inside `<>`, `()` and `[]` is never cut.
 */

/** `<<<…` in front of a name is followed so far; it is longer only in names that nobody wrote. */
const NESTED_MAX = 16;

/** `a::B<c::D>::e` → `a`, `B<c::D>`, `e` */
export function splitPath(name: string, nested = 0): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < name.length; index++) {
    const char = name[index]!;
    if (char === '<' || char === '(' || char === '[' || char === '{') depth++;
    else if (char === ')' || char === ']' || char === '}') depth--;
    // `->` closes nothing.
    else if (char === '>' && name[index - 1] !== '-') depth--;
    else if (char === ':' && name[index + 1] === ':' && depth === 0) {
      parts.push(name.slice(start, index));
      start = index + 2;
      index++;
    }
  }
  parts.push(name.slice(start));
  const first = parts[0]!;
  if (parts.length > 1 && first.startsWith('<') && first.endsWith('>') && nested < NESTED_MAX) {
    const inner = first.slice(1, -1);
    const as = splitAt(inner, ' as ');
    parts.splice(0, 1, ...splitPath(as, nested + 1));
  }
  // `f::<u8>` of v0 names is `f<u8>` of debug information.
  return parts.reduce<string[]>((path, part) => {
    if (part.startsWith('<') && path.length > 0) path[path.length - 1] += part;
    else if (part !== '') path.push(part);
    return path;
  }, []);
}

/** The text before the first `separator` outside of brackets. */
function splitAt(text: string, separator: string): string {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text[index]!;
    if (char === '<' || char === '(' || char === '[') depth++;
    else if (char === ')' || char === ']' || (char === '>' && text[index - 1] !== '-')) depth--;
    else if (depth === 0 && text.startsWith(separator, index)) return text.slice(0, index);
  }
  return text;
}

/** `Vec<u8, Global>` → `Vec`. A name that is nothing but brackets, such as `<impl Foo>` or `{closure#0}`, is kept. */
export function withoutGenerics(segment: string): string {
  const open = segment.indexOf('<');
  return open > 0 && segment.endsWith('>') ? segment.slice(0, open) : segment;
}

/** Whether a segment as the user wrote it means this one: equal, without generics, or with fewer of them. */
export function segmentMatches(actual: string, wanted: string): boolean {
  if (actual === wanted) return true;
  if (!wanted.includes('<')) return withoutGenerics(actual) === wanted;
  const tightActual = actual.replace(/\s+/g, '');
  const tightWanted = wanted.replace(/\s+/g, '');
  return tightActual === tightWanted || tightActual.startsWith(`${tightWanted.slice(0, -1)},`);
}

/** Whether `wanted` is the end of `actual`, segment by segment. */
export function endsWithPath(actual: readonly string[], wanted: readonly string[]): boolean {
  if (wanted.length > actual.length) return false;
  const from = actual.length - wanted.length;
  return wanted.every((segment, index) => segmentMatches(actual[from + index]!, segment));
}

/** How many leading segments two paths share: nearness of two places in a program. */
export function sharedPrefix(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) count++;
  return count;
}
