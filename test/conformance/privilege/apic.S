/*
 * The local APIC, in random cases:
 *
 *   R  three registers written at random, each read back:   register:value …
 *   I  twelve steps of interrupts to itself, TPR, EOI and a moment with IF set. After each: the step's kind and number |
 *      the vectors that were delivered | PPR; at the end, the words of ISR and of IRR that are not 0
 *   T  the timer, one-shot or periodic, masked or not:      LVT entry | 1: the count came to 0 or began anew | 2: the
 *      vector is in IRR | 4: the count stands at 0 a while later | 8: it is never past the initial count
 *
 * Build: gcc -m32 -nostdlib -static -no-pie -Wl,-N,-Ttext=0x100000,--build-id=none -o apic.elf apic.S
 * qemu-apic.txt.gz is what QEMU 7.2 wrote, bochs-apic.txt.gz what Bochs 2.7 did:
 * `npm run conformance:privilege -- qemu|bochs apic`.
 */
.set CASES, 256
.set MAGIC, 0x1BADB002
.set APIC, 0xfee00000
.text
.align 4
.long MAGIC, 0, -MAGIC
seed: .long 5
cases: .long CASES
.macro pick n
  mov $\n, %ecx
  call below
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
  mov $stubs, %esi; mov $idt, %edi; mov $256, %ecx
2: mov %esi, %eax; and $0xffff, %eax; or $0x80000, %eax; mov %eax, (%edi)
  mov %esi, %eax; and $0xffff0000, %eax; or $0x8e00, %eax; mov %eax, 4(%edi)
  add $16, %esi; add $8, %edi
  loop 2b
  lidt idtr
  movl $kinds, kind
next_kind:
  mov kind, %eax
  cmpl $0, (%eax)
  je finish
  movl $0, number
next_case:
  call reset
  mov kind, %eax; mov (%eax), %eax; call putc
  mov number, %eax; call hex4
  mov $' ', %al; call putc
  mov kind, %eax
  call *4(%eax)
  mov $10, %al; call putc
  incl number
  mov number, %eax
  cmp cases, %eax
  jne next_case
  addl $8, kind
  jmp next_kind
kinds: .long 'R', registers, 'I', interrupts, 'T', timer, 0

/* Enabled, all entries masked, nothing pending or in service. */
reset:
  movl $0x1ff, APIC+0xf0
  movl $0x10000, APIC+0x320; movl $0x10000, APIC+0x340; movl $0x10000, APIC+0x350; movl $0x10000, APIC+0x360; movl $0x10000, APIC+0x370
  movl $0, APIC+0x380
  movl $0, APIC+0x80
  movl $0, APIC+0x20
  mov $64, %ecx
1: movl $0, APIC+0xb0
  sti; nop; nop; cli
  loop 1b
  movl $0, APIC+0xb0
  movl $0, delivered
  ret

registers:
  movl $3, left
1: pick REGISTERS; mov %eax, %esi
  mov places(,%esi,4), %edi
  call random
  and masks(,%esi,4), %eax
  or ones(,%esi,4), %eax
  mov %eax, APIC(%edi)
  mov %edi, %eax; call hex3
  mov $':', %al; call putc
  mov APIC(%edi), %eax; call hex8; call dot
  decl left
  jnz 1b
  # the entries, masked if the APIC is disabled
  mov APIC+0x320, %eax; call hex8; call dot
  mov APIC+0x350, %eax; jmp hex8
# SVR twice: it decides on the others. Delivery modes other than fixed, NMI and ExtINT are left out of LINT0 and LINT1.
places: .long 0x20, 0x80, 0xd0, 0xe0, 0xf0, 0xf0, 0x320, 0x350, 0x360, 0x370, 0x310, 0x3e0, 0x380
.set REGISTERS, (. - places) / 4
masks: .long 0x0f000000, 0xff, 0xff000000, 0xffffffff, 0x1ff, 0x1ff, 0x300ff, 0x1a0ff, 0x1a0ff, 0x100ff, 0xff000000, 0xf, 0
ones: .long 0, 0, 0, 0, 0x0f, 0x0f, 0x10, 0x10, 0x10, 0x10, 0, 0, 0

interrupts:
  movl $12, left
1: pick 8; mov steps(,%eax,4), %eax
  call *%eax
  mov delivered, %esi
  xor %edi, %edi
2: cmp %esi, %edi; jae 3f
  mov vectors(%edi), %al; call hex2
  inc %edi
  jmp 2b
3: movl $0, delivered
  mov $'/', %al; call putc
  mov APIC+0xa0, %eax; call hex2; call dot
  decl left
  jnz 1b
  mov $APIC+0x100, %esi; call words
  call dot
  mov $APIC+0x200, %esi
words: xor %edi, %edi
1: mov %edi, %edx; shl $4, %edx
  mov (%esi,%edx), %eax
  test %eax, %eax
  jz 2f
  push %eax; mov %edi, %eax; call hex1; mov $'=', %al; call putc; pop %eax; call hex8
2: inc %edi
  cmp $8, %edi; jne 1b
  ret
steps: .long s_send, s_send, s_send, s_send, s_tpr, s_eoi, s_open, s_open
s_send:
  mov $'s', %al; call putc
  # FF is the spurious vector
  pick 239; add $16, %eax
  push %eax; call hex2; pop %eax
  movl $0, APIC+0x310
  or $0x44000, %eax
  mov %eax, APIC+0x300
  ret
s_tpr: mov $'t', %al; call putc; call random; and $0xff, %eax; mov %eax, APIC+0x80; jmp hex2
s_eoi: mov $'e', %al; call putc; movl $0, APIC+0xb0; ret
s_open: mov $'o', %al; call putc; sti; nop; nop; nop; nop; cli; ret

timer:
  pick 11; mov %eax, %ecx; mov $0, %eax; cmp $8, %ecx; jae 1f
  mov %ecx, %eax; and $3, %eax; and $4, %ecx; shl $1, %ecx; or %ecx, %eax
1: mov %eax, APIC+0x3e0
  pick 240; add $16, %eax; mov %eax, %ebp
  pick 2; shl $17, %eax; or %eax, %ebp
  pick 4; cmp $1, %eax; jne 2f; or $0x10000, %ebp
2: mov %ebp, APIC+0x320
  mov %ebp, %eax; call hex8; call dot
  pick 2000; add $2000, %eax; mov %eax, %esi
  xor %edi, %edi
  mov %esi, APIC+0x380
  mov %esi, %edx
  or $8, %edi
  mov $4000000, %ecx
  # until it is 0, or above what it was
3: mov APIC+0x390, %eax
  cmp %esi, %eax
  jbe 4f
  and $~8, %edi
4: test %eax, %eax; jz 5f
  cmp %edx, %eax; ja 5f
  mov %eax, %edx
  loop 3b
  jmp 6f
5: or $1, %edi
6: mov %ebp, %eax; and $0xff, %eax; mov %eax, %ebx; shr $5, %ebx; shl $4, %ebx; and $31, %eax
  # an emulator's clock may be late
  mov $20000, %ecx
7: in $0x84, %al; mov %ebp, %eax; and $31, %eax
  bt %eax, APIC+0x200(%ebx)
  jc 8f
  loop 7b
  jmp 9f
8: or $2, %edi
9: mov $3, %ecx
  # a periodic count may happen to be at 0
1: in $0x84, %al; mov APIC+0x390, %eax
  test %eax, %eax; jnz 2f
  loop 1b
  or $4, %edi
2: mov %edi, %eax; jmp hex1

.align 16
stubs:
.set i,0
.rept 256
.align 16
  push %eax
  mov $i, %al
  jmp noted
.set i,i+1
.endr
noted:
  push %ebx
  mov delivered, %ebx
  mov %al, vectors(%ebx)
  incb delivered
  pop %ebx
  pop %eax
  iret


.include "report.S"

.data
.align 16
gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr: .word 0x17; .long gdt
idtr: .word 0x7ff; .long idt
kind: .long 0
number: .long 0
left: .long 0
delivered: .long 0
.bss
.align 16
idt: .skip 2048
vectors: .skip 256
.skip 4096
stack_top: .skip 64
