/**
 * Bodies of functions as text, one instruction a line, indented by nesting. WebAssembly Core Specification,
 * "Text Format": "Instructions".
 */
import { Op, type Code } from './code.ts';

// prettier-ignore
const NAMES: Readonly<Record<number, string>> = {
  [Op.UNREACHABLE]: 'unreachable', [Op.BLOCK]: 'block', [Op.LOOP]: 'loop', [Op.IF]: 'if', [Op.ELSE]: 'else',
  [Op.END]: 'end', [Op.BR]: 'br', [Op.BR_IF]: 'br_if', [Op.RETURN]: 'return', [Op.CALL]: 'call',
  [Op.CALL_INDIRECT]: 'call_indirect', [Op.RETURN_CALL_INDIRECT]: 'return_call_indirect', [Op.DROP]: 'drop',
  [Op.SELECT]: 'select', [Op.LOCAL_GET]: 'local.get', [Op.LOCAL_SET]: 'local.set', [Op.LOCAL_TEE]: 'local.tee',
  [Op.I64_LOAD]: 'i64.load', [Op.I64_STORE]: 'i64.store', [Op.LOAD]: 'i32.load', [Op.LOAD8_S]: 'i32.load8_s', [Op.LOAD8_U]: 'i32.load8_u', [Op.LOAD16_S]: 'i32.load16_s',
  [Op.LOAD16_U]: 'i32.load16_u', [Op.STORE]: 'i32.store', [Op.STORE8]: 'i32.store8', [Op.STORE16]: 'i32.store16',
  [Op.I32_CONST]: 'i32.const', [Op.I64_CONST]: 'i64.const', [Op.EQZ]: 'i32.eqz', [Op.EQ]: 'i32.eq', [Op.NE]: 'i32.ne',
  [Op.LT_S]: 'i32.lt_s', [Op.LT_U]: 'i32.lt_u', [Op.GT_S]: 'i32.gt_s', [Op.GT_U]: 'i32.gt_u', [Op.LE_S]: 'i32.le_s',
  [Op.LE_U]: 'i32.le_u', [Op.GE_S]: 'i32.ge_s', [Op.GE_U]: 'i32.ge_u', [Op.I64_GE_U]: 'i64.ge_u', [Op.CLZ]: 'i32.clz',
  [Op.CTZ]: 'i32.ctz', [Op.POPCNT]: 'i32.popcnt', [Op.ADD]: 'i32.add', [Op.SUB]: 'i32.sub', [Op.MUL]: 'i32.mul',
  [Op.DIV_S]: 'i32.div_s', [Op.DIV_U]: 'i32.div_u', [Op.REM_S]: 'i32.rem_s', [Op.REM_U]: 'i32.rem_u',
  [Op.AND]: 'i32.and', [Op.OR]: 'i32.or', [Op.XOR]: 'i32.xor', [Op.SHL]: 'i32.shl', [Op.SHR_S]: 'i32.shr_s',
  [Op.SHR_U]: 'i32.shr_u', [Op.ROTL]: 'i32.rotl', [Op.ROTR]: 'i32.rotr', [Op.I64_MUL]: 'i64.mul',
  [Op.I64_DIV_U]: 'i64.div_u', [Op.I64_REM_U]: 'i64.rem_u', [Op.I64_OR]: 'i64.or', [Op.I64_SHL]: 'i64.shl',
  [Op.I64_SHR_U]: 'i64.shr_u', [Op.I32_WRAP]: 'i32.wrap_i64', [Op.I64_EXTEND_S]: 'i64.extend_i32_s',
  [Op.I64_EXTEND_U]: 'i64.extend_i32_u', [Op.EXTEND8_S]: 'i32.extend8_s', [Op.EXTEND16_S]: 'i32.extend16_s',
};

/** Those with one number behind them. */
const INDEXED: ReadonlySet<number> = new Set([Op.BR, Op.BR_IF, Op.CALL, Op.LOCAL_GET, Op.LOCAL_SET, Op.LOCAL_TEE]);
const OPENING: ReadonlySet<number> = new Set([Op.BLOCK, Op.LOOP, Op.IF]);

/** @param localName what to show for a local */
export function wasmText({ bytes }: Code, localName: (local: number) => string): string[] {
  const lines: string[] = [];
  let at = 0;
  let depth = 0;
  const number = (signed: boolean): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) !== 0) continue;
      return signed && (byte & 0x40) !== 0 && shift < 25 ? value | (-1 << (shift + 7)) : signed ? value : value >>> 0;
    }
  };
  while (at < bytes.length) {
    const opcode = bytes[at++];
    let text = NAMES[opcode];
    if (opcode === Op.END) depth--;
    const indent = '  '.repeat(opcode === Op.ELSE ? depth - 1 : depth);
    if (OPENING.has(opcode)) {
      at++;
      depth++;
    } else if (opcode >= Op.LOCAL_GET && opcode <= Op.LOCAL_TEE) text += ` ${localName(number(false))}`;
    else if (INDEXED.has(opcode)) text += ` ${number(false)}`;
    else if (opcode === Op.I32_CONST || opcode === Op.I64_CONST) text += ` ${number(true)}`;
    else if (opcode >= Op.LOAD && opcode <= Op.STORE16) {
      at++;
      const offset = number(false);
      if (offset !== 0) text += ` offset=0x${offset.toString(16)}`;
    } else if (opcode === Op.CALL_INDIRECT || opcode === Op.RETURN_CALL_INDIRECT) {
      text += ` (type ${number(false)})`;
      at++;
    }
    lines.push(indent + text);
  }
  return lines;
}
