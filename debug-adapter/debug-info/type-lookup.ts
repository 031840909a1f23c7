/**
 * A type by the name a person writes: `Env`, `env::Env`, `struct env *`, `*const u8`, `&[u32]`, `[u8; 16]`, `int[4]`.
 *
 * Invariant: a definition is preferred to a declaration, and the whole name to a suffix of it.
 */
import { TAG } from './dwarf-constants.ts';
import type { Dwarf } from './dwarf.ts';
import { builtinType, makeArray, makePointer } from './made-types.ts';
import type { NameIndex } from './name-index.ts';
import { endsWithPath, splitPath } from './name-paths.ts';
import type { Type } from './types.ts';

const DEPTH_MAX = 32;

//              keyword      the tags it asks for
const keywords: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ['struct', [TAG.structure_type, TAG.class_type]],
  ['class', [TAG.structure_type, TAG.class_type]],
  ['union', [TAG.union_type]],
  ['enum', [TAG.enumeration_type]],
]);

export function findType(dwarf: Dwarf, names: NameIndex, name: string, depth = 0): Type | undefined {
  const text = name.trim().replace(/\s+/g, ' ');
  if (text === '' || depth > DEPTH_MAX) return undefined;
  const inner = (rest: string): Type | undefined => findType(dwarf, names, rest, depth + 1);

  const whole = findNamed(dwarf, names, text);
  if (whole !== undefined) return whole;
  const qualified = /^(?:const|volatile) (.+)$/.exec(text) ?? /^(.+?) (?:const|volatile)$/.exec(text);
  if (qualified !== null) return inner(qualified[1]!);
  const rustPointer = /^(\*const |\*mut |&mut |&(?:'\w+ )?)(.+)$/.exec(text);
  if (rustPointer !== null) {
    const target = inner(rustPointer[2]!);
    return target === undefined && rustPointer[2] !== '()'
      ? undefined
      : makePointer(target, 'rust', `${rustPointer[1]!}${target?.name ?? '()'}`);
  }
  if (text.endsWith('*')) {
    const target = text.slice(0, -1).trim();
    const type = target === 'void' ? undefined : inner(target);
    return type === undefined && target !== 'void' ? undefined : makePointer(type, 'c');
  }
  const rustArray = /^\[(.+); ?(\d{1,9})\]$/.exec(text);
  if (rustArray !== null) {
    const element = inner(rustArray[1]!);
    return element && makeArray(element, Number(rustArray[2]), 'rust');
  }
  const cArray = /^([^[]+) ?\[(\d{1,9})\]$/.exec(text);
  if (cArray !== null) {
    const element = inner(cArray[1]!);
    return element && makeArray(element, Number(cArray[2]), 'c');
  }
  return undefined;
}

function findNamed(dwarf: Dwarf, names: NameIndex, text: string): Type | undefined {
  const keyword = /^(struct|class|union|enum) (.+)$/.exec(text);
  const tags = keyword === null ? undefined : keywords.get(keyword[1]!);
  const path = splitPath(keyword?.[2] ?? text);
  let best: Type | undefined;
  let bestRank = -1;
  for (const entry of names.types(path[path.length - 1] ?? '')) {
    if (tags !== undefined && !tags.includes(entry.tag)) continue;
    const type = dwarf.types.at(entry.offset + entry.unit.bias);
    if (type === undefined) continue;
    const plain = type.name.replace(/^(struct|class|union|enum) /, '');
    if (!endsWithPath(splitPath(plain), path)) continue;
    // C keeps the names of structs apart from those of typedefs: without a keyword the typedef is meant.
    const rank =
      Number(plain === path.join('::')) * 4 +
      Number(entry.tag === TAG.typedef || entry.tag === TAG.base_type) * 2 +
      Number(type.sizeBytes > 0);
    if (rank > bestRank) {
      best = type;
      bestRank = rank;
    }
  }
  if (best !== undefined || keyword !== null) return best;
  const language = [...dwarf.units.compileUnits()].some((unit) => unit.language === 'rust') ? 'rust' : 'c';
  return builtinType(text, language);
}
