import { expect, test } from 'vitest';
import { decodeDescriptor, describeDescriptor } from '../../../debug-adapter/target/descriptor-tables.ts';

//  low         high        what the SDM's figures make of it
test.each([
  [0x0000ffff, 0x00cf9a00, 'code32 readable DPL 0 base 0x00000000 limit 0xffffffff'],
  [0x0000ffff, 0x00cff200, 'data32 writable DPL 3 base 0x00000000 limit 0xffffffff'],
  [0x12345678, 0xab409eff, 'code32 conforming readable DPL 0 base 0xabff1234 limit 0x00005678'],
  [0x00000000, 0x00001500, 'data16 expand-down read-only DPL 0 not present base 0x00000000 limit 0x00000000'],
  [0x20000067, 0xf0008912, 'TSS32 available DPL 0 base 0xf0122000 limit 0x00000067'],
  [0x20000067, 0xf0008b12, 'TSS32 busy DPL 0 base 0xf0122000 limit 0x00000067'],
  [0x00083456, 0xf012ee00, 'interrupt gate 32 DPL 3 -> 0x0008:0xf0123456'],
  [0x00083456, 0xf0128f00, 'trap gate 32 DPL 0 -> 0x0008:0xf0123456'],
  [0x00283456, 0xf012e500, 'task gate DPL 3 -> 0x0028'],
  [0x00083456, 0xf012e403, 'call gate 16 DPL 3 -> 0x0008:0x00003456'],
  [0x00000000, 0x00008000, 'reserved DPL 0'],
] as const)('%#. %s %s is %s', (low, high, text) => {
  expect(describeDescriptor(decodeDescriptor(8, low, high)!)).toBe(text);
});

test('an entry of zeros is none', () => {
  expect(decodeDescriptor(0, 0, 0)).toBeUndefined();
});
