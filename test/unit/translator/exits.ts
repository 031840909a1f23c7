import { bootGuest } from '../../kit/guest.ts';
import { Translator } from '../../../emulator/translator/translator.ts';
const [program = 'primes', budget = '50000000', hot = '4000'] = process.argv.slice(2);
const hist = new Map<string, number>();
const original = Translator.prototype.run;
let last = false;
const is = new Map<string, number>();
let interp = 0;
Translator.prototype.run = function (block) {
  const ran = original.call(this, block);
  if (!ran) interp += block.ops.length;
  const why = ran ? '' : block.translation === undefined ? (block.heat > Number(hot) ? 'pending ' : 'warm ') : 'notrun ';
  if (last || !ran) {
    if (!ran) is.set(why, (is.get(why) ?? 0) + block.ops.length);
    const key = `${last ? 'exit ' : ''}${why}${block.ops[0].row.mnemonic} k${block.ops[0].kind0},${block.ops[0].kind1} s${block.ops[0].size}`;
    hist.set(key, (hist.get(key) ?? 0) + 1);
  }
  last = ran;
  return ran;
};
const m = bootGuest(program, 32 << 20, { hotness: Number(hot), batch: 32 });
m.run(Number(budget));
console.log('instr', m.instructionCount - m.idleInstructions, 'interpreted', interp, 'entries', m.cpu.translator?.entries);
console.log(is);
for (const [k, n] of [...hist].sort((a, b) => b[1] - a[1]).slice(0, 40)) console.log(n, k);
