/*
 * Random task switches with paging: TSSs within a page and over its end, pages of either that are not present, read-only or
 * the supervisor's, and another CR3. Reserved bits in its PDPTEs are left out: Bochs ends there, and QEMU loads none. The first task runs in ring 0, the second in
 * 0 or 3. Both see the low 4 MiB as they are, and from 400000h on
 *
 *   400000 the first TSS   410000 the second   420000 the second task's stack   430000 its code, not the same in both
 *   spaces   440000 its LDT, where DS comes from
 *
 *   W, by `ways`:  0 JMP, 1 CALL   of the TSS   2 INT 1Fh, a task gate   3 IRET with NT   4 #UD, 5 #SS(0070)   through a task gate
 *
 * What is not accessible in the second space but its code: stack and LDT only of a task in ring 3, the TSS only of one in
 * ring 0, so that a fault finds a stack.
 *
 * A line: CR4.PAE and CR0.WP, way, ring, whether CR3 stays | where the TSSs begin | vector and error code | CR2 | EIP, CS,
 * EFLAGS and EAX then | TR | whether CR3 is the second's, and CR0.TS | access bytes of both TSS descriptors | EIP and EFLAGS saved, and the link | the
 * entries of both TSSs' pages in the first space, and of all pages of the second task in the second.
 *
 * Build: gcc -m32 -nostdlib -static -no-pie -Wl,-N,-Ttext=0x100000,--build-id=none -o switches.elf switches.S
 * qemu-switches.txt.gz is what QEMU 7.2 wrote, bochs-switches.txt.gz what Bochs 2.7 did:
 * `npm run conformance:privilege -- qemu|bochs switches`.
 */
.set CASES, 2048
.set MAGIC, 0x1BADB002
.set PAE, 0x20
.set FIRST, 0x400000
.set SECOND, 0x410000
.set STACK, 0x420800
.set CODE, 0x430000
# Physical addresses
.set PD_A, 0x200000
.set PD_B, 0x201000
.set PT_LOW, 0x202000
.set PT_A, 0x203000
.set PT_B, 0x204000
.set PDPT_A, 0x205000
.set PDPT_B, 0x206000
.set FRAME1, 0x220000
.set FRAME2, 0x222000
.set FRAME_STACK, 0x224000
.set FRAME_CODE, 0x225000
.set FRAME_LDT, 0x227000
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
  lgdt gdtr
  ljmp $8, $1f
1: mov $0x10, %eax
  mov %ax,%ds; mov %ax,%es; mov %ax,%ss; mov %ax,%fs; mov %ax,%gs
  mov $0xff, %al; out %al, $0x21; out %al, $0xa1
  lidt idtr
  mov $PT_LOW, %edi; mov $7, %eax; mov $1024, %ecx
2: stosl; add $0x1000, %eax; loop 2b
next_case:
  call setup
  call print_number
  call switch
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

setup:
  # gates to the stubs
  mov $stubs, %esi; mov $idt, %edi; mov $32, %ecx
1: mov %esi, %eax; and $0xffff, %eax; or $0x80000, %eax; mov %eax, (%edi)
  mov %esi, %eax; and $0xffff0000, %eax; or $0xee00, %eax; mov %eax, 4(%edi)
  add $16, %esi; add $8, %edi
  loop 1b
  mov $gdt_initial, %esi; mov $gdt, %edi; mov $32, %ecx; rep movsl
  pick WAYS; mov %eax, way
  pick 2; imul $3, %eax; mov %eax, ring
  pick 2; shl $5, %eax; mov %eax, pae
  pick 2; shl $16, %eax; mov %eax, wp
  # where the TSSs begin
  pick_from offsets, 8; mov %eax, offset1; add $FIRST, %eax; mov $gdt+0x50, %edi; call set_base
  pick_from offsets, 8; mov %eax, offset2; add $SECOND, %eax; mov $gdt+0x58, %edi; call set_base
  mov $FRAME1, %edi; mov $0x2000, %ecx; xor %eax, %eax; rep stosl
  movl $0xb0b0b0b8, FRAME_CODE; movl $0xccccccb0, FRAME_CODE+4
  movl $0xa0a0a0b8, FRAME_CODE+0x1000; movl $0xcccccca0, FRAME_CODE+0x1004
  movl $0xffff, FRAME_LDT; movl $0x00cff200, FRAME_LDT+4
  # the spaces
  mov $PD_A, %edi; mov $0x800, %ecx; rep stosl
  mov $PT_A, %edi; mov $0x1000, %ecx; xor %eax, %eax; rep stosl
  testl $PAE, pae
  jnz 2f
  movl $PT_LOW+7, PD_A; movl $PT_LOW+7, PD_B; movl $PT_A+7, PD_A+4; movl $PT_B+7, PD_B+4
  movl $PD_A, space_a; movl $PD_B, space_b
  movl $4, step
  jmp 3f
2: movl $0xe7, PD_A; movl $0x2000e7, PD_A+8; movl $PT_A+7, PD_A+16
  movl $0xe7, PD_B; movl $0x2000e7, PD_B+8; movl $PT_B+7, PD_B+16
  movl $PD_A+1, PDPT_A; movl $PD_B+1, PDPT_B
  movl $PDPT_A, space_a; movl $PDPT_B, space_b
  movl $8, step
3: movl $0, how
  pick 4
  test %eax, %eax
  jnz 4f
  mov space_a, %eax; mov %eax, space_b; movl $1, how
4: mov $PT_A, %edx
  mov $FRAME_CODE+0x1000+7, %esi
  call map
  mov $PT_B, %edx
  mov $FRAME_CODE+7, %esi
  call map
  # what is missing
  call perturb
  pick 3
  test %eax, %eax; jnz 6f
  call perturb
6: # the second task; as it is the only one that is loaded
  mov offset2, %edi
  lea FRAME2(%edi), %edi
  mov ring, %ebx
  movl $ring0_top, 4(%edi); movl $0x10, 8(%edi)
  mov space_b, %eax; mov %eax, 0x1c(%edi)
  movl $CODE, 0x20(%edi); movl $2, 0x24(%edi); movl $STACK, 0x38(%edi); movl $0x11223344, 0x28(%edi)
  mov code_selectors(,%ebx,4), %eax; mov %eax, 0x4c(%edi)
  mov data_selectors(,%ebx,4), %eax; mov %eax, 0x48(%edi); mov %eax, 0x50(%edi); mov %eax, 0x58(%edi); mov %eax, 0x5c(%edi)
  movl $7, 0x54(%edi); movl $0x60, 0x60(%edi); movw $0x68, 0x66(%edi)
  mov offset1, %edi
  cmpl $3, way
  jne 7f
  orb $2, gdt+0x5d
  movw $0x58, FRAME1(%edi)
7: movl $0x580000, %eax; mov $0xe500, %edx
  mov way, %ecx
  mov gates(,%ecx,4), %ecx
  test %ecx, %ecx; jz 8f
  mov %eax, idt(,%ecx,8); mov %edx, idt+4(,%ecx,8)
8: ret
set_base: mov %ax, 2(%edi); shr $16, %eax; mov %al, 4(%edi); mov %ah, 7(%edi); ret
offsets: .long 0x100, 0xfff, 0xffe, 0xfe0, 0xfdc, 0xfb6, 0xf99, 0xf98
gates: .long 0, 0, 0x1f, 0, 6, 12
code_selectors: .long 0x08, 0, 0, 0x3b
data_selectors: .long 0x10, 0, 0, 0x43

/* The pages from 400000h on, into the page table at %edx; %esi: the code. */
map:
  mov $0, %ecx; mov $FRAME1+7, %eax; call map_page
  mov $1, %ecx; mov $FRAME1+0x1007, %eax; call map_page
  mov $0x10, %ecx; mov $FRAME2+7, %eax; call map_page
  mov $0x11, %ecx; mov $FRAME2+0x1007, %eax; call map_page
  mov $0x20, %ecx; mov $FRAME_STACK+7, %eax; call map_page
  mov $0x30, %ecx; mov %esi, %eax; call map_page
  mov $0x40, %ecx; mov $FRAME_LDT+7, %eax
map_page: imul step, %ecx; mov %eax, (%edx,%ecx); ret

perturb:
  pick 10
  mov $PT_A, %edi
  cmp $5, %eax; jae 1f
  # a page of a TSS, in the first space
  cmp $4, %eax; je 3f
  mov first_pages(,%eax,4), %ecx
  jmp 2f
1: # of the second task, in the second
  cmpl $1, how; je 3f
  mov $PT_B, %edi
  sub $5, %eax
  cmpl $0, ring; je 4f
  mov pages3(,%eax,4), %ecx
  jmp 2f
4: mov pages0(,%eax,4), %ecx
2: imul step, %ecx
  add %ecx, %edi
  pick_from rights, 6
  xor %eax, (%edi)
3: ret
first_pages: .long 0, 1, 0x10, 0x11
pages0: .long 0x10, 0x11, 0x30, 0x30, 0x30
pages3: .long 0x20, 0x30, 0x40, 0x30, 0x40
# taken away: P, W, U
rights: .long 1, 1, 2, 2, 4, 3

/* The first task, until a stub ends it or the second. */
switch:
  movl $0, r_vector
  push %ebp
  mov %esp, saved_esp
  mov $0x50, %ax; ltr %ax
  mov pae, %eax; mov %eax, %cr4
  mov space_a, %eax; mov %eax, %cr3
  mov $0xdeadbeef, %eax; mov %eax, %cr2
  mov %cr0, %eax; and $~0x10008, %eax; or wp, %eax; or $0x80000000, %eax; mov %eax, %cr0
  mov way, %ecx
  mov ways(,%ecx,4), %ecx
  mov $0x57575757, %eax
  cmp $w3, %ecx
  jne 1f
  push $0x4002; popf
1: jmp *%ecx
ways: .long w0, w1, w2, w3, w4, w5
.set WAYS, 6
.align 16
w0: ljmp $0x58, $0; int3
w1: lcall $0x58, $0; int3
w2: int $0x1f; int3
w3: iret; int3
w4: ud2; int3
w5: mov $0x70, %edx; mov %dx, %ss; int3

.align 16
stubs:
.set i,0
.rept 32
.align 16
.if (i==8)||(i==10)||(i==11)||(i==12)||(i==13)||(i==14)||(i==17)
.else
  push $0
.endif
  push $i
  jmp ended
.set i,i+1
.endr
ended:
  mov $0x10, %edx
  mov %dx, %ds; mov %dx, %es; mov %dx, %ss; mov %dx, %fs; mov %dx, %gs
  mov %eax, r_value
  pop r_vector; pop r_error; pop r_eip; pop r_cs; pop r_flags
  mov %cr2, %eax; mov %eax, r_address
  mov %cr3, %eax; mov %eax, r_space
  mov %cr0, %eax; mov %eax, r_cr0
  str %eax; mov %eax, r_task
  mov %cr0, %eax; and $~0x80010008, %eax; mov %eax, %cr0
  mov saved_esp, %esp
  pop %ebp
  push $2; popf
  xor %eax, %eax; lldt %ax
  ret

print_outcome:
  mov pae, %eax; shr $5, %eax; mov wp, %edx; shr $15, %edx; or %edx, %eax; call hex1
  mov way, %eax; call hex1
  mov ring, %eax; call hex1
  mov how, %eax; call hex1; call dot
  mov offset1, %eax; call hex3
  mov offset2, %eax; call hex3; call dot
  mov r_vector, %eax; call hex2
  mov r_error, %eax; call hex4; call dot
  mov r_address, %eax; call hex8; call dot
  mov r_eip, %eax; call hex8; call dot
  mov r_cs, %eax; call hex2; call dot
  mov r_flags, %eax; call hex8; call dot
  mov r_value, %eax; call hex8; call dot
  mov r_task, %eax; call hex2; call dot
  mov r_space, %eax; cmp space_a, %eax; setne %al; mov r_cr0, %ecx; shr $2, %ecx; and $2, %ecx; or %ecx, %eax; call hex1; call dot
  mov gdt+0x55, %al; call hex2
  mov gdt+0x5d, %al; call hex2; call dot
  mov offset1, %esi
  mov FRAME1+0x20(%esi), %eax; call hex8; call dot
  mov FRAME1+0x24(%esi), %eax; call hex8; call dot
  mov offset2, %esi
  mov FRAME2(%esi), %eax; call hex2; call dot
  mov $PT_A, %edi; mov $0, %ecx; call print_entry
  mov $1, %ecx; call print_entry
  mov $0x10, %ecx; call print_entry
  mov $0x11, %ecx; call print_entry
  call dot
  mov $PT_B, %edi; mov $0x10, %ecx; call print_entry
  mov $0x11, %ecx; call print_entry
  mov $0x20, %ecx; call print_entry
  mov $0x30, %ecx; call print_entry
  mov $0x40, %ecx; call print_entry
  mov $10, %al; jmp putc
print_entry: imul step, %ecx; mov (%edi,%ecx), %eax; jmp hex2

print_number:
  mov $'W', %al; call putc
  mov number, %eax; call hex4
  mov $' ', %al; jmp putc
.include "report.S"

.data
.align 16
# 8, 10 ring 0; 38, 40 ring 3; 50, 58 the TSSs; 60 the second task's LDT; 70 data that is not present
gdt_initial: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0, 0, 0, 0, 0x00cffb000000ffff, 0x00cff3000000ffff
 .quad 0, 0x0000890000000067, 0x0000890000000067, 0x0000824400000007, 0, 0x00cf12000000ffff, 0
gdtr: .word 0x7f; .long gdt
idtr: .word 0xff; .long idt
gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
.skip 104
number: .long 0
way: .long 0
ring: .long 0
pae: .long 0
wp: .long 0
how: .long 0
step: .long 0
offset1: .long 0
offset2: .long 0
space_a: .long 0
space_b: .long 0
r_vector: .long 0
r_error: .long 0
r_eip: .long 0
r_cs: .long 0
r_flags: .long 0
r_value: .long 0
r_address: .long 0
r_space: .long 0
r_cr0: .long 0
r_task: .long 0
saved_esp: .long 0
.bss
.align 16
idt: .skip 256
.skip 4096
stack_top:
.skip 4096
ring0_top: .skip 64
