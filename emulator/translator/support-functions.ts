/**
 * What all translated code shares, as functions of one module: the helpers and the way in from JavaScript.
 * With tail calls (WebAssembly 3.0, "return_call_indirect") registers travel from region to region as parameters.
 * Without them each region gives its successor's index back to the trampoline in `enter`, registers through memory.
 */
import { EIP } from '../cpu/registers.ts';
import { Code, Op } from './code.ts';
import { TLB_FILL_HELPER, TLB_WALK_HELPER } from './emitter.ts';
import { carriesHelper } from './lazy-flags.ts';
import { LEFT_SLOT, MISS_ACCESS, MISS_ADDRESS, MISS_CELL, PARAMETERS } from './locals.ts';
import { TYPE_HELPER, TYPE_REGION, TYPE_SEGMENT_LOAD, TYPE_X87 } from './region-code.ts';
import { SEGMENT_LOAD_LOCALS, SEGMENT_LOAD_PARAMETERS, segmentLoadHelper } from './segment-load.ts';
import { TLB_FILL_LOCALS, TLB_WALK_LOCALS, tlbFillHelper, tlbWalkHelper } from './tlb-fill.ts';
import { TLB_RELOAD_LOCALS, tlbInvalidateHelper, tlbReloadHelper } from './tlb-forget.ts';
import { encodeModule, type FunctionType } from './wasm-module.ts';
import { X87_PARAMETERS, x87Functions } from './x87/helpers.ts';

const TYPE_ENTER = 2;

/** Those of the support and of regions. */
export function functionTypes(tailCalls: boolean): readonly FunctionType[] {
  return [
    tailCalls ? { parameters: PARAMETERS, results: 0 } : { parameters: 0, results: 1 },
    { parameters: 4, results: 1 },
    { parameters: 2, results: 0 },
    { parameters: SEGMENT_LOAD_PARAMETERS, results: 1 },
    { parameters: X87_PARAMETERS, results: 1 },
  ];
}

/** Exports the helpers of regions by name (support.ts), and `enter`. */
export function encodeSupport(tailCalls: boolean): Uint8Array<ArrayBuffer> {
  const code = (write: (code: Code) => void): Code => {
    const made = new Code();
    write(made);
    return made;
  };
  const words = (count: number) => [{ count, wide: false }];
  const functions = [
    { name: 'carries', type: TYPE_HELPER, locals: [], code: code(carriesHelper) },
    {
      name: 'loadSegment',
      type: TYPE_SEGMENT_LOAD,
      locals: words(SEGMENT_LOAD_LOCALS),
      code: code(segmentLoadHelper),
    },
    { name: 'tlbWalk', type: TYPE_X87, locals: words(TLB_WALK_LOCALS), code: code(tlbWalkHelper) },
    {
      name: 'tlbFill',
      type: TYPE_HELPER,
      locals: words(TLB_FILL_LOCALS),
      code: code((fill) => {
        tlbFillHelper(fill, TLB_WALK_HELPER);
      }),
    },
    { name: 'tlbInvalidate', type: TYPE_SEGMENT_LOAD, locals: [], code: code(tlbInvalidateHelper) },
    {
      name: 'tlbReload',
      type: TYPE_X87,
      locals: words(TLB_RELOAD_LOCALS),
      code: code((reload) => {
        tlbReloadHelper(reload, TLB_WALK_HELPER);
      }),
    },
    ...x87Functions(TYPE_X87),
    { name: 'enter', type: TYPE_ENTER, locals: [], code: enter(tailCalls) },
  ];
  return encodeModule({ types: functionTypes(tailCalls), imports: [], functions });
}

/**
 * enter(index, left): runs regions until one is left for another reason than a page that tlbFill finds. Without tail calls
 * each of them also gives its successor back.
 */
function enter(tailCalls: boolean): Code {
  const INDEX = 0;
  const LEFT = 1;
  const code = new Code();
  const slot = (index: number): Code => code.i32(0).access(Op.LOAD, index * 4);
  code
    .i32(0)
    .get(LEFT)
    .access(Op.STORE, LEFT_SLOT * 4);
  code.loop();
  if (tailCalls) {
    for (let register = 0; register < PARAMETERS - 1; register++) slot(register);
    slot(LEFT_SLOT).get(INDEX).callIndirect(TYPE_REGION);
  } else code.get(INDEX).callIndirect(TYPE_REGION).tee(INDEX).brIf(0);
  slot(MISS_ACCESS).op(Op.EQZ).if().op(Op.RETURN).end();
  slot(MISS_ADDRESS);
  slot(MISS_ACCESS);
  slot(EIP);
  slot(MISS_CELL).call(TLB_FILL_HELPER).set(INDEX);
  code
    .i32(0)
    .i32(0)
    .access(Op.STORE, MISS_ACCESS * 4);
  code.get(INDEX).brIf(0);
  return code.end();
}
