/** The part of the WebAssembly JavaScript API the emulator uses; it is in lib.dom only, which the emulator may not see. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
  }
}
