import { bootGuest } from '../../kit/guest.ts';
const [programs = 'primes,rustshim,heaptest,forktree', budget = '200000000', hot = '40', batch = '1'] = process.argv.slice(2);
for (const program of programs.split(',')) {
  const times: number[] = [];
  for (const translate of [false, { hotness: Number(hot), batch: Number(batch) }] as const) {
    const m = bootGuest(program, 32 << 20, translate);
    const start = performance.now();
    m.run(Number(budget));
    const ms = performance.now() - start;
    times.push(ms);
    const executed = m.instructionCount - m.idleInstructions;
    const t = m.cpu.translator;
    console.log(program, translate === false ? 'interp' : 'transl', Math.round(ms), 'ms', (executed / ms / 1000).toFixed(1), 'MIPS', t?.regions, t?.entries, t?.moduleBytes);
  }
  console.log('  ratio', (times[0]! / times[1]!).toFixed(2));
}
