/*
 * Random task switches between 16- and 32-bit TSSs: a task, in ring 0 or 3, switches to another whose descriptor, selectors
 * and flags are random. Whatever comes of it ends by a task gate (INT 40h, or a fault's), so that all that was loaded
 * stands in a TSS.
 *
 *   T, by `ways`:  0 JMP, 1 CALL   of the TSS   2 INT 50h, a task gate   3 IRET with NT   4 JMP, 5 CALL of a task gate
 *                  6 #UD through a task gate   7 #SS(0070) through a task gate, with an error code
 *
 * A line: way, sizes (1: the first task's is 32-bit, 2: the second's), ring of the first and meant ring of the second | CS, SS and DS of the
 * second (low bytes) | vector and error code (40: none) | TR | access bytes of both TSS descriptors | access bytes of descriptors 8-48h and 68-98h as they
 * have changed | then every dword of the first TSS, of the second TSS and of the stack that has changed, index:value.
 *
 * Build: gcc -m32 -nostdlib -static -no-pie -Wl,-N,-Ttext=0x100000,--build-id=none -o tasks.elf tasks.S
 * qemu-tasks.txt.gz is what QEMU 7.2 wrote, bochs-tasks.txt.gz what Bochs 2.7 did:
 * `npm run conformance:privilege -- qemu|bochs tasks`.
 */
.set CASES, 4096
.set MAGIC, 0x1BADB002
.set FIRST, 0x7000
.set SECOND, 0x7100
.set STACK, 0x6400
.set STACK_DWORDS, 16
.set HANDLERS, 8
.text
.align 4
.long MAGIC, 0, -MAGIC
seed: .long 0x2545f491
cases: .long CASES
.macro pick n
  mov $\n, %ecx
  call below
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
  movl $0, number
next_case:
  call reset
  call setup
  call keep
  call print_number
  push $2; popf
  ljmp $0x50, $0
  push $2; popf
  xor %eax, %eax; lldt %ax
  clts
  mov %dr6, %eax; xor %eax, %eax; mov %eax, %dr6
  call print_outcome
  incl number
  mov number, %eax
  cmp cases, %eax
  jne next_case
  mov $'D', %al; call putc
  mov $10, %al; call putc
  mov $0x10, %eax
  mov $0xf4, %dx; out %eax, %dx
  mov $0x501, %dx; out %eax, %dx
3: hlt
  jmp 3b

reset_gdt:
  mov $gdt_initial, %esi; mov $gdt, %edi; mov $64, %ecx; rep movsl
  mov $tss_main, %eax; mov $gdt+0x48, %edi; call set_base
  mov $tss1, %eax; mov $gdt+0x50, %edi; call set_base
  mov $tss2, %eax; mov $gdt+0x58, %edi; call set_base
  mov $tss_handlers, %esi; mov $gdt+0xc0, %edi; mov $HANDLERS, %ecx
1: movl $0x67, (%edi); movl $0x8900, 4(%edi)
  mov %esi, %eax; call set_base
  add $128, %esi; add $8, %edi
  loop 1b
  ret
set_base: mov %ax, 2(%edi); shr $16, %eax; mov %al, 4(%edi); mov %ah, 7(%edi); ret

/* Everything as each case finds it. */
reset:
  call reset_gdt
  orb $2, gdt+0x4d
  # handlers: vectors 1, 8, 10-14, and one for all others
  mov $tss_handlers, %edi; mov $HANDLERS*32, %ecx; xor %eax, %eax; rep stosl
  mov $tss_handlers, %esi; xor %ebx, %ebx
1: mov handler_code(,%ebx,4), %eax; mov %eax, 0x20(%esi)
  movl $2, 0x24(%esi); mov %esi, 0x3c(%esi); movl $handler_top, 0x38(%esi)
  movl $0x10, 0x48(%esi); movl $8, 0x4c(%esi); movl $0x10, 0x50(%esi); movl $0x10, 0x54(%esi); movl $0x10, 0x58(%esi); movl $0x10, 0x5c(%esi)
  add $128, %esi; inc %ebx
  cmp $HANDLERS, %ebx; jne 1b
  mov $idt, %edi; mov $256, %ecx
2: movl $0xf80000, (%edi); movl $0xe500, 4(%edi); add $8, %edi; loop 2b
  movl $0xc00000, idt+8*1; movl $0xc80000, idt+8*8; movl $0xd00000, idt+8*10; movl $0xd80000, idt+8*11
  movl $0xe00000, idt+8*12; movl $0xe80000, idt+8*13; movl $0xf00000, idt+8*14
  movl $0x580000, idt+8*0x50
  mov $tss1, %edi; mov $64, %ecx; xor %eax, %eax; rep stosl
  mov $STACK, %edi; mov $STACK_DWORDS, %ecx; rep stosl
  # NOPs, and the end, wherever a virtual-8086 task may begin
  mov $0x6500, %edi; mov $0xac0, %ecx; mov $0x90909090, %eax; rep stosl
  movl $0x40cd40cd, (%edi)
  movl $0x40cd40cd, SECOND
  movl $0x40cd40cd, 0x10000
  # the LDT: data and code
  movl $0xffff, 0x6000; movl $0x00cf9200, 0x6004; movl $0xffff, 0x6008; movl $0x00cf9a00, 0x600c; movl $0, 0x6010; movl $0, 0x6014
  ret

setup:
  pick 8; mov %eax, way
  pick 4; mov %eax, sizes
  pick 2; imul $3, %eax; mov %eax, ring1
  pick 2; imul $3, %eax; mov %eax, ring2
  # the first task
  mov $tss1, %edi; mov $FIRST, %esi; mov ring1, %ebx
  mov sizes, %eax; and $1, %eax
  call make_task
  mov sizes, %eax; and $1, %eax; shl $3, %eax; or $0x81, %al; mov %al, gdt+0x55
  mov way, %eax; shl $4, %eax; lea codes(%eax), %esi; mov $FIRST, %edi; movsl; movsl; movsl; movsl
  # the second
  mov $tss2, %edi; mov $SECOND, %esi; mov ring2, %ebx
  mov sizes, %eax; shr $1, %eax
  call make_task
  mov sizes, %eax; and $2, %eax; shl $2, %eax; or $0xe1, %al; mov %al, gdt+0x5d
  cmpl $3, way
  jne 1f
  orb $2, gdt+0x5d
  movw $0x58, tss1
  # NT for the first
  movl $0x4002, %eax
  mov %ax, tss1+0x10
  testl $1, sizes
  jz 1f
  mov %eax, tss1+0x24
  movw $0, tss1+0x10
1: cmpl $6, way
  jne 1f
  movl $0x580000, idt+8*6
1: cmpl $7, way
  jne 1f
  movl $0x580000, idt+8*12
1: call perturb
  pick 2
  test %eax, %eax
  jz 2f
perturb:
  pick FIELDS
  jmp *fields(,%eax,4)
2: ret

/* %edi: the TSS, 32-bit if %eax is not 0, for a task at %esi in the ring %ebx. */
make_task:
  mov data_selectors(,%ebx,4), %edx
  mov code_selectors(,%ebx,4), %ecx
  test %eax, %eax
  jz 1f
  movl $ring0_top, 4(%edi); movl $0x10, 8(%edi)
  mov %esi, 0x20(%edi); movl $2, 0x24(%edi)
  movl $STACK+0x20, 0x38(%edi); movl $0x11223344, 0x28(%edi)
  mov %edx, 0x48(%edi); mov %ecx, 0x4c(%edi); mov %edx, 0x50(%edi); mov %edx, 0x54(%edi); mov %edx, 0x58(%edi); mov %edx, 0x5c(%edi)
  movw $0x68, 0x66(%edi)
  ret
1: movw $0x6300, 2(%edi); movw $0x10, 4(%edi)
  mov %si, 0x0e(%edi); movw $2, 0x10(%edi)
  movw $STACK+0x20, 0x1a(%edi); movw $0x3344, 0x12(%edi)
  mov %dx, 0x22(%edi); mov %cx, 0x24(%edi); mov %dx, 0x26(%edi); mov %dx, 0x28(%edi)
  ret
code_selectors: .long 0x08, 0, 0, 0x3b
data_selectors: .long 0x10, 0, 0, 0x43

# what the first task does

.macro slot
.balign 16, 0xcc
.endm
.balign 16, 0xcc
codes:
 ljmp $0x58, $0
slot
 lcall $0x58, $0
slot
 int $0x50
slot
 iret
slot
 ljmp $0x60, $0
slot
 lcall $0x60, $0
slot
 ud2
slot
 mov $0x70, %eax; mov %ax, %ss
slot

fields: .long f_none, f_access, f_limit, f_cs, f_ss, f_ds, f_es, f_fs, f_gs, f_ldt, f_flags, f_eip, f_trap, f_cs, f_ss, f_ldt, f_gate, f_link
.set FIELDS, 18
f_none: ret
f_access: pick_from accesses, 16; mov %al, gdt+0x5d; ret
f_limit: pick_from limits, 8; mov %al, gdt+0x58; ret
f_cs: mov $0x4c24, %ecx; jmp store_selector
f_ss: mov $0x5026, %ecx; jmp store_selector
f_ds: mov $0x5428, %ecx; jmp store_selector
f_es: mov $0x4822, %ecx; jmp store_selector
f_fs: mov $0x5834, %ecx; jmp store_selector
f_gs: mov $0x5c36, %ecx; jmp store_selector
f_ldt: mov $0x602a, %ecx
/* %ch: offset in a 32-bit TSS, %cl in a 16-bit one. */
store_selector:
  push %ecx
  pick SELECTORS
  movzbl selectors(%eax), %eax
  pop %ecx
  testl $2, sizes
  jz 1f
  mov %ch, %cl
1: movzbl %cl, %ecx
  mov %ax, tss2(%ecx)
  ret
f_flags:
  call random
  and $0x24cd5, %eax; or $2, %eax
  mostly 3, 1f
  or $0x20000, %eax
  jmp 2f
1: and $~0x20000, %eax
2: testl $2, sizes
  jz 1f
  mov %eax, tss2+0x24
  ret
1: mov %ax, tss2+0x10
  ret
f_eip:
  # past the limit, in a 32-bit TSS
  movw $0xa8, tss2+0x4c
  testl $2, sizes
  jz 1f
  movl $0x10000, tss2+0x20
  ret
1: movw $0xa8, tss2+0x24; ret
f_trap: movw $1, tss2+0x64; ret
# the task gate in the GDT, and IRET's link
f_gate: pick_from gates, 8; mov %eax, gdt+0x64; pick SELECTORS; movzbl selectors(%eax), %eax; mov %ax, gdt+0x62; ret
f_link:
  cmpl $3, way
  jne f_gate
  pick SELECTORS; movzbl selectors(%eax), %eax
  # not to itself: which image that takes is left open
  cmp $0x50, %al
  jne 1f
  mov $0x58, %al
1: mov %ax, tss1
  ret
accesses: .long 0x89, 0x81, 0xe9, 0xe1, 0x8b, 0x83, 0xeb, 0xe3, 0x09, 0x01, 0x69, 0x82, 0x85, 0x93, 0x92, 0x80
limits: .long 0x67, 0x66, 0x2b, 0x2a, 0x68, 0, 0x2c, 0xff
gates: .long 0xe500, 0x8500, 0x6500, 0xe600, 0xe500, 0xe500, 0xe500, 0xc500
selectors: .byte 0, 1, 3, 0x08, 0x0b, 0x10, 0x13, 0x18, 0x19, 0x20, 0x21, 0x38, 0x3b, 0x40, 0x43, 0x48, 0x50, 0x58, 0x5b
 .byte 0x60, 0x68, 0x6b, 0x70, 0x73, 0x78, 0x7b, 0x80, 0x83, 0x88, 0x90, 0x98, 0x9b, 0x0c, 0xf8, 0x04, 0x3a, 0x42, 0xb8
.set SELECTORS, . - selectors

handler_code: .long h1, h8, h10, h11, h12, h13, h14, h40
h1: movl $1, r_vector; jmp handled
h8: movl $8, r_vector; jmp handled
h10: movl $10, r_vector; jmp handled
h11: movl $11, r_vector; jmp handled
h12: movl $12, r_vector; jmp handled
h13: movl $13, r_vector; jmp handled
h14: movl $14, r_vector; jmp handled
h40: movl $0x40, r_vector
handled:
  movl $0, r_error
  cmp $handler_top, %esp
  je 1f
  pop r_error
1: movzwl (%ebp), %eax; mov %eax, r_link
  ljmp $0x48, $0

keep:
  mov $tss2+0x4c, %esi
  testl $2, sizes
  jnz 1f
  mov $tss2+0x24, %esi
1: mov (%esi), %eax; mov %eax, meant
  testl $2, sizes
  jnz 1f
  sub $2, %esi
  mov 4(%esi), %eax; mov %eax, meant+4; mov 6(%esi), %eax; mov %eax, meant+8
  jmp 2f
1: mov 4(%esi), %eax; mov %eax, meant+4; mov 8(%esi), %eax; mov %eax, meant+8
2:
  mov $tss1, %esi; mov $kept, %edi; mov $64, %ecx; rep movsl
  mov $STACK, %esi; mov $STACK_DWORDS, %ecx; rep movsl
  ret


print_number:
  mov $'T', %al; call putc
  mov number, %eax; call hex4
  mov $' ', %al; jmp putc
print_outcome:
  mov way, %eax; call hex1
  mov sizes, %eax; call hex1
  mov ring1, %eax; call hex1
  mov ring2, %eax; call hex1; call dot
  mov meant, %eax; call hex2
  mov meant+4, %eax; call hex2
  mov meant+8, %eax; call hex2; call dot
  mov r_vector, %eax; call hex2
  mov r_error, %eax; call hex4; call dot
  mov r_link, %eax; call hex2; call dot
  mov gdt+0x55, %al; call hex2
  mov gdt+0x5d, %al; call hex2; call dot
  # accessed bits
  mov $8, %esi
1: cmp $0x48, %esi; jb 2f
  cmp $0x68, %esi; jb 3f
2: mov gdt+5(%esi), %al
  cmp gdt_initial+5(%esi), %al
  je 3f
  mov %esi, %eax; call hex2
3: add $8, %esi
  cmp $0xa0, %esi; jne 1b
  xor %esi, %esi
1: mov tss1(,%esi,4), %eax
  cmp $64, %esi; jb 2f
  mov STACK-256(,%esi,4), %eax
2: cmp kept(,%esi,4), %eax
  je 3f
  push %eax
  call dot
  mov %esi, %eax; call hex2
  mov $':', %al; call putc
  pop %eax; call hex8
3: inc %esi
  cmp $64+STACK_DWORDS, %esi
  jne 1b
  mov $10, %al; jmp putc
.include "report.S"

.data
.align 16
# 8-40h code and data of the rings 0 to 3; 48, 50, 58 the TSSs; 60 a task gate
gdt_initial: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cfba000000ffff, 0x00cfb2000000ffff, 0x00cfda000000ffff, 0x00cfd2000000ffff, 0x00cffa000000ffff, 0x00cff2000000ffff
 .quad 0x0000890000000067, 0x0000890000000067, 0x0000890000000067, 0x0000e50000580000
 # 68 code, conforming; 70 data, not present; 78 data, read-only; 80 code, not present; 88 an LDT, 90 one not present; 98 code
 # that cannot be read; a0 a call gate; a8 code of 64 KiB
 .quad 0x00cf9e000000ffff, 0x00cf12000000ffff, 0x00cf90000000ffff, 0x00cf1a000000ffff, 0x0000820060000017, 0x0000020000000017, 0x00cf98000000ffff
 .quad 0x0000ec0000080000, 0x00409a000000ffff, 0, 0
 .quad 0, 0, 0, 0, 0, 0, 0, 0
gdtr: .word 0xff; .long gdt
idtr: .word 0x7ff; .long idt
number: .long 0
way: .long 0
sizes: .long 0
ring1: .long 0
ring2: .long 0
meant: .skip 12
r_vector: .long 0
r_error: .long 0
r_link: .long 0
.bss
.align 4096
gdt: .skip 256
idt: .skip 2048
tss_main: .skip 128
# side by side: keep
.align 256
tss1: .skip 128
tss2: .skip 128
tss_handlers: .skip 128*HANDLERS
kept: .skip 512
.skip 4096
stack_top:
.skip 4096
ring0_top:
.skip 4096
handler_top: .skip 64
