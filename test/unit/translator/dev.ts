import { bootGuest } from '../../kit/guest.ts';
const [program = 'rustshim', step = '200000', total = '20000000', hot = '2'] = process.argv.slice(2);
const a = bootGuest(program, 32 << 20, false);
const b = bootGuest(program, 32 << 20, { hotness: Number(hot) });
for (let n = Number(step); n <= Number(total); n += Number(step)) {
  const sa = a.run(n, false);
  const sb = b.run(n, false);
  const ha = a.stateHash(), hb = b.stateHash();
  if (ha !== hb || sa.reason !== sb.reason) {
    console.log('differ at', n, sa, sb);
    const ra = a.cpu.save(), rb = b.cpu.save();
    for (const k of Object.keys(ra.registers) as (keyof typeof ra.registers)[])
      if (ra.registers[k] !== rb.registers[k]) console.log(k, ra.registers[k].toString(16), rb.registers[k].toString(16));
    if (JSON.stringify(ra.tlb) !== JSON.stringify(rb.tlb)) console.log('tlb differs');
    console.log(ra.instructionCount, rb.instructionCount, 'eip', ra.registers.eip.toString(16));
    process.exit(1);
  }
  if (sa.reason !== 'limit') { console.log('stop', sa); break; }
}
console.log('same', b.instructionCount, b.cpu.translator?.regions, b.cpu.translator?.entries, b.cpu.translator?.moduleBytes);
