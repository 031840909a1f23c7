/*
 * Random transfers between rings (case-loop.S says how they run and what a line holds):
 *
 *   G  far CALL and JMP, 16- and 32-bit, through a call gate with random type, DPL, count and target, onto inner stacks
 *      that are random too
 *   R  RETF, RETF n and IRET, 16- and 32-bit, with a random frame: rings, stacks, EFLAGS, virtual-8086 mode; DS, ES, FS
 *      and GS at random, for those that become null
 *
 * Build: gcc -m32 -nostdlib -static -no-pie -Wl,-N,-Ttext=0x100000,--build-id=none -o transfers.elf transfers.S
 * qemu-transfers.txt.gz is what QEMU 7.2 wrote, bochs-transfers.txt.gz what Bochs 2.7 did:
 * `npm run conformance:privilege -- qemu|bochs transfers`.
 */
.set CASES, 2048
.include "case-loop.S"
.text
kinds: .long 'G', setup_gate, 'R', setup_return, 0

/* 60: a code segment of any type, 68: a stack segment of any kind */
random_segments:
  pick 8; mov %eax, %esi
  pick 4; shl $5, %eax; or %eax, %esi
  or $0x98, %esi
  mostly 12, 1f
  and $0x7f, %esi
1: shl $8, %esi
  pick 5
  mov limits(,%eax,8), %ebx; mov %ebx, gdt+0x60
  or limits+4(,%eax,8), %esi
  mov %esi, gdt+0x64
  # mostly writable
  pick 4; shl $5, %eax; or $0x92, %eax; mov %eax, %esi
  mostly 8, 1f
  pick 16; or %eax, %esi
1: mostly 4, 1f
  or $4, %esi
1: mostly 12, 1f
  and $0x7f, %esi
1: mostly 12, 1f
  and $~2, %esi
1: shl $8, %esi
  pick 6
  mov stack_limits(,%eax,8), %ebx; mov %ebx, gdt+0x68
  or stack_limits+4(,%eax,8), %esi
  mov %esi, gdt+0x6c
  ret
limits: .long 0xffff, 0x00cf0000, 0xffff, 0x00400000, 0xffff, 0, 0x7100, 0x00400000, 0x70ff, 0x00400000
stack_limits: .long 0xffff, 0x00cf0000, 0xffff, 0, 0x600000ff, 0, 0x6000003f, 0x00400000, 0x60f0, 0x00400000, 0x6008, 0

setup_gate:
  call random_segments
  pick_from rings, 8; mov %eax, %ebx
  call begin_in_ring
  pick 64
  sub %eax, tss+0x38
  subl $0x40, tss+0x38
  pick_from gate_types, 8
  mov %eax, %esi
  pick_from rings, 8
  shl $5, %eax; or %eax, %esi
  mostly 16, 1f
  pick 16; and $0x70, %esi; or %eax, %esi
  # a TSS would be made of whatever lies there
  and $7, %eax; dec %eax; jnz 1f; inc %esi
1: or $0x80, %esi
  mostly 16, 1f
  and $0x7f, %esi
1: shl $8, %esi
  pick 6; or %eax, %esi
  mostly 6, 1f
  pick 64; or %eax, %esi
1: mov %esi, gdt+0x5c
  pick_from targets, 8; mov %eax, %esi
  mostly 12, 1f
  pick_from selectors, 16; mov %eax, %esi
1: pick 4; or %eax, %esi
  shl $16, %esi
  pick 16; add $TARGET, %eax
  or %eax, %esi
  mov %esi, gdt+0x58
  mostly 24, 1f
  orl $0x10000, gdt+0x5c
1: # inner stacks
  xor %ebx, %ebx
2: mostly 3, 3f
  # a bad stack of ring 0 hides what went wrong
  test %ebx, %ebx; jnz 1f
  mostly 3, 3f
1:  pick_from stacks, 8
  cmp $0x68, %eax
  jne 1f
  or %ebx, %eax
  mostly 6, 1f
  pick 4; or $0x68, %eax
1: mov %eax, tss+8(,%ebx,8)
  mov data_selectors(,%ebx,4), %ecx
  mostly 4, 1f
  mov %ecx, tss+8(,%ebx,8)
1: pick_from stack_tops, 8
  test $0xff00, %eax
  jz 1f
  mov %ebx, %ecx; shl $8, %ecx; add %ecx, %eax
1: mov %eax, tss+4(,%ebx,8)
3: inc %ebx
  cmp $3, %ebx
  jne 2b
  call emit
  pick_from far, 6
  mov %ax, (%edi)
  add $2, %edi
  cmp $0x66, %al
  je 1f
  # one byte of opcode, then a 32-bit offset
  dec %edi
  movl $0xdeadbeef, (%edi)
  add $4, %edi
  jmp 2f
1: movw $0xdead, (%edi)
  add $2, %edi
2: mov $0x58, %ebx
  mostly 4, 1f
  pick 4; or %eax, %ebx
1: mov %bx, (%edi)
  ret
emit: mov $CODE, %edi; ret
rings: .long 0, 1, 2, 3, 3, 3, 3, 3
gate_types: .long 12, 12, 12, 12, 12, 4, 4, 4
targets: .long 0x08, 0x08, 0x18, 0x28, 0x38, 0x60, 0x60, 0x60
# as paragraphs of virtual-8086 mode, these still lead to an INT3
selectors: .long 0, 0x10, 0x20, 0x30, 0x40, 0x48, 0x50, 0x58, 0x60, 0x68, 0x70, 0x78, 0x80, 0xd8, 0x04, 0xe8
stacks: .long 0x10, 0x21, 0x32, 0x68, 0x68, 0x68, 0x68, 0
stack_tops: .long STACKS + 0x100, STACKS + 0x100, STACKS + 0xfd, 0x12340100 + STACKS, 0x100, 0x80, 0x20, 0x7
far: .word 0x9a, 0, 0x9a, 0, 0x9a66, 0, 0xea, 0, 0xea66, 0, 0x9a, 0

setup_return:
  call random_segments
  # 58: a conforming code segment of ring 0; 70: of any ring; 78: read-only data of ring 3
  movl $0xffff, gdt+0x58; movl $0x00cf9e00, gdt+0x5c
  pick 4; shl $13, %eax; or $0x00cf9e00, %eax; mov %eax, gdt+0x74; movl $0xffff, gdt+0x70
  movl $0xffff, gdt+0x78; movl $0x00cff000, gdt+0x7c
  pick_from inner, 8; mov %eax, %ebx
  call begin_in_ring
  mov data_selectors(,%ebx,4), %esi
  mov $0x48, %ebx
1: cmp $0x4c, %ebx; je 2f
  cmp $0x50, %ebx; je 2f
  pick_from data, 8
  cmp $0x10, %eax
  jne 3f
  mov %esi, %eax
3: mov %eax, tss(%ebx)
2: add $4, %ebx
  cmp $0x60, %ebx
  jne 1b
  subl $0x60, tss+0x38
  pick 4; sub %eax, tss+0x38
  call random; and $0x3fd5, %eax; or $2, %eax
  and $~0x100, %eax
  mov %eax, tss+0x24
  # the instruction
  call emit
  pick_from returns, 8; mov %eax, %ebx
  mov $4, %ebp
  test %bh, %bh; jz 1f
  mov $2, %ebp
  movb $0x66, (%edi); inc %edi
1: mov %bl, (%edi); inc %edi
  movl $0, release
  cmp $0xca, %bl
  jne 1f
  pick 24; mov %eax, release
  mov %ax, (%edi)
1: # the frame
  mov tss+0x38, %edi
  pick 16; add $TARGET, %eax
  mostly 24, 1f
  or $0x10000, %eax
1: call word
  pick 4; mov %eax, %esi
  mov code_selectors(,%esi,4), %eax
  mostly 4, 1f
  pick_from codes, 4
  or %esi, %eax
1: mostly 12, 1f
  pick_from selectors, 16
  or %esi, %eax
1: call word
  cmp $0xcf, %bl
  jne 1f
  call random
  and $0x3f7fd5, %eax
  mov %eax, %ecx
  push %ecx
  # single steps and virtual-8086 mode, mostly not
  rarely 4, 2f
  andl $~0x20000, (%esp)
2: rarely 8, 2f
  andl $~0x100, (%esp)
2: pop %eax
  or $2, %eax
  call word
1: add release, %edi
  pick_from stack_tops, 8
  test $0xff00, %eax
  jz 1f
  mov %esi, %ecx; shl $8, %ecx; add %ecx, %eax
1: call word
  mov data_selectors(,%esi,4), %eax
  mostly 3, 1f
  mov $0x68, %eax; or %esi, %eax
1: mostly 12, 1f
  pick_from selectors, 16; or %esi, %eax
1: call word
  mov $4, %ebx
1: call random; and $0x0fff, %eax
  call word
  dec %ebx
  jnz 1b
  ret
/* Stores %eax as a word of the frame, %ebp bytes wide. */
word:
  mov %ax, (%edi)
  cmp $2, %ebp
  je 1f
  mov %eax, (%edi)
1: add %ebp, %edi
  ret
inner: .long 0, 0, 0, 0, 1, 1, 2, 3
codes: .long 0x58, 0x60, 0x60, 0x70
data: .long 0, 0x03, 0x10, 0x10, 0x10, 0x43, 0x5b, 0x7b
returns: .long 0xcb, 0xca, 0xcf, 0xcf, 0xcf, 0x1cb, 0x1ca, 0x1cf
.data
release: .long 0
