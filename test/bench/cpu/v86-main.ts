/**
 * Runs a Multiboot ELF in v86, without BIOS, network or screen: `node bench-v86.mjs FILE MEBIBYTES`. COM1 goes to stdout.
 * The run is over when the guest writes to port 0xF4: v86 has there, for kernels that it boots without a BIOS, the exit
 * of kvm-unit-tests, which logs the code and throws "HALT" (v86, src/cpu.js, `load_multiboot_option_rom`).
 */
import { readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { V86 } from 'v86';

const [file, mebibytes] = process.argv.slice(2);
const bytes = readFileSync(file!);
let output = '';

console.log = () => undefined;
process.on('uncaughtException', (thrown: unknown) => {
  writeSync(1, output);
  if (thrown !== 'HALT') console.error(thrown);
  process.exit(thrown === 'HALT' ? 0 : 1);
});

const emulator = new V86({
  wasm_path: createRequire(import.meta.url).resolve('v86/build/v86.wasm'),
  memory_size: Number(mebibytes) << 20,
  vga_memory_size: 2 << 20,
  multiboot: { buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
  disable_keyboard: true,
  disable_mouse: true,
  disable_speaker: true,
  autostart: true,
});
emulator.add_listener('serial0-output-byte', (byte: number) => {
  output += String.fromCharCode(byte);
});
