/*
 * What the kernels of this folder have in common that report random cases: numbers drawn from `seed`, hexadecimal numbers to
 * COM1, and the end. They change EBX, ECX and EDX.
 */
random: mov seed, %eax; imul $1664525, %eax; add $1013904223, %eax; mov %eax, seed
  mov %eax, %ecx; shr $15, %ecx; xor %ecx, %eax; ret
/* EAX: below ECX. */
below: push %ecx; call random; pop %ecx; mul %ecx; mov %edx, %eax; ret

hex8: push %eax; shr $16,%eax; call hex4; pop %eax
hex4: push %eax; shr $8,%eax; call hex2; pop %eax
hex2: push %eax; shr $4,%eax; call hex1; pop %eax
hex1: and $15,%eax; mov hexd(%eax),%al
putc: mov %al, %bl; mov $0x3f8+5,%dx
1: in %dx,%al; test $0x20,%al; jz 1b
  mov %bl,%al; mov $0x3f8,%dx; out %al,%dx; ret
hex3: push %eax; shr $8,%eax; call hex1; pop %eax; jmp hex2
dot: mov $'.', %al; jmp putc
newline: mov $10, %al; jmp putc
hexd: .ascii "0123456789abcdef"

/* The line of the end; isa-debug-exit. */
finish:
  mov $'D', %al; call putc
  mov $10, %al; call putc
  mov $0x10, %eax
  mov $0xf4, %dx; out %eax, %dx
  mov $0x501, %dx; out %eax, %dx
1: hlt
  jmp 1b
