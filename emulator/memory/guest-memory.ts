/**
 * Guest physical memory: RAM from physical address 0, with windows (such as 0xA0000-0xBFFFF) that belong to devices.
 * It shares one WebAssembly.Memory with the CPU's registers and TLB; see layout.ts.
 *
 * Invariant: a write through this class to a page with decoded code tells the CPU first, so stale code never runs.
 */
import { PAGE_BYTES, PageFlag, layout, totalBytes } from './layout.ts';

export interface PhysicalRange {
  readonly start: number;
  readonly bytes: number;
}

/** The video memory hole of every PC. */
const VIDEO_WINDOW: PhysicalRange = { start: 0xa0000, bytes: 0x20000 };
const WASM_PAGE_BYTES = 0x10000;

export class GuestMemory {
  readonly wasm: WebAssembly.Memory;
  readonly ramBytes: number;
  /** The whole WebAssembly memory. */
  readonly u8: Uint8Array<ArrayBuffer>;
  readonly u16: Uint16Array<ArrayBuffer>;
  readonly i32: Int32Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** Guest RAM from physical address 0. Whoever writes through it calls `changed` afterwards. */
  readonly ram: Uint8Array<ArrayBuffer>;
  /** One byte per physical page of 4 GiB; bits of PageFlag. */
  readonly pageFlags: Uint8Array<ArrayBuffer>;
  /** Set by the CPU: bytes of a page with decoded code were written. */
  codeWritten: (physical: number, bytes: number) => void = () => undefined;

  /** @param ramBytes a multiple of 4096, at most 1 GiB */
  constructor(ramBytes: number, windows: readonly PhysicalRange[] = [VIDEO_WINDOW]) {
    if (ramBytes <= 0 || ramBytes % PAGE_BYTES !== 0 || ramBytes > 0x4000_0000) {
      throw new RangeError(`RAM of ${String(ramBytes)} bytes: not a multiple of 4096 up to 1 GiB`);
    }
    const wasmPages = Math.ceil(totalBytes(ramBytes) / WASM_PAGE_BYTES);
    this.wasm = new WebAssembly.Memory({ initial: wasmPages, maximum: wasmPages });
    this.ramBytes = ramBytes;
    const buffer = this.wasm.buffer;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.view = new DataView(buffer);
    this.ram = new Uint8Array(buffer, layout.ram, ramBytes);
    this.pageFlags = new Uint8Array(buffer, layout.pageFlags, 0x10_0000);
    this.pageFlags.fill(PageFlag.WINDOW, ramBytes / PAGE_BYTES);
    for (const { start, bytes } of windows) {
      this.pageFlags.fill(PageFlag.WINDOW, start / PAGE_BYTES, (start + bytes) / PAGE_BYTES);
    }
  }

  /** Whether the byte at `physical` is RAM, not a window and not beyond the end. */
  isRam(physical: number): boolean {
    return (this.pageFlags[physical >>> 12] & PageFlag.WINDOW) === 0;
  }

  // Physical access to RAM without side effects. Addresses beyond RAM read as all ones and ignore writes.
  // Bytes under a window are those of the RAM below it.

  readPhysical8(physical: number): number {
    return physical >>> 0 < this.ramBytes ? this.ram[physical] : 0xff;
  }

  readPhysical16(physical: number): number {
    return this.readPhysical8(physical) | (this.readPhysical8(physical + 1) << 8);
  }

  /** @returns unsigned */
  readPhysical32(physical: number): number {
    if (physical >>> 0 <= this.ramBytes - 4) return this.view.getUint32(layout.ram + physical, true);
    return (this.readPhysical16(physical) | (this.readPhysical16(physical + 2) << 16)) >>> 0;
  }

  writePhysical8(physical: number, value: number): void {
    if (physical >>> 0 >= this.ramBytes) return;
    this.ram[physical] = value;
    this.changed(physical, 1);
  }

  writePhysical16(physical: number, value: number): void {
    this.writePhysical8(physical, value);
    this.writePhysical8(physical + 1, value >>> 8);
  }

  writePhysical32(physical: number, value: number): void {
    this.writePhysical16(physical, value);
    this.writePhysical16(physical + 2, value >>> 16);
  }

  /** Copies `bytes` to RAM from `physical` on. */
  load(physical: number, bytes: Uint8Array): void {
    this.ram.set(bytes, physical);
    this.changed(physical, bytes.length);
  }

  /** Tells the CPU that RAM was changed from outside (DMA, a debugger, a restored snapshot). */
  changed(physical: number, bytes: number): void {
    const end = physical + bytes;
    for (let at = physical; at < end; at = at - (at % PAGE_BYTES) + PAGE_BYTES) {
      if ((this.pageFlags[at >>> 12] & PageFlag.CODE) !== 0) {
        this.codeWritten(at, Math.min(end - at, PAGE_BYTES - (at % PAGE_BYTES)));
      }
    }
  }
}
