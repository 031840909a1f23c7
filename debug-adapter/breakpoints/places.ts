/** From what a person writes to places in images: function names, `file:line`, addresses. */
import type { Image } from '../launch/images.ts';
import { nearestName } from '../launch/nearest-name.ts';
import type { BoundLocation } from './breakpoint-table.ts';

/** Names are compared one by one: a longer one is no slip of the pen. */
const NAME_LENGTH_MAX = 64;

/** A place in an image that was found. */
export interface FoundPlace extends BoundLocation {
  readonly image: Image;
}

/** `name`, `path::name`, or `image!name` for one image only. Symbols without debug information count, too. */
export function findFunctions(images: readonly Image[], name: string): FoundPlace[] {
  const { only, path } = parts(name);
  return images
    .filter((image) => only === undefined || image.name === only)
    .flatMap((image) => {
      const locations = image.debug.functionLocations(path);
      if (locations.length > 0) return locations.map(({ address }) => ({ image, linked: address }));
      return symbolsNamed(image, path).map((linked) => ({ image, linked }));
    });
}

/** What was perhaps meant by a name that `findFunctions` did not find, as a sentence; else empty. */
export function functionMeant(images: readonly Image[], name: string): string {
  const { only, path } = parts(name);
  const names = images.map((image) => image.name);
  if (only !== undefined && !names.includes(only)) return `The images are ${names.join(', ')}.`;
  const last = path.split('::').at(-1)!;
  if (last.length > NAME_LENGTH_MAX) return '';
  const searched = images.filter((image) => only === undefined || image.name === only);
  const near = nearestName(last, [...new Set(searched.flatMap(functionNames))]);
  return near === undefined || near === last ? '' : `Did you mean "${near}"?`;
}

function parts(name: string): { readonly only: string | undefined; readonly path: string } {
  const [, only, path] = /^(?:([\w.-]+)!)?(.*)$/s.exec(name.trim())!;
  return { only, path: path! };
}

/** Last names of functions, without type arguments. */
function functionNames({ elf }: Image): string[] {
  return elf.symbols.flatMap(({ kind, sectionIndex, demangled }) => {
    const last = sectionIndex !== 0 && kind === 'function' ? /(?:^|::)(\w+)$/.exec(demangled)?.[1] : undefined;
    return last === undefined ? [] : [last];
  });
}

/** The code of a line in every image that was built from the file, or of the next line that has code. */
export function findLine(
  images: readonly Image[],
  debugPath: string,
  line: number,
  column?: number,
): (FoundPlace & { line: number; column: number })[] {
  const places = images.flatMap((image) => {
    const file = image.debug.matchFile(debugPath);
    if (file === undefined) return [];
    return image.debug
      .addressesOf(file, line, column)
      .map((at) => ({ image, linked: at.address, line: at.line, column: at.column }));
  });
  const first = Math.min(...places.map((place) => place.line));
  return places.filter((place) => place.line === first);
}

/** Whether any image was built from the file. */
export function knowsFile(images: readonly Image[], debugPath: string): boolean {
  return images.some((image) => image.debug.matchFile(debugPath) !== undefined);
}

/** Addresses of symbols by name or by the end of their path, for images without debug information. */
function symbolsNamed({ elf }: Image, name: string): number[] {
  if (name === '') return [];
  const ending = `::${name}`;
  const found = elf.symbols.filter(
    (symbol) =>
      symbol.sectionIndex !== 0 &&
      (symbol.kind === 'function' || symbol.kind === 'other') &&
      (symbol.name === name || symbol.demangled === name || symbol.demangled.endsWith(ending)),
  );
  return [...new Set(found.map((symbol) => symbol.address))];
}
