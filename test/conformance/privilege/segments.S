/*
 * Random segments and instructions (case-loop.S says how they run and what a line holds):
 *
 *   S  DS, ES, FS or SS loaded with a random descriptor, then one access near an edge of its limit
 *   X  LOCK before instructions that take it, and others; instructions of 13 to 17 bytes; breakpoints of DR7, TF and RF
 *
 * Build: gcc -m32 -nostdlib -static -no-pie -Wl,-N,-Ttext=0x100000,--build-id=none -o segments.elf segments.S
 * qemu-segments.txt.gz is what QEMU 7.2 wrote, bochs-segments.txt.gz what Bochs 2.7 did:
 * `npm run conformance:privilege -- qemu|bochs segments`.
 */
.set CASES, 3072
.set FIELD, 0x20000
.include "case-loop.S"
.text
kinds: .long 'S', setup_segment, 'X', setup_instruction, 0

setup_segment:
  # nothing is left of the case before
  mov $FIELD-16, %edi; mov $0x410, %ecx; xor %eax, %eax; rep stosl
  mov $FIELD+0xffe0, %edi; mov $16, %ecx; rep stosl
  pick 4; mov %eax, %ebx
  call begin_in_ring
  mov %ebx, %ebp
  # data or code of any type, mostly present; something of the system in one of 24
  pick 16; or $0x90, %eax; mov %eax, %esi
  pick 4; shl $5, %eax; or %eax, %esi
  rarely 2, 1f
  # the right privilege, for the others' sake
  and $~0x60, %esi
  mov %ebp, %eax; shl $5, %eax; or %eax, %esi
1: mostly 12, 1f
  and $0x7f, %esi
1: mostly 24, 1f
  and $0xef, %esi
1: shl $8, %esi
  pick 8
  mov segment_limits(,%eax,8), %edi
  mov segment_limits+4(,%eax,8), %ecx
  mov %edi, %edx; and $0xffff, %edx; mov %edx, gdt+0x70
  mov %edi, %edx; and $0xf0000, %edx; or %edx, %esi
  or %ecx, %esi
  or $FIELD >> 16, %esi
  test $0x800000, %ecx
  jz 1f
  shl $12, %edi; or $0xfff, %edi
1: pick 2; shl $22, %eax; or %eax, %esi
  mov %esi, gdt+0x74
  # the offset: near the limit, or near an end
  pick 11; sub $7, %eax; add %eax, %edi
  mostly 4, 1f
  pick_from ends, 4; mov %eax, %edi
  pick 8; add %eax, %edi
1: mov %edi, tss+0x34
  movl $0x5aa55a5a, tss+0x2c
  mov $0x70, %edi; or %ebp, %edi
  mostly 6, 1f
  pick 4; or $0x70, %eax; mov %eax, %edi
1: mostly 16, 1f
  pick_from bad, 8; or %eax, %edi
  mov %eax, %edi
1: mov %edi, tss+0x28
  mov $CODE, %edi
  pick 5
  cmp $4, %eax
  jne 1f
  # CS is flat
  andl $0xfff, tss+0x34; orl $FIELD, tss+0x34
1: mov loads(,%eax,4), %eax
  mov %ax, (%edi); shr $16, %eax; mov %al, 2(%edi)
  add $3, %edi
  pick 12
  mov accesses(,%eax,4), %eax; mov %eax, (%edi)
  ret
# limit, and G
segment_limits: .long 0, 0, 3, 0, 0x7ff, 0, 0xffe, 0, 0xffff, 0, 0xfffff, 0x800000, 0, 0x800000, 0x0, 0x800000
ends: .long 0, 0xfffc, 0xfffffffc, 0xff8
bad: .long 0, 3, 0x4b, 0x50, 0x80, 0x04, 0xfffb, 0x58
# MOV to the segment register from %ax, and the prefix of the access
loads: .long 0x3ed88e, 0x26c08e, 0x64e08e, 0x36d08e, 0x2ed88e
# one access at [%ebx]
accesses: .long 0xcccc038b, 0xcc038b66, 0xcccc038a, 0xcccc0b89, 0xcc0b8966, 0xcccc0b88, 0xcccc0b01, 0xcc0bc10f, 0xcccc33ff, 0xcccc0387, 0xcc033b66, 0xcccc038f

setup_instruction:
  mov $FIELD, %edi; mov $0x180, %ecx; xor %eax, %eax; rep stosl
  movl $0x3b, tss+0x4c; mov $3, %ebx; call begin_in_ring
  movl $FIELD+0x100, tss+0x34; movl $FIELD+0x200, tss+0x40; movl $FIELD+0x300, tss+0x44; movl $FIELD+0x400, tss+0x3c
  movl $5, tss+0x2c
  mov $CODE, %edi
  pick 3
  jmp *instructions(,%eax,4)
instructions: .long x_lock, x_length, x_debug
/* With a ModRM byte: [%ebx] or a register. Transfers are left out, for QEMU would run some of them. */
x_lock:
  movb $0xf0, (%edi); inc %edi
  pick OPCODES
  mov %eax, %esi
  movzwl opcodes(,%eax,2), %eax
  cmp $0x0f, %al
  mov %ax, (%edi)
  jne 1f
  inc %edi
1: inc %edi
  pick 8; shl $3, %eax; or $3, %eax
  cmp $OPCODES_MEMORY, %esi
  jae 1f
  mostly 3, 1f
  or $0xc0, %eax
1: mov %al, (%edi)
  ret
opcodes: .word 0x00, 0x01, 0x02, 0x03, 0x09, 0x10, 0x19, 0x21, 0x28, 0x29, 0x31, 0x38, 0x39, 0x62, 0x63, 0x69, 0x80, 0x81, 0x83
 .word 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8d, 0xc0, 0xc1, 0xc6, 0xd0, 0xd1, 0xd8, 0xd9, 0xf6, 0xf7, 0xfe
 .word 0xa50f, 0xad0f, 0xaf0f, 0xb60f, 0xbc0f, 0x400f, 0x900f, 0x000f
# With a register these end QEMU 7.2 ("tcg fatal error").
.set OPCODES_MEMORY, (. - opcodes) / 2
 .word 0xa30f, 0xab0f, 0xb30f, 0xbb0f, 0xba0f, 0xb00f, 0xb10f, 0xc00f, 0xc10f, 0xc70f
.set OPCODES, (. - opcodes) / 2
x_length:
  pick 5; add $10, %eax; mov %eax, %ecx
  push %ecx
  pick_from prefixes, 6
  pop %ecx
  rep stosb
  pick_from tails, 4
  mov %eax, (%edi)
  ret
prefixes: .long 0x66, 0x36, 0x3e, 0x26, 0xf2, 0x64
# one, two and three bytes with [%ebx] or [%ebp+…], MOV with an immediate value
tails: .long 0xcccccc90, 0xcccc038b, 0xcc04538b, 0xcc04c0c7
x_debug:
  movb $0x90, (%edi); movb $0x89, 1(%edi); movb $0x0b, 2(%edi); movb $0x8b, 3(%edi); movb $0x03, 4(%edi)
  movb $0x90, 5(%edi); movw $0xd08e, 6(%edi); movb $0x90, 8(%edi); movb $0x90, 9(%edi); movw $0xa4f3, 10(%edi)
  movl $0x43, tss+0x28; movl $2, tss+0x2c
  movl $0x202, tss+0x24
  mostly 4, 1f
  orl $0x100, tss+0x24
1: mostly 3, 1f
  orl $0x10000, tss+0x24
1: pick 16; mov %eax, %esi
  pick_from places, 8; mov %eax, %dr0
  pick_from places, 8; mov %eax, %dr1
  call random; and $0x00ff0000, %eax
  # no breakpoints on ports, no eight bytes
  mov %eax, %ecx; shr $1, %ecx; not %ecx; and $0x00110000, %ecx
  mov %eax, %edx; and $0x00220000, %edx; shr $1, %edx; or %edx, %eax
  mov %eax, %edx; and $0x00880000, %edx; shr $1, %edx; or %edx, %eax
  # an instruction breakpoint is one byte long
  mov %eax, %edx; and $0x00030000, %edx; jnz 1f; and $~0x000c0000, %eax
1: mov %eax, %edx; and $0x00300000, %edx; jnz 1f; and $~0x00c00000, %eax
1: mov %esi, %edx; and $0xa, %edx; or %edx, %eax; or $0x400, %eax
  mov %eax, %dr7
  ret
places: .long CODE, CODE+1, CODE+5, CODE+8, FIELD+0x100, FIELD+0x102, FIELD+0x200, FIELD+0x301
