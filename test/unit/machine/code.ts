/** Machine code by hand, for small kernels in tests. Intel SDM Vol. 2, 32-bit encodings. */
import { Machine, type MachineOptions } from '../../../emulator/machine/machine.ts';
import { kernelFile } from './elf-file.ts';

/** Where the code of `kernelFile` begins: behind the Multiboot header. */
export const CODE = 0x10000c;

const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
const word = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff];

export const CLI = [0xfa];
export const STI = [0xfb];
export const HLT = [0xf4];
export const NOP = [0x90];
export const IRET = [0xcf];
/** mov al, value; out port, al */
export const outb = (port: number, value: number): number[] =>
  port < 0x100 ? [0xb0, value, 0xe6, port] : [0x66, 0xba, ...word(port), 0xb0, value, 0xee];
/** mov dx, port; in al, dx */
export const inb = (port: number): number[] => [0x66, 0xba, ...word(port), 0xec];
/** mov eax, code; out F4h, eax */
export const exit = (code: number): number[] => [0xb8, ...dword(code), 0xe7, 0xf4];
/** inc dword [address] */
export const increment = (address: number): number[] => [0xff, 0x05, ...dword(address)];
/** cmp dword [address], value */
export const compare = (address: number, value: number): number[] => [0x83, 0x3d, ...dword(address), value];
export const lgdt = (pointer: number): number[] => [0x0f, 0x01, 0x15, ...dword(pointer)];
export const lidt = (pointer: number): number[] => [0x0f, 0x01, 0x1d, ...dword(pointer)];
/** ljmp selector:offset */
export const farJump = (selector: number, offset: number): number[] => [0xea, ...dword(offset), ...word(selector)];
/** Short jump back (or forward) by a number of bytes, counted from the jump's own first byte. */
export const jump = (distance: number): number[] => [0xeb, (distance - 2) & 0xff];
export const jumpIfNot = (distance: number): number[] => [0x75, (distance - 2) & 0xff];
/** mov esp, value */
export const stack = (value: number): number[] => [0xbc, ...dword(value)];

/** Initialises both interrupt controllers, vectors 20h and 28h, with everything but `irqs` masked. */
export const initPic = (...irqs: number[]): number[] => {
  const mask = 0xffff & ~irqs.reduce((bits, irq) => bits | (1 << irq), irqs.some((irq) => irq > 7) ? 4 : 0);
  return [
    [0x20, 0x11], [0x21, 0x20], [0x21, 0x04], [0x21, 0x01], [0x21, mask & 0xff],
    [0xa0, 0x11], [0xa1, 0x28], [0xa1, 0x02], [0xa1, 0x01], [0xa1, mask >>> 8],
  ].flatMap(([port, value]) => outb(port, value)); // prettier-ignore
};

export const GDT_POINTER = 0x100800;
export const IDT_POINTER = 0x100808;
export const COUNTER = 0x100f00;

/** A kernel with GDT (flat 08h, 10h), an IDT of 48 gates, and code; handlers by vector stand behind the code. */
export function kernelWithInterrupts(
  main: readonly number[],
  handlers: Readonly<Record<number, readonly number[]>>,
): Uint8Array {
  const image = new Uint8Array(0x1000 - 12);
  const put = (address: number, bytes: readonly number[]): void => image.set(bytes, address - CODE);
  const begin = [...lgdt(GDT_POINTER), ...farJump(0x08, CODE + 14), ...lidt(IDT_POINTER), ...stack(0x180000)];
  put(CODE, [...begin, ...main]);
  put(GDT_POINTER, [...word(23), ...dword(0x100810)]);
  put(0x100810, [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0, 0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0]);
  put(IDT_POINTER, [...word(48 * 8 - 1), ...dword(0x100900)]);
  let at = 0x100b00;
  for (const [vector, code] of Object.entries(handlers)) {
    put(at, code);
    put(0x100900 + Number(vector) * 8, [...word(at), ...word(0x08), 0, 0x8e, ...word(at >>> 16)]);
    at += Math.ceil(code.length / 16) * 16;
  }
  return kernelFile([...image]);
}

/** Bytes of `main` start here in a kernel with interrupts. */
export const MAIN = CODE + 26;

export function boot(kernel: Uint8Array, options: Partial<MachineOptions> = {}): Machine {
  const created = Machine.create({ memoryBytes: 4 << 20, kernel, ...options });
  if (!created.ok) throw new Error(created.failure.cause);
  return created.value;
}

export const bootCode = (...code: readonly number[][]): Machine => boot(kernelFile(code.flat()));
