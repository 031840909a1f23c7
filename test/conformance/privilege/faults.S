/*
 * Seeded random cases of paging, of the I/O permission bit map and of task switches: one line each, with the random
 * numbers that made it and what came of it. Output goes to COM1, the end to isa-debug-exit, as in rings.S.
 *
 *   P  page directory and table entries with random flags × WP × CPL × kind of access (across a page or not):
 *      vector.errorCode.CR2, and the three entries afterwards
 *   I  IN of 1, 2 or 4 bytes at CPL 3 and in virtual-8086 mode with random IOPL, bit map, map base and TSS limit
 *   T  JMP, CALL, task gate and IRET to a task whose descriptor, selectors and EFLAGS are random:
 *      vector.errorCode, then CS SS DS EFLAGS TR at the exception, type of both TSS descriptors, back link
 *
 * Build: gcc -m32 -nostdlib -static -no-pie -Wl,-N,-Ttext=0x100000,--build-id=none -o faults.elf faults.S
 * qemu-faults.txt.gz is what `qemu-system-i386 -cpu pentium2,+pse36 -kernel faults.elf …` (7.2) wrote.
 * bochs-faults.txt.gz is what Bochs 2.7 wrote (bochs.ts says how): `npm run conformance:privilege -- bochs faults`.
 */
.set MAGIC, 0x1BADB002
.set CASES_P, 4096
.set CASES_I, 2048
.set CASES_T, 4096
.text
.align 4
.long MAGIC, 0, -MAGIC
.globl _start
_start:
  cli
  mov $stack_top, %esp
  lgdt gdtr
  ljmp $8, $1f
1: mov $0x10, %eax
  mov %ax,%ds; mov %ax,%es; mov %ax,%ss; mov %ax,%fs; mov %ax,%gs
  mov $tss, %eax; mov $gdt+0x48, %edi; call set_base
  mov $tss2, %eax; mov $gdt+0x50, %edi; call set_base
  movl $ring0_top, tss+4
  movl $0x10, tss+8
  mov $0x48, %ax
  ltr %ax
  mov $stubs, %esi
  mov $idt, %edi
  mov $256, %ecx
2: mov %esi, %eax
  and $0xffff, %eax
  or $0x80000, %eax
  mov %eax, (%edi)
  mov %esi, %eax
  and $0xffff0000, %eax
  or $0xee00, %eax
  mov %eax, 4(%edi)
  add $16, %esi
  add $8, %edi
  loop 2b
  # 0x50: task gate to tss2
  movl $0x500000, idt+0x50*8
  movl $0xe500, idt+0x50*8+4
  lidt idtr
  # the first 4 MiB as they are; a page table for the second
  mov $pd, %eax
  movl $0xe7, (%eax)
  mov %cr4, %ecx; or $0x10, %ecx; mov %ecx, %cr4
  mov %eax, %cr3
  mov %cr0, %eax; or $0x80000000, %eax; mov %eax, %cr0

  movl $CASES_P, left
Lp: call random; mov %eax, r1
  call random; mov %eax, r2
  mov $'P', %al; call putc; call put_numbers
  call paging_case
  decl left; jnz Lp
  # paging stays on, with the entry of the second 4 MiB gone
  movl $0, pd+4
  mov %cr3, %eax; mov %eax, %cr3
  movl $CASES_I, left
Li: call random; mov %eax, r1
  call random; mov %eax, r2
  mov $'I', %al; call putc; call put_numbers
  call io_case
  decl left; jnz Li
  # from here on #TS, #NP, #SS and #GP go to tasks: a task switch may leave no stack to push to
  mov $htss, %esi
  mov $gdt+0x80, %edi
  mov $idt+10*8, %ebp
  mov $handlers, %ebx
  mov $0x80, %edx
4: movl $0x0067, (%edi); movl $0x8900, 4(%edi)
  mov %esi, %eax; push %edi; call set_base; pop %edi
  movl (%ebx), %eax; movl %eax, 0x20(%esi)
  movl $pd, 0x1c(%esi); movl $2, 0x24(%esi); movl $handler_top, 0x38(%esi)
  movl $0x10, 0x48(%esi); movl $8, 0x4c(%esi); movl $0x10, 0x50(%esi); movl $0x10, 0x54(%esi)
  movl $0x10, 0x58(%esi); movl $0x10, 0x5c(%esi)
  mov %edx, %eax; shl $16, %eax; movl %eax, (%ebp); movl $0xe500, 4(%ebp)
  add $104, %esi; add $8, %edi; add $8, %ebp; add $4, %ebx; add $8, %edx
  cmp $0xa0, %edx; jne 4b
  movl $CASES_T, left
Lt: call random; mov %eax, r1
  call random; mov %eax, r2
  mov $'T', %al; call putc; call put_numbers
  call task_case
  decl left; jnz Lt
  mov $'D', %al; call putc
  mov $10, %al; call putc
  mov $0x10, %eax
  mov $0xf4, %dx
  out %eax, %dx
  mov $0x501, %dx
  out %eax, %dx
3: hlt
  jmp 3b

set_base:
  mov %ax, 2(%edi); shr $16, %eax; mov %al, 4(%edi); mov %ah, 7(%edi); ret

random: mov seed, %eax; imul $1664525, %eax; add $1013904223, %eax; mov %eax, seed
  mov %eax, %ecx; shr $15, %ecx; xor %ecx, %eax; ret

put_numbers: mov r1, %eax; call hex8; mov r2, %eax; call hex8; mov $' ', %al; jmp putc
hex8: push %eax; shr $16,%eax; call hex4; pop %eax
hex4: push %eax; shr $8,%eax; call hex2; pop %eax
hex2: push %eax; shr $4,%eax; call hex1; pop %eax
hex1: and $15,%eax; mov hexd(%eax),%al
putc: mov %al, %bl; mov $0x3f8+5,%dx
1: in %dx,%al; test $0x20,%al; jz 1b
  mov %bl,%al; mov $0x3f8,%dx; out %al,%dx; ret
dot: mov $'.', %al; jmp putc
newline: mov $10, %al; jmp putc
hexd: .ascii "0123456789abcdef"

put_fault: mov r_vec, %eax; call hex2; call dot; mov r_err, %eax; jmp hex4

/* --- P --- r1: bits 0-8 flags of the PDE, 9-17 of PTE 0, 18-26 of PTE 1, 27 WP, 28 CPL 3, 29-31 access */
paging_case:
  mov r1, %eax
  and $0x67, %eax
  # P is clear in one of eight, PS set in one of sixteen
  mov r2, %ecx
  or $1, %eax
  test $7, %cl; jnz 1f; and $~1, %eax
1: test $0xf0, %cl; jnz 1f
  or $0x80, %eax
  # a large page: physical 0, with a bit that is reserved in one of two
  test $0x100, %ecx; jz 2f; or $0x100000, %eax
  jmp 2f
1: or $pt, %eax
2: mov %eax, pd+4
  mov r1, %eax; shr $9, %eax; and $0x67, %eax; or $1, %eax
  test $0x3800, %ecx; jnz 1f; and $~1, %eax
1: or $frame0, %eax; mov %eax, pt
  mov r1, %eax; shr $18, %eax; and $0x67, %eax; or $1, %eax
  test $0x1c000, %ecx; jnz 1f; and $~1, %eax
1: or $frame1, %eax; mov %eax, pt+4
  mov %cr0, %eax; and $~0x10000, %eax
  testl $1<<27, r1; jz 1f; or $0x10000, %eax
1: mov %eax, %cr0
  mov $pd, %eax; mov %eax, %cr3
  xor %eax, %eax; mov %eax, %cr2
  mov r1, %ecx; shr $29, %ecx
  mov accesses(,%ecx,4), %esi
  mov $0x400000, %edx
  push $1f
  mov %esp, saved_esp
  movl $0, %eax
  testl $1<<28, r1; jz 2f
  push $0x43; push $user_top; push $2; push $0x3b; push %esi
  mov $0x43, %ecx; mov %ecx, %ds; mov %ecx, %es
  iret
2: jmp *%esi
1: call put_fault; call dot
  mov %cr2, %eax; call hex8; call dot
  mov pd+4, %eax; and $0xfff, %eax; call hex4; call dot
  mov pt, %eax; and $0xfff, %eax; call hex4; call dot
  mov pt+4, %eax; and $0xfff, %eax; call hex4
  jmp newline
accesses: .long a0, a1, a2, a3, a4, a5, a6, a7
a0: movb 4(%edx), %al; int $0x40
a1: movb %al, 4(%edx); int $0x40
a2: addl %eax, 8(%edx); int $0x40
a3: movl 0xffe(%edx), %eax; int $0x40
a4: movl %eax, 0xffe(%edx); int $0x40
a5: movl %eax, 0x1010(%edx); int $0x40
a6: cmpl %eax, 0x1010(%edx); int $0x40
a7: xchgb %al, 0xfff(%edx); int $0x40

/* --- I --- r1: bits 0-1 IOPL, 2-3 size, 4-11 port, 12 V86, 13-15 limit, 16-18 base; r2: bits of the map */
io_case:
  mov r2, %eax
  mov %eax, tss+0x68; mov %eax, tss+0x6c; rol $7, %eax; mov %eax, tss+0x70; not %eax; mov %eax, tss+0x74
  movl $-1, tss+0x78
  mov r1, %eax; shr $13, %eax; and $7, %eax; movb limits(%eax), %al; movb %al, gdt+0x48
  mov r1, %eax; shr $16, %eax; and $7, %eax; movzwl bases(,%eax,2), %eax; movw %ax, tss+0x66
  andb $0xfd, gdt+0x48+5
  mov $0x48, %ax; ltr %ax
  push $1f
  mov %esp, saved_esp
  mov r1, %edx; shr $4, %edx; and $0x7f, %edx
  mov r1, %eax; and $3, %eax; shl $12, %eax; or $2, %eax
  mov r1, %ecx; shr $2, %ecx; and $3, %ecx
  testl $1<<12, r1; jnz 2f
  mov ins32(,%ecx,4), %esi
  push $0x43; push $user_top; push %eax; push $0x3b; push %esi
  mov $0x43, %ecx; mov %ecx, %ds; mov %ecx, %es
  iret
2: or $0x20000, %eax
  # virtual-8086: the code is copied to 7000h
  mov ins16(,%ecx,4), %ebx; mov %ebx, 0x7000
  push $0; push $0; push $0; push $0; push $0; push $0x6f00; push %eax; push $0x700; push $0
  iret
1: call put_fault
  jmp newline
limits: .byte 0x67, 0x68, 0x70, 0x77, 0x78, 0x7c, 0x65, 0x66
bases: .word 0x68, 0x68, 0x68, 0x68, 0x6a, 0x70, 0x78, 0xffff
ins32: .long n1, n2, n4, n1
n1: inb %dx, %al; int $0x40
n2: inw %dx, %ax; int $0x40
n4: inl %dx, %eax; int $0x40
# in, then UD2
ins16: .byte 0xec,0x0f,0x0b,0x90, 0xed,0x0f,0x0b,0x90, 0x66,0xed,0x0f,0x0b, 0xec,0x0f,0x0b,0x90

/* --- T --- */
task_case:
  # a task that would work, then up to two of its fields at random
  mov $tss2, %edi; mov $26, %ecx; xor %eax, %eax; rep stosl
  movl $tss, tss2
  movl $0x48, tss2
  movl $pd, tss2+0x1c
  movl $new_task, tss2+0x20
  movl $2, tss2+0x24
  movl $task_top, tss2+0x38
  movl $0x10, tss2+0x48; movl $0x08, tss2+0x4c; movl $0x10, tss2+0x50; movl $0x10, tss2+0x54
  movl $0x10, tss2+0x58; movl $0x10, tss2+0x5c
  movl $ring0_top, tss2+4; movl $0x10, tss2+8
  movw $0x68, tss2+0x66
  movw $0x67, gdt+0x50
  movb $0x89, gdt+0x55
  movb $0x67, gdt+0x48
  andb $0xfd, gdt+0x48+5
  mov $0x48, %ax; ltr %ax
  mov r1, %esi; call perturb
  testl $1<<31, r1; jz 1f
  mov r2, %esi; shr $3, %esi; call perturb
1: push $1f
  mov %esp, saved_esp
  mov r1, %ecx; shr $28, %ecx; and $3, %ecx
  jmp *ways(,%ecx,4)
1: call put_fault; call dot
  mov t_cs, %eax; call hex4; call dot
  mov t_ss, %eax; call hex4; call dot
  mov t_ds, %eax; call hex4; call dot
  mov t_fl, %eax; call hex8; call dot
  mov t_tr, %eax; call hex2; call dot
  mov t_old, %al; call hex2
  mov t_type, %al; call hex2; call dot
  mov tss2, %eax; call hex4
  jmp newline
ways: .long w_jmp, w_call, w_int, w_iret
w_jmp: ljmp $0x50, $0
w_call: lcall $0x50, $0; int $0x41
w_int: int $0x50; int $0x41
w_iret:
  orb $2, gdt+0x55
  movl $0x50, tss
  pushf; orl $0x4000, (%esp); popf
  iret
# esi: low four bits the field, the rest the value
perturb:
  mov %esi, %ecx; and $15, %ecx; shr $4, %esi
  mov %esi, %eax; and $31, %eax; movzbl selectors(%eax), %ebx
  jmp *fields(,%ecx,4)
fields: .long f_none, f_access, f_limit, f_cs, f_ss, f_ds, f_es, f_ldt, f_flags, f_eip, f_fs, f_access, f_cs, f_ss, f_ldt, f_trap
f_none: ret
f_access: mov %esi, %eax; movb %al, gdt+0x55; ret
f_limit: mov %esi, %eax; and $0x7f, %eax; movb %al, gdt+0x50; ret
f_cs: mov %ebx, tss2+0x4c; ret
f_ss: mov %ebx, tss2+0x50; ret
f_ds: mov %ebx, tss2+0x54; ret
f_es: mov %ebx, tss2+0x48; ret
f_fs: mov %ebx, tss2+0x58; ret
f_ldt: mov %ebx, tss2+0x60; ret
f_flags: mov %esi, %eax; and $0x4cd5, %eax; or $2, %eax; mov %eax, tss2+0x24; ret
f_eip: mov %esi, %eax; and $1, %eax; jz 1f; movl $0x500000, tss2+0x20; 1: ret
f_trap: mov %esi, %eax; and $1, %eax; movw %ax, tss2+0x64; ret
selectors: .byte 0, 1, 3, 0x08, 0x0b, 0x10, 0x13, 0x18, 0x19, 0x20, 0x21, 0x38, 0x3b, 0x40, 0x43, 0x48, 0x50, 0x58, 0x5b
 .byte 0x60, 0x68, 0x6b, 0x70, 0x73, 0x78, 0x7b, 0x0c, 0x80, 0xf8, 0x04, 0x3a, 0x42
new_task: int $0x40

handlers: .long h10, h11, h12, h13
h10: movl $10, r_vec; mov $htss, %ebp; jmp h_common
h11: movl $11, r_vec; mov $htss+104, %ebp; jmp h_common
h12: movl $12, r_vec; mov $htss+208, %ebp; jmp h_common
h13: movl $13, r_vec; mov $htss+312, %ebp
/* What the task left stands in its TSS, which the back link names. */
h_common:
  pop %eax; mov %eax, r_err
  movzwl (%ebp), %eax; mov %eax, t_tr
  mov $tss, %esi
  cmp $0x48, %eax; je 1f
  mov $tss2, %esi
1: movzwl 0x4c(%esi), %eax; mov %eax, t_cs
  movzwl 0x50(%esi), %eax; mov %eax, t_ss
  movzwl 0x54(%esi), %eax; mov %eax, t_ds
  mov 0x24(%esi), %eax; and $0x27ed5, %eax; mov %eax, t_fl
  movzbl gdt+0x55, %eax; mov %eax, t_type
  movzbl gdt+0x4d, %eax; mov %eax, t_old
  movb $0x89, gdt+0x85; movb $0x89, gdt+0x8d; movb $0x89, gdt+0x95; movb $0x89, gdt+0x9d
  mov saved_esp, %esp
  push $2; popf
  xor %eax, %eax; lldt %ax
  andb $0xfd, gdt+0x48+5
  mov $0x48, %ax
  ltr %ax
  ret

.align 16
stubs:
.set i,0
.rept 256
.align 16
.if (i==8)||(i==10)||(i==11)||(i==12)||(i==13)||(i==14)||(i==17)
.else
  push $0
.endif
  push $i
  jmp common
.set i,i+1
.endr
/* Runs on whatever stack there is; comes back to saved_esp with everything as it was. */
common:
  push %eax
  push %ebx
  mov %ds, %ebx
  mov $0x10,%eax
  mov %ax,%ds
  mov %ebx, t_ds
  mov %ss, %ebx; mov %ebx, t_ss
  xor %ebx, %ebx; str %bx; mov %ebx, t_tr
  movzbl gdt+0x55, %ebx; mov %ebx, t_type
  movzbl gdt+0x4d, %ebx; mov %ebx, t_old
  pop %ebx
  pop %eax
  pop %ebx; mov %ebx, r_vec
  pop %ebx; mov %ebx, r_err
  mov 4(%esp), %ebx; movzwl %bx, %ebx; mov %ebx, t_cs
  mov 8(%esp), %ebx; and $0x27ed5, %ebx; mov %ebx, t_fl
  mov $0x10,%eax
  mov %ax,%es; mov %ax,%fs; mov %ax,%gs; mov %ax,%ss
  mov saved_esp,%esp
  push $2; popf
  xor %eax,%eax
  lldt %ax
  str %ax
  cmp $0x48,%ax
  je 1f
  andb $0xfd, gdt+0x48+5
  mov $0x48,%ax
  ltr %ax
1: ret

.data
.align 16
gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cfbb000000ffff, 0x00cfb3000000ffff, 0x00cfdb000000ffff, 0x00cfd3000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff
 .quad 0x0000890000000067, 0x0000890000000067
 # 58 code, conforming; 60 data, not present; 68 data, read-only; 70 code, not present; 78 an LDT
 .quad 0x00cf9f000000ffff, 0x00cf13000000ffff, 0x00cf91000000ffff, 0x00cf1b000000ffff, 0x0000820000000017
 .quad 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0
gdtr: .word 0xff; .long gdt
idtr: .word 0x7ff; .long idt
seed: .long 0x2545f491
left: .long 0
r1: .long 0
r2: .long 0
r_vec: .long 0
r_err: .long 0
t_cs: .long 0
t_ss: .long 0
t_ds: .long 0
t_fl: .long 0
t_tr: .long 0
t_type: .long 0
t_old: .long 0
saved_esp: .long 0
.bss
.align 4096
pd: .skip 4096
pt: .skip 4096
frame0: .skip 4096
frame1: .skip 4096
idt: .skip 2048
tss: .skip 256
tss2: .skip 256
htss: .skip 416
.skip 4096
stack_top:
.skip 4096
ring0_top:
.skip 4096
task_top:
.skip 4096
handler_top:
.skip 4096
user_top: .skip 64
