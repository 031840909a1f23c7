import { readFileSync } from 'node:fs';
import { Machine } from '../../../emulator/machine/machine.ts';
const names = ['loop', 'sieve', 'collatz', 'sha256', 'crc32', 'list', 'pointers', 'int30', 'fib', 'rep', 'qsort', 'qsortO0'];
const which = process.argv[2] ? process.argv[2].split(',').map(Number) : names.map((_, i) => i);
const doInterp = process.argv[3] !== 'no';
const hotness = Number(process.argv[4] ?? 4000);
for (const w of which) {
  const out: string[] = [];
  const times: number[] = [];
  for (const translate of doInterp ? [false as const, { hotness, batch: 32 }] : [{ hotness, batch: 32 }]) {
    const made = Machine.create({ memoryBytes: 32 << 20, kernel: new Uint8Array(readFileSync(`/tmp/bk/w${w}.elf`)), translate });
    if (!made.ok) throw new Error(made.failure.cause);
    const m = made.value;
    const c = process.cpuUsage();
    const s = performance.now();
    let stop;
    for (;;) { stop = m.run(m.instructionCount + 1_000_000); if (stop.reason !== 'limit') break; }
    const d = process.cpuUsage(c);
    const cpu = (d.user + d.system) / 1000;
    times.push(cpu);
    out.push(`${translate ? 'T' : 'I'} ${Math.round(cpu)} ms (wall ${Math.round(performance.now() - s)}) ${(m.instructionCount / cpu / 1000).toFixed(0)} MIPS r${m.cpu.translator?.regions} e${m.cpu.translator?.entries}`, Buffer.from(m.serial.output.bytes()).toString().trim());
  }
  console.log(names[w]!.padEnd(9), out.join('  '), doInterp ? `x${(times[0]! / times[1]!).toFixed(2)}` : '');
}
