/**
 * Which keys type a text: the US layout in scan code set 1. IBM PC/AT Technical Reference, "Keyboard Scan Codes".
 */
const LEFT_SHIFT = 0x2a;
const LEFT_CONTROL = 0x1d;
const RELEASED = 0x80;

//  first code, keys in order, the same with shift
const ROWS: readonly (readonly [number, string, string])[] = [
  [0x02, '1234567890-=', '!@#$%^&*()_+'],
  [0x10, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [0x2b, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
  [0x39, ' ', ' '],
];

const SINGLE: Readonly<Record<string, number>> = {
  '\x1b': 0x01,
  '\b': 0x0e,
  '\x7f': 0x0e,
  '\t': 0x0f,
  '\n': 0x1c,
  '\r': 0x1c,
};

interface Key {
  readonly code: number;
  readonly modifier?: number;
}

const KEYS: ReadonlyMap<string, Key> = new Map([
  ...Object.entries(SINGLE).map(([character, code]): [string, Key] => [character, { code }]),
  ...ROWS.flatMap(([first, plain, shifted]) => [
    ...Array.from(shifted).map((character, i): [string, Key] => [character, { code: first + i, modifier: LEFT_SHIFT }]),
    ...Array.from(plain).map((character, i): [string, Key] => [character, { code: first + i }]),
  ]),
]);

/** Scan codes that type `text`, key by key, down and up. Control characters come as Ctrl with their letter; others are left out. */
export function scancodesFor(text: string): number[] {
  return Array.from(text).flatMap((character) => {
    const key = KEYS.get(character) ?? controlKey(character);
    if (!key) return [];
    const { code, modifier } = key;
    if (modifier === undefined) return [code, code | RELEASED];
    return [modifier, code, code | RELEASED, modifier | RELEASED];
  });
}

function controlKey(character: string): Key | undefined {
  const code = character.charCodeAt(0);
  if (code < 1 || code > 26) return undefined;
  const letter = KEYS.get(String.fromCharCode(code + 96));
  return letter && { code: letter.code, modifier: LEFT_CONTROL };
}
