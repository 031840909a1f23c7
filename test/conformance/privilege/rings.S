/*
 * Every access byte a descriptor can have (256), with every RPL (4), from every ring (4), through sixteen ways to use a
 * selector: one line per ring, way and access byte, with four outcomes `vector.errorCode.CS.value.accessByteAfter`.
 * Output goes to COM1, the end to isa-debug-exit. Selector 0x58 is the descriptor under test; where the access byte
 * makes it a gate it leads to `target` in ring 0.
 *
 *   0 mov ds  1 mov ss  2 lar  3 lsl  4 verr  5 verw  6 far jmp  7 far call  8 lldt  9 ltr
 *   a interrupt gate to the segment  b far return to it  c the access byte as that of an IDT gate
 *   d iret with it as outer SS  e iret to it as CS  f the TSS's stack segment for ring 1
 *
 * Build: gcc -m32 -nostdlib -static -no-pie -Wl,-N,-Ttext=0x100000,--build-id=none -o rings.elf rings.S
 * qemu.txt.gz is what `qemu-system-i386 -cpu pentium2 -kernel rings.elf -serial file:… -device isa-debug-exit` (7.2)
 * wrote; privilege.test.ts says where QEMU and the manual part ways.
 * bochs.txt.gz is what Bochs 2.7 wrote (bochs.ts says how): `npm run conformance:privilege -- bochs rings`.
 */
.set MAGIC, 0x1BADB002
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
  # tss descriptor base
  mov $tss, %eax
  mov %ax, gdt+0x48+2
  shr $16, %eax
  mov %al, gdt+0x48+4
  mov %ah, gdt+0x48+7
  movl $ring0_top, tss+4
  movl $0x10, tss+8
  movl $ring1_itop, tss+12
  movl $0x21, tss+16
  movl $ring2_itop, tss+20
  movl $0x32, tss+24
  mov $0x48, %ax
  ltr %ax
  # idt
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
  lidt idtr
  mov $target,%eax; and $0xffff0000,%eax; or $0xee00,%eax; mov %eax,idt+0x52*8+4
  mov $target,%eax; and $0xffff,%eax; or $0x180000,%eax; mov %eax, idt+0x52*8
  # low trampoline
  mov $target, %eax
  and $0xffff, %eax
  movw $0x41cd, (%eax)
  # loops
  movl $0, v_cpl
Lcpl:
  movl $0, v_op
Lop:
  movl $0, v_acc
Lacc:
  mov v_cpl, %eax; call hex1
  mov v_op, %eax; call hex1
  mov v_acc, %eax; call hex2
  movl $0, v_rpl
Lrpl:
  call setup_x
  call run_op
  mov $' ', %al; call putc
  mov r_vec, %eax; call hex2
  mov $'.', %al; call putc
  mov r_err, %eax; call hex4
  mov $'.', %al; call putc
  mov r_cs, %eax; call hex2
  mov $'.', %al; call putc
  mov r_aux, %eax; call hex8
  mov $'.', %al; call putc
  mov gdt+0x58+5, %al; call hex2
  incl v_rpl
  cmpl $4, v_rpl
  jne Lrpl
  mov $'\n', %al; call putc
  incl v_acc
  cmpl $256, v_acc
  jne Lacc
  incl v_op
  cmpl $NOPS, v_op
  jne Lop
  incl v_cpl
  cmpl $4, v_cpl
  jne Lcpl
  mov $'D', %al; call putc
  mov $'\n', %al; call putc
  mov $0x10, %eax
  mov $0xf4, %dx
  out %eax, %dx
  mov $0x501, %dx
  out %eax, %dx
3: hlt
  jmp 3b

hex8: push %eax; shr $16,%eax; call hex4; pop %eax
hex4: push %eax; shr $8,%eax; call hex2; pop %eax
hex2: push %eax; shr $4,%eax; call hex1; pop %eax
hex1: and $15,%eax; mov hexd(%eax),%al
putc: mov %al, %bl; mov $0x3f8+5,%dx
1: in %dx,%al; test $0x20,%al; jz 1b
  mov %bl,%al; mov $0x3f8,%dx; out %al,%dx; ret
hexd: .ascii "0123456789abcdef"

setup_x:
  mov v_acc, %eax
  mov %eax, %ecx
  and $0x1f, %ecx
  cmpl $12, v_op
  je Lgate
  test $0x10, %ecx
  jnz Lmem
  cmp $4, %ecx; je Lgate
  cmp $5, %ecx; je Lgate
  cmp $6, %ecx; je Lgate
  cmp $7, %ecx; je Lgate
  cmp $12, %ecx; je Lgate
  cmp $14, %ecx; je Lgate
  cmp $15, %ecx; je Lgate
  # system segment: base dummy, limit 0x10
  mov $dummy, %edx
  mov %edx, %ebx
  shl $16, %ebx
  or $0x10, %ebx
  mov %ebx, gdt+0x58
  shr $16, %edx
  movzbl %dl, %ebx
  mov %dh, %cl
  shl $24, %ecx
  or %ecx, %ebx
  mov v_acc, %ecx
  shl $8, %ecx
  or %ecx, %ebx
  mov %ebx, gdt+0x5c
  ret
Lmem:
  mov $0x0000ffff, %ebx
  mov $0x00cf0000, %edx
  mov %ecx, %edi
  and $0xc, %edi
  cmp $4, %edi
  jne 1f
  mov $0, %ebx
  mov $0x00c00000, %edx
1: mov %ebx, gdt+0x58
  shl $8, %eax
  or %edx, %eax
  mov %eax, gdt+0x5c
  ret
Lgate:
  mov $target, %ebx
  mov %ebx, %edx
  and $0xffff, %ebx
  or $0x80000, %ebx
  and $0xffff0000, %edx
  shl $8, %eax
  or %eax, %edx
  cmpl $12, v_op
  je 1f
  mov %ebx, gdt+0x58
  mov %edx, gdt+0x5c
  ret
1: # idt gate 0x51
  mov %ebx, idt+0x51*8
  mov %edx, idt+0x51*8+4
  ret

run_op:
  mov %esp, saved_esp
  movl $0, r_aux
  # ax = selector
  mov $0x58, %eax
  or v_rpl, %eax
  mov %ax, ptr+4
  movl $target, ptr
  mov %ax, idt+0x50*8+2
  mov v_op, %ecx
  mov optab(,%ecx,4), %esi
  mov v_cpl, %ecx
  test %ecx, %ecx
  jnz 1f
  xor %ebx,%ebx
  jmp *%esi
1: mov $0, %ebx
  mov datasel(,%ecx,4), %edx
  push %edx
  push $user_top
  push $2
  push codesel(,%ecx,4)
  push %esi
  mov %edx, %ds
  mov %edx, %es
  iret
datasel: .long 0x10, 0x21, 0x32, 0x43
codesel: .long 0x08, 0x19, 0x2a, 0x3b
optab: .long op0,op1,op2,op3,op4,op5,op6,op7,op8,op9,op10,op11,op12,op13,op14,op15
.set NOPS, 16
op0: mov %ax,%ds; mov %ds,%ebx; int $0x40
op1: mov %ax,%ss; mov %ss,%ebx; int $0x40
op2: lar %eax,%ebx; jz 1f; mov $0xbad,%ebx; 1: int $0x40
op3: lsl %eax,%ebx; jz 1f; mov $0xbad,%ebx; 1: int $0x40
op4: verr %ax; setz %bl; int $0x40
op5: verw %ax; setz %bl; int $0x40
op6: ljmp *ptr
op7: lcall *ptr
op8: lldt %ax; sldt %ebx; int $0x40
op9: ltr %ax; str %ebx; int $0x40
op10: int $0x50
op11: # lret to X|rpl with ss data_rpl
  mov v_rpl,%ecx; push datasel(,%ecx,4); push $user_top; push %eax; push $target; lret
op12: int $0x51
op13: # iret with SS = X|rpl, CS code_rpl
  mov v_rpl,%ecx; push %eax; push $user_top; push $2; push codesel(,%ecx,4); push $target; iret
op14: # iret to CS X|rpl
  mov v_rpl,%ecx; push datasel(,%ecx,4); push $user_top; push $2; push %eax; push $target; iret
op15: # inner stack is X|rpl
  mov %eax, %ss:tss_alias+16
  int $0x52
target: int $0x41

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
common:
  push %eax
  mov $0x10,%eax
  mov %ax,%ds
  pop %eax
  mov %ebx, r_aux
  pop %ebx
  mov %ebx, r_vec
  pop %ebx
  mov %ebx, r_err
  mov 4(%esp), %ebx
  mov %ebx, r_cs
  mov $0x10,%eax
  mov %ax,%es
  mov %ax,%fs
  mov %ax,%gs
  mov %ax,%ss
  mov saved_esp,%esp
  xor %eax,%eax
  lldt %ax
  movl $0x10, tss+8
  movl $0x21, tss+16
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
 .quad 0x0000890000000067, 0, 0,0,0,0,0
gdtr: .word 0x7f; .long gdt
idtr: .word 0x7ff; .long idt
ptr: .long 0; .word 0,0
v_cpl: .long 0
v_op: .long 0
v_acc: .long 0
v_rpl: .long 0
r_vec: .long 0
r_err: .long 0
r_cs: .long 0
r_aux: .long 0
saved_esp: .long 0
.bss
.align 16
idt: .skip 2048
tss: 
tss_alias: .skip 256
dummy: .skip 256
.skip 8192
stack_top:
.skip 4096
ring0_top:
.skip 4096
ring1_itop:
.skip 4096
ring2_itop:
.skip 4096
user_top: .skip 64
