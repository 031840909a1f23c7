/*
 * Random breakpoints of the guest on ports (case-loop.S says how cases run and what a line holds): IN, OUT, INS and OUTS, with
 * REP and behind MOV SS, too, at ports about four breakpoints, in ring 0 and in ring 3 by IOPL and the I/O bit map:
 *
 *   I  with CR4.DE   R  the same by REP   D  without CR4.DE
 *
 * DR7 is loaded by the case itself, so that a task switch has not cleared its local bits; an IRET goes on from there, with TF
 * or RF. #DB goes to `debug_stub`, which leaves ECX on the stack.
 *
 * Build: gcc -m32 -nostdlib -static -no-pie -Wl,-N,-Ttext=0x100000,--build-id=none -o ports.elf ports.S
 * qemu-ports.txt.gz is what QEMU 7.2 wrote, bochs-ports.txt.gz what Bochs 2.7 did:
 * `npm run conformance:privilege -- qemu|bochs ports`.
 */
.set CASES, 2048
.include "case-loop.S"
.text
kinds: .long 'I', setup_port, 0
# Nobody answers at these ports: what is read is ones.
.set PORT, 0x248
.set BUFFER, 0x5040
.set PROLOGUE, CODE + 0x800
.set DE, 8

.align 16
debug_stub:
  push %eax
  str %ax
  cmp $0x48, %ax
  pop %eax
  je 1f
  push %ecx
  ljmp $0x48, $0
  # the main task's own MOV DR7, when DR7.GD is still set
1: iret

/* %ebx: the ring. The case begins with MOV DR7, PUSHes and IRET. */
begin:
  mov $BUFFER-0x40, %edi; mov $0x20, %ecx; xor %eax, %eax; rep stosl
  mov $debug_stub, %eax; mov %ax, idt+8; shr $16, %eax; mov %ax, idt+8+6
  xor %eax, %eax; mov %eax, %dr7
  push %ebx
  xor %ebx, %ebx
  call begin_in_ring
  pop %ebx
  movl $PROLOGUE, tss+0x20
  movl $STACKS+0x3e0, tss+0x38
  mov data_selectors(,%ebx,4), %eax
  mov %eax, tss+0x48; mov %eax, tss+0x54; mov %eax, tss+0x58; mov %eax, tss+0x5c
  # SS, ESP, EFLAGS, CS, EIP
  mov $PROLOGUE, %edi
  movl $0xfb230f, (%edi); add $3, %edi
  call push_immediate
  mov $STACKS+0x280, %eax; call push_immediate
  pick 4; shl $12, %eax; or $2, %eax
  mostly 4, 1f
  or $0x100, %eax
1: mostly 3, 1f
  or $0x10000, %eax
1: mostly 4, 1f
  or $0x400, %eax
1: call push_immediate
  mov code_selectors(,%ebx,4), %eax; call push_immediate
  mov $CODE, %eax; call push_immediate
  movb $0xcf, (%edi)
  # DR6: BD and BS stay
  xor %eax, %eax
  mostly 4, 1f
  pick 4; shl $13, %eax
1: mov %eax, %dr6
  ret

push_immediate: movb $0x68, (%edi); mov %eax, 1(%edi); add $5, %edi; ret

/* Into DR7 (%ebx of the case): enabling bits at random, R/W and LEN of %esi. Addresses are aligned, as they have to be. */
draw_enabling:
  mov %esi, %edx; shr $18, %edx; and $3, %edx; not %edx; mov %dr0, %eax; and %edx, %eax; mov %eax, %dr0
  mov %esi, %edx; shr $22, %edx; and $3, %edx; not %edx; mov %dr1, %eax; and %edx, %eax; mov %eax, %dr1
  mov %esi, %edx; shr $26, %edx; and $3, %edx; not %edx; mov %dr2, %eax; and %edx, %eax; mov %eax, %dr2
  mov %esi, %edx; shr $30, %edx; and $3, %edx; not %edx; mov %dr3, %eax; and %edx, %eax; mov %eax, %dr3
  pick 256
  mostly 3, 1f
  mov $0xff, %eax
1: or %esi, %eax
  or $0x400, %eax
  mov %eax, tss+0x34
  ret

setup_port:
  mov %cr4, %eax; or $DE, %eax
  mostly 8, 1f
  and $~DE, %eax
1: mov %eax, %cr4
  pick 2; imul $3, %eax; mov %eax, %ebx
  call begin
  # addresses and lengths
  pick 8; add $PORT-4, %eax; mov %eax, %dr0
  pick 8; add $PORT-4, %eax; mov %eax, %dr1
  pick 8; add $PORT-4, %eax; mov %eax, %dr2
  pick 8; add $PORT-4, %eax; mov %eax, %dr3
  xor %esi, %esi
  xor %edi, %edi
1: pick_from lengths, 3
  or $2, %eax
  mov %edi, %ecx
  shl $2, %ecx; add $16, %ecx
  shl %cl, %eax
  or %eax, %esi
  inc %edi
  cmp $4, %edi; jne 1b
  call draw_enabling
  # the bit map
  mostly 4, 1f
  pick 16; add $PORT-4, %eax; bts %eax, tss+0x68
1: pick 8; add $PORT-4, %eax; mov %eax, tss+0x30
  pick 5; mov %eax, tss+0x2c
  movl $BUFFER, tss+0x40; movl $BUFFER, tss+0x44
  movl $0x57575757, tss+0x28
  mov $CODE, %edi
  pick PORTS
  lea port_code(,%eax,8), %esi
  movsl; movsl
  movl $'I', kinds
  cmpb $0xf3, CODE+1; jne 1f
  movl $'R', kinds
1: mov %cr4, %eax
  test $DE, %al; jnz 1f
  movl $'D', kinds
1: ret
lengths: .long 0, 4, 12
# NOP, the instruction, NOPs
.macro instruction bytes:vararg
.byte 0x90, \bytes
.balign 8, 0x90
.endm
.balign 8
port_code:
  instruction 0xec
  instruction 0xed
  instruction 0x66, 0xed
  instruction 0xee
  instruction 0xef
  instruction 0x66, 0xef
  instruction 0x6c
  instruction 0x6d
  instruction 0x66, 0x6d
  instruction 0x6e
  instruction 0x6f
  instruction 0x66, 0x6f
  instruction 0xf3, 0x6c
  instruction 0xf3, 0x6d
  instruction 0xf3, 0x66, 0x6d
  instruction 0xf3, 0x6e
  instruction 0xf3, 0x6f
  instruction 0xf3, 0x66, 0x6f
  # two of them
  instruction 0xec, 0xef
  instruction 0xee, 0xed
  instruction 0x6c, 0x6f
  # MOV EBP, DS and MOV SS, EBP: its trap waits
  instruction 0x8c, 0xdd, 0x8e, 0xd5, 0xed
  instruction 0x8c, 0xdd, 0x8e, 0xd5, 0x6d
.set PORTS, (. - port_code) / 8
