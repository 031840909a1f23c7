/*
 * What virtual.S, transfers.S and segments.S share: random cases, each a task of its own. A case's `setup` fills in the
 * task's TSS, descriptors, gates, stacks and code; the main task switches to it, and gets control back from whatever
 * ends it: a gate that leads to a stub (`stub_base`, 16 bytes a vector: JMP to the main TSS), or a task gate. One line a
 * case, fields joined by dots:
 *
 *   kind and number | EIP CS EFLAGS SS ESP DS ES FS GS EAX of the ended task | NT (a task gate ended it) and error code
 *   | access bytes of descriptors 58-78 | DR6 | then every dword of the stacks that has changed, index:value
 *
 * A stub's EIP tells the vector: 8007h + 10h * vector lies behind its JMP. INT3 fills code memory and is a task gate, so
 * code that arrives somewhere ends there. `seed` and `cases` (of each kind) stand behind the Multiboot header, for others
 * to change.
 */
.set MAGIC, 0x1BADB002
.set CODE, 0x7000
.set TARGET, 0x7100
.set STACKS, 0x6000
.set STACK_DWORDS, 256
.set stub_base, 0x8000
.text
.align 4
.long MAGIC, 0, -MAGIC
seed: .long 0x2545f491
cases: .long CASES
.globl _start
_start:
  cli
  cld
  mov $stack_top, %esp
  call reset_gdt
  lgdt gdtr
  ljmp $8, $1f
1: mov $0x10, %eax
  mov %ax,%ds; mov %ax,%es; mov %ax,%ss; mov %ax,%fs; mov %ax,%gs
  mov $0xff, %al; out %al, $0x21; out %al, $0xa1
  mov $0x48, %ax; ltr %ax
  lidt idtr
  mov $stub_base, %edi
  mov $256, %ecx
2: movb $0xea, (%edi); movl $0, 1(%edi); movw $0x48, 5(%edi); movl $0x90909090, 7(%edi)
  add $16, %edi
  loop 2b
  # INT3 wherever code may come to
  mov $0x10000, %edi; mov $0x4000, %ecx; mov $0xcccccccc, %eax; rep stosl
  movl $kinds, kind
next_kind:
  mov kind, %eax
  cmpl $0, (%eax)
  je finish
  movl $0, number
next_case:
  call reset
  mov kind, %eax
  call *4(%eax)
  call keep_stacks
  call print_number
  movl $0, r_error
  mov %esp, saved_esp
  push $2; popf
  ljmp $0x50, $0
  mov %esp, %eax
  cmp saved_esp, %eax
  je 1f
  pop r_error
1: pushf
  pop %eax
  shr $14, %eax; and $1, %eax; mov %eax, r_nested
  push $2; popf
  xor %eax, %eax; mov %eax, %dr7
  mov %dr6, %eax; mov %eax, r_dr6
  xor %eax, %eax; mov %eax, %dr6
  clts
  call print_outcome
  incl number
  mov number, %eax
  cmp cases, %eax
  jne next_case
  addl $8, kind
  jmp next_kind

reset_gdt:
  mov $gdt_initial, %esi; mov $gdt, %edi; mov $32, %ecx; rep movsl
  mov $tss_main, %eax; mov $gdt+0x48, %edi; call set_base
  mov $tss, %eax; mov $gdt+0x50, %edi
set_base:
  mov %ax, 2(%edi); shr $16, %eax; mov %al, 4(%edi); mov %ah, 7(%edi); ret

/* Descriptors, gates, TSS, stacks and code as every case finds them. */
reset:
  call reset_gdt
  orb $2, gdt+0x48+5
  mov $idt, %edi; mov $stub_base, %eax; mov $256, %ecx
1: mov %eax, (%edi); movw $8, 2(%edi); movl $0x8e00, 4(%edi)
  add $16, %eax; add $8, %edi
  loop 1b
  movl $0x480000, idt+3*8; movl $0xe500, idt+3*8+4
  movl $0x480000, idt+8*8; movl $0xe500, idt+8*8+4
  mov $tss, %edi; mov $64, %ecx; xor %eax, %eax; rep stosl
  movl $STACKS+0x100, tss+4; movl $0x10, tss+8
  movl $STACKS+0x200, tss+12; movl $0x21, tss+16
  movl $STACKS+0x300, tss+20; movl $0x32, tss+24
  movl $CODE, tss+0x20
  movl $2, tss+0x24
  movw $0x68, tss+0x66
  mov $STACKS, %edi; mov $320, %ecx; xor %ebx, %ebx
2: mov %ebx, %eax; and $31, %eax; add $0x710, %eax; shl $16, %eax
  mov %ebx, %edx; shr $5, %edx; add $0x710, %edx; or %edx, %eax
  stosl
  inc %ebx
  loop 2b
  mov $0x15ff0, %edi; mov $0x07100710, %eax; mov $4, %ecx; rep stosl
  mov $CODE, %edi; mov $0x400, %ecx; mov $0xcccccccc, %eax; rep stosl
  ret

keep_stacks: mov $STACKS, %esi; mov $kept, %edi; mov $STACK_DWORDS, %ecx; rep movsl; ret

/* %ebx: the ring the case begins in. */
begin_in_ring:
  mov code_selectors(,%ebx,4), %eax; mov %eax, tss+0x4c
  mov data_selectors(,%ebx,4), %eax
  mov %eax, tss+0x48; mov %eax, tss+0x50; mov %eax, tss+0x54; mov %eax, tss+0x58; mov %eax, tss+0x5c
  mov %ebx, %eax; shl $8, %eax; add $STACKS+0x100, %eax; mov %eax, tss+0x38
  ret
code_selectors: .long 0x08, 0x19, 0x2a, 0x3b
data_selectors: .long 0x10, 0x21, 0x32, 0x43

/* A linear congruential generator. Clobbers %ecx. */
.macro pick n
  mov $\n, %ecx
  call below
.endm
/* Jumps in one of `n` cases, and in all others. Keep %eax. */
.macro rarely n, label
  push %eax
  pick \n
  test %eax, %eax
  pop %eax
  jz \label
.endm
.macro mostly n, label
  push %eax
  pick \n
  test %eax, %eax
  pop %eax
  jnz \label
.endm
.macro pick_from table, n
  pick \n
  mov \table(,%eax,4), %eax
.endm

print_outcome:
  mov tss+0x20, %eax; call hex8; call dot
  mov tss+0x4c, %eax; call hex4; call dot
  mov tss+0x24, %eax; call hex8; call dot
  mov tss+0x50, %eax; call hex4; call dot
  mov tss+0x38, %eax; call hex8; call dot
  mov tss+0x54, %eax; call hex4; call dot
  mov tss+0x48, %eax; call hex4; call dot
  mov tss+0x58, %eax; call hex4; call dot
  mov tss+0x5c, %eax; call hex4; call dot
  mov tss+0x28, %eax; call hex8; call dot
  mov r_nested, %eax; call hex1
  mov r_error, %eax; call hex4; call dot
  mov gdt+0x5d, %al; call hex2
  mov gdt+0x65, %al; call hex2
  mov gdt+0x6d, %al; call hex2
  mov gdt+0x75, %al; call hex2
  mov gdt+0x7d, %al; call hex2; call dot
  mov r_dr6, %eax; call hex4
  xor %esi, %esi
1: mov STACKS(,%esi,4), %eax
  cmp kept(,%esi,4), %eax
  je 2f
  call dot
  mov %esi, %eax; call hex2
  mov $':', %al; call putc
  mov STACKS(,%esi,4), %eax; call hex8
2: inc %esi
  cmp $STACK_DWORDS, %esi
  jne 1b
  mov $10, %al; jmp putc

print_number:
  mov kind, %eax; mov (%eax), %eax; call putc
  mov number, %eax; call hex4
  mov $' ', %al; jmp putc
.include "report.S"

.data
.align 16
gdt_initial: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cfbb000000ffff, 0x00cfb3000000ffff, 0x00cfdb000000ffff, 0x00cfd3000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff
 .quad 0x0000e90000000067, 0x00008900000000ff
 .quad 0,0,0,0,0
gdtr: .word 0x7f; .long gdt
idtr: .word 0x7ff; .long idt
kind: .long 0
number: .long 0
r_error: .long 0
r_nested: .long 0
r_dr6: .long 0
saved_esp: .long 0
.bss
.align 4096
gdt: .skip 128
.align 16
idt: .skip 2048
tss_main: .skip 128
tss: .skip 256
kept: .skip 1024
.skip 4096
stack_top: .skip 64
