/**
 * The text screen as people see it: 25 lines of 80 characters from display memory. IBM CGA Technical Reference,
 * "Alphanumeric Modes": each cell is a character byte and an attribute byte.
 */
export const TEXT_MEMORY = 0xb8000;
const TEXT_MEMORY_CELLS = 0x4000;
export const TEXT_COLUMNS = 80;
export const TEXT_ROWS = 25;

/** Lines from top to bottom, with trailing blanks removed. Bytes outside ASCII show as dots. */
export function readTextScreen(ram: Uint8Array, startAddress: number): string[] {
  return Array.from({ length: TEXT_ROWS }, (_, row) => {
    let line = '';
    for (let column = 0; column < TEXT_COLUMNS; column++) {
      const cell = (startAddress + row * TEXT_COLUMNS + column) % TEXT_MEMORY_CELLS;
      const character = ram[TEXT_MEMORY + cell * 2] ?? 0;
      line += character === 0 ? ' ' : character < 0x20 || character > 0x7e ? '.' : String.fromCharCode(character);
    }
    return line.trimEnd();
  });
}
