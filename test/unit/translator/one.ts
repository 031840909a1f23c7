import { bootGuest } from '../../kit/guest.ts';
const [program = 'primes', budget = '200000000', hot = '4000', batch = '32'] = process.argv.slice(2);
const m = bootGuest(program, 32 << 20, hot === 'no' ? false : { hotness: Number(hot), batch: Number(batch) });
const c = process.cpuUsage();
const s = performance.now();
m.run(Number(budget));
const d = process.cpuUsage(c);
const executed = m.instructionCount - m.idleInstructions;
console.log(program, hot, 'wall', Math.round(performance.now() - s), 'cpu', Math.round((d.user + d.system) / 1000), 'MIPS/cpu', (executed / (d.user + d.system)).toFixed(1), m.cpu.translator?.regions, m.cpu.translator?.entries);
