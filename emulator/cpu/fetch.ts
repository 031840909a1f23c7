/**
 * From CS:EIP to a block: limit, translation, cache, decoding.
 * Intel SDM Vol. 3A, "Limit Checking"; Vol. 2, "Instruction Format": more than 15 bytes is #GP.
 *
 * Invariant: a fetch fault belongs to the instruction whose bytes are missing. Blocks end before an instruction that
 * needs another page, so that those before it run first.
 */
import { PageFlag } from '../memory/layout.ts';
import { RAM_OFFSET } from './access.ts';
import { Block, FROZEN } from './block.ts';
import { Mode, type Core } from './core.ts';
import { Decoder, INSTRUCTION_BYTES_MAX, NEED_MORE } from './decoder.ts';
import { GP, raise } from './exception.ts';
import { Instruction } from './instruction.ts';
import { readPhysical, translate } from './paging.ts';
import { BASE, CS, EIP, FETCH_END, LIMIT } from './registers.ts';
import { invalidForm } from './specialise.ts';

const BLOCK_LENGTH_MAX = 64;

/** @throws CpuException #PF or #GP(0) of the fetch */
export function fetchBlock(core: Core, decoder: Decoder): Block {
  const m = core.i32;
  const eip = m[EIP];
  if (eip >>> 0 >= m[FETCH_END] >>> 0) return fetchOne(core, decoder, false);
  const linear = (m[BASE + CS] + eip) | 0;
  if ((linear & ~0xfff) !== core.fetchLinearPage) {
    const addend = m[(linear >>> 12) + core.readTable];
    const physical = addend !== 0 ? (linear + addend - RAM_OFFSET) | 0 : translate(core, linear, false, core.cpl === 3);
    core.fetchLinearPage = linear & ~0xfff;
    core.fetchPhysicalPage = physical & ~0xfff;
    core.fetchProbed = core.probes.onPage(linear, physical) ? Mode.PROBED : 0;
  }
  const physical = core.fetchPhysicalPage | (linear & 0xfff);
  const block = core.blocks.find(physical, core.mode | core.fetchProbed);
  if (block === undefined) return decodeBlock(core, decoder, physical);
  if (block.secondPage === -1) return block;
  const second = translate(core, ((linear & ~0xfff) + 0x1000) | 0, false, core.cpl === 3);
  if (second >>> 12 === block.secondPage) return block;
  core.blocks.drop(block);
  return fetchOne(core, decoder, true);
}

function decodeBlock(core: Core, decoder: Decoder, physical: number): Block {
  if ((core.memory.pageFlags[physical >>> 12] & PageFlag.WINDOW) !== 0) return fetchOne(core, decoder, false);
  const start = RAM_OFFSET + physical;
  const pageEnd = RAM_OFFSET + (physical & ~0xfff) + 0x1000;
  const { ops, starts, spares } = core.blocks;
  const isKept = core.blocks.seen(physical);
  let length = 0;
  let at = start;
  for (;;) {
    const spare = (spares[length] ??= new Instruction(invalidForm));
    let i = decoder.decode(core.u8, at, pageEnd, core.mode, spare);
    if (i === NEED_MORE) break;
    at += i.length;
    const ends = i.form.endsBlock;
    if (ends) i.end = at - start;
    else if (isKept) i = decoder.shared.find(i);
    if (isKept && i === spare) spares[length] = undefined;
    ops[length++] = i;
    starts[length] = at - start;
    if (ends || at === pageEnd || length === BLOCK_LENGTH_MAX) break;
    if (core.fetchProbed !== 0 && core.probes.hasOffset((at - RAM_OFFSET) & 0xfff)) break;
  }
  if (length === 0) return fetchOne(core, decoder, true);
  const probed = core.fetchProbed !== 0 && core.probes.hasOffset(physical & 0xfff);
  const mode = core.mode | core.fetchProbed;
  if (!isKept) return core.blocks.passing(physical, mode, length, probed);
  const block = new Block(physical, mode, ops.slice(0, length), starts.slice(0, length + 1), probed, -1);
  core.blocks.add(block);
  return block;
}

/** A block of one instruction, byte by byte: near the limit of CS, across pages, or outside RAM. */
function fetchOne(core: Core, decoder: Decoder, cache: boolean): Block {
  const m = core.i32;
  const eip = m[EIP] >>> 0;
  const limit = m[LIMIT + CS] >>> 0;
  if (eip > limit) raise(GP, 0);
  const linear = (m[BASE + CS] + eip) | 0;
  const user = core.cpl === 3;
  const physical = translate(core, linear, false, user);
  const available = limit === 0xffff_ffff ? INSTRUCTION_BYTES_MAX : Math.min(INSTRUCTION_BYTES_MAX, limit - eip + 1);
  const inPage = Math.min(available, 0x1000 - (linear & 0xfff));
  const bytes = new Uint8Array(INSTRUCTION_BYTES_MAX);
  for (let at = 0; at < inPage; at++) bytes[at] = readPhysical(core, physical + at, 1);

  let i = decoder.decode(bytes, 0, inPage, core.mode);
  let secondPage = -1;
  if (i === NEED_MORE) {
    if (inPage === available) raise(GP, 0);
    const second = translate(core, ((linear & ~0xfff) + 0x1000) | 0, false, user);
    for (let at = inPage; at < available; at++) bytes[at] = readPhysical(core, second + at - inPage, 1);
    i = decoder.decode(bytes, 0, available, core.mode);
    if (i === NEED_MORE) raise(GP, 0);
    secondPage = second >>> 12;
  }
  if (i.form.endsBlock) i.end = i.length;
  const probed = core.probes.hasOffset(physical & 0xfff);
  const block = new Block(physical, core.mode | core.fetchProbed, [i], [0, i.length], probed, secondPage);
  const flags = core.memory.pageFlags;
  const inRam = (flags[physical >>> 12] & PageFlag.WINDOW) === 0 && (flags[secondPage] & PageFlag.WINDOW) === 0;
  if (cache && secondPage !== -1 && inRam) core.blocks.add(block);
  else block.heat = FROZEN;
  return block;
}
