/**
 * Bodies of WebAssembly functions, instruction by instruction, over locals and one memory.
 * WebAssembly Core Specification, "Binary Format": "Instructions".
 *
 * Invariant: `depth` is the number of labels open at the end of what was written, so that a branch to a label is
 * `depth - (depth when it was opened) - 1`.
 */

// prettier-ignore
export const Op = {
  UNREACHABLE: 0x00, BLOCK: 0x02, LOOP: 0x03, IF: 0x04, ELSE: 0x05, END: 0x0b, BR: 0x0c, BR_IF: 0x0d, RETURN: 0x0f,
  CALL: 0x10, CALL_INDIRECT: 0x11, RETURN_CALL_INDIRECT: 0x13, DROP: 0x1a, SELECT: 0x1b,
  LOCAL_GET: 0x20, LOCAL_SET: 0x21, LOCAL_TEE: 0x22,
  LOAD: 0x28, I64_LOAD: 0x29, LOAD8_S: 0x2c, LOAD8_U: 0x2d, LOAD16_S: 0x2e, LOAD16_U: 0x2f, STORE: 0x36,
  I64_STORE: 0x37, STORE8: 0x3a, STORE16: 0x3b,
  I32_CONST: 0x41, I64_CONST: 0x42,
  EQZ: 0x45, EQ: 0x46, NE: 0x47, LT_S: 0x48, LT_U: 0x49, GT_S: 0x4a, GT_U: 0x4b, LE_S: 0x4c, LE_U: 0x4d, GE_S: 0x4e,
  GE_U: 0x4f, I64_EQZ: 0x50, I64_EQ: 0x51, I64_NE: 0x52, I64_LT_S: 0x53, I64_LT_U: 0x54, I64_GT_U: 0x56, I64_GE_U: 0x5a,
  CLZ: 0x67, CTZ: 0x68, POPCNT: 0x69, ADD: 0x6a, SUB: 0x6b, MUL: 0x6c, DIV_S: 0x6d, DIV_U: 0x6e, REM_S: 0x6f,
  REM_U: 0x70, AND: 0x71, OR: 0x72, XOR: 0x73, SHL: 0x74, SHR_S: 0x75, SHR_U: 0x76, ROTL: 0x77, ROTR: 0x78,
  I64_CLZ: 0x79, I64_ADD: 0x7c, I64_SUB: 0x7d, I64_MUL: 0x7e, I64_DIV_U: 0x80, I64_REM_U: 0x82, I64_AND: 0x83,
  I64_OR: 0x84, I64_XOR: 0x85, I64_SHL: 0x86, I64_SHR_U: 0x88, F64_SQRT: 0x9f, I64_TRUNC_F64_U: 0xb1,
  F64_CONVERT_I64_U: 0xba, I32_WRAP: 0xa7, I64_EXTEND_S: 0xac, I64_EXTEND_U: 0xad, EXTEND8_S: 0xc0, EXTEND16_S: 0xc1,
} as const;

const BLOCK_VOID = 0x40;
const GENERAL_REGISTERS = 8;

export function pushUnsigned(bytes: number[], value: number): void {
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
}

export function pushSigned(bytes: number[], value: number): void {
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
      bytes.push(low);
      return;
    }
    bytes.push(low | 0x80);
  }
}

export class Code {
  readonly bytes: number[] = [];
  depth = 0;
  /** How often each of the first locals, the general registers, was set. */
  readonly versions = new Int32Array(GENERAL_REGISTERS);

  /** Instructions without immediates. */
  op(...opcodes: readonly number[]): this {
    for (const opcode of opcodes) this.bytes.push(opcode);
    return this;
  }

  get(local: number): this {
    return this.#withIndex(Op.LOCAL_GET, local);
  }

  set(local: number): this {
    if (local < GENERAL_REGISTERS) this.versions[local]++;
    return this.#withIndex(Op.LOCAL_SET, local);
  }

  tee(local: number): this {
    if (local < GENERAL_REGISTERS) this.versions[local]++;
    return this.#withIndex(Op.LOCAL_TEE, local);
  }

  i32(value: number): this {
    this.bytes.push(Op.I32_CONST);
    pushSigned(this.bytes, value);
    return this;
  }

  i64(value: number): this {
    this.bytes.push(Op.I64_CONST);
    pushSigned(this.bytes, value);
    return this;
  }

  /** 2^63, the integer bit of a significand. */
  i64High(): this {
    // 63 bits of zeros, and the sign: ten groups of seven bits.
    return this.op(Op.I64_CONST, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f);
  }

  /** `opcode` is one of the LOADs or STOREs; the address is on the stack, below the value of a STORE. */
  access(opcode: number, offset = 0): this {
    // An alignment of 0 promises nothing, and costs nothing where the host reads unaligned values as quickly.
    this.bytes.push(opcode, 0);
    pushUnsigned(this.bytes, offset);
    return this;
  }

  call(functionIndex: number): this {
    return this.#withIndex(Op.CALL, functionIndex);
  }

  callIndirect(type: number): this {
    this.#withIndex(Op.CALL_INDIRECT, type).bytes.push(0);
    return this;
  }

  returnCallIndirect(type: number): this {
    this.#withIndex(Op.RETURN_CALL_INDIRECT, type).bytes.push(0);
    return this;
  }

  block(): this {
    this.depth++;
    return this.op(Op.BLOCK, BLOCK_VOID);
  }

  loop(): this {
    this.depth++;
    return this.op(Op.LOOP, BLOCK_VOID);
  }

  if(): this {
    this.depth++;
    return this.op(Op.IF, BLOCK_VOID);
  }

  else(): this {
    return this.op(Op.ELSE);
  }

  end(): this {
    this.depth--;
    return this.op(Op.END);
  }

  br(label: number): this {
    return this.#withIndex(Op.BR, label);
  }

  brIf(label: number): this {
    return this.#withIndex(Op.BR_IF, label);
  }

  append(code: Code): this {
    for (const byte of code.bytes) this.bytes.push(byte);
    this.depth += code.depth;
    return this;
  }

  #withIndex(opcode: number, index: number): this {
    this.bytes.push(opcode);
    pushUnsigned(this.bytes, index);
    return this;
  }
}
