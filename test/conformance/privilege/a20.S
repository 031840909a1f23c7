/*
 * Random accesses with the A20 line high and low (paging-loop.S says how they run, and where with paging):
 *
 *   A  without paging, at addresses in odd and even MiB and over their ends
 *   B  with paging, 32-bit with and without CR4.PSE, and PAE
 *
 * Low, the line makes bit 20 of each physical address 0, those of the page walk too. Every structure stands twice, in an
 * even MiB and, with other entries, in the odd one above it; CR3, PDPTEs and PDEs name either. Three operations a case, in
 * front of each the line is driven high or low. Where a structure is in an odd MiB, CR3 is loaded or INVLPG executed after that:
 * whether a translation outlives the change is left open. Where none is, translations made before the change may be used.
 *
 * A line: CR4.PSE, PAE | where CR3, the PDPTEs and PDEs point | three times: operation, page or ring, line, and its way | three times: EAX, or vector,
 * error code and CR2 | frames written to | A and D of PDE 1, PTE x, PTE y, PDE 2, PTE z, in the even MiB and in the odd one.
 *
 * The kernel itself is in an even MiB.
 *
 * Build: gcc -m32 -nostdlib -static -no-pie -Wl,-N,-Ttext=0x280000,--build-id=none -o a20.elf a20.S
 * qemu-a20.txt.gz is what QEMU 7.2 wrote, bochs-a20.txt.gz what Bochs 2.7 did:
 * `npm run conformance:privilege -- qemu|bochs a20`.
 */
.set CASES, 1024
# By MiB: 0 and 1 (where there is no ROM), 4 to 15
.set FRAMES, 3*2 + 5*12
.macro FRAME_TABLE
.set i,0
.rept 2
 .long i << 20, (i << 20) + 0x7f000, (i << 20) + 0x80000
.set i,i+1
.endr
.set i,4
.rept 12
 .long i << 20, (i << 20) + 0x7f000, (i << 20) + 0x80000, (i << 20) + 0xfe000, (i << 20) + 0xff000
.set i,i+1
.endr
.endm
.include "paging-loop.S"
.text
kinds: .long 'A', without_paging, 'B', with_paging, 0
.set ODD, 0x100000
.set STEPS, 3

without_paging:
  movl $0, control
  movl $0, odd
  movl $0, wp
  movl $0, ring
  jmp steps

with_paging:
  pick_from modes, 4; mov %eax, control
  movl $PD32, table
  testl $PAE, control; jz 1f
  movl $PDPT, table
  # bits: CR3, PDPTE 1 and 2, PDE 1 and 2, in either copy
1: movl $0, odd
  pick 3
  test %eax, %eax
  jz 1f
  pick 512; mov %eax, odd
  testl $1, odd
  jz 1f
  orl $ODD, table
1: call draw_structures
  pick 2; shl $16, %eax; mov %eax, wp
  # the line may be low while paging is switched on
  call draw_line
  call drive_line
  call paging_on
  pick 2; mov %eax, ring
steps:
  movl $0, step
  movl $0, written_over
next_step:
  mov step, %esi
  call draw_operation
  call draw_line
  call drive_line
  cmpl $0, odd
  je 1f
  call renew
1: mov step, %esi
  mov step_line(,%esi,4), %eax
  mov step_base(,%esi,4), %ebp
  mov step_operation(,%esi,4), %eax
  mov operations20(,%eax,4), %esi
  lea 0x800(%ebp), %edi
  cmp $FETCH, %eax; je 2f
  lea 0xffe(%ebp), %edi
  cmp $FETCH_OVER, %eax; jne 3f
2: mov %edi, %esi
3: mov ring, %bl
  call attempt
  mov step, %eax; shl $4, %eax
  lea results(%eax), %edi
  mov $r_vector, %esi; mov $4, %ecx; rep movsl
  incl step
  cmpl $STEPS, step
  jne next_step
  movl $1, line; movl $0, line_way
  jmp drive_line
modes: .long 0, PSE, PAE, PAE

/* %esi: the step. One in three does what the one before did. */
draw_operation:
  test %esi, %esi; jz 4f
  pick 3
  test %eax, %eax; jnz 4f
  mov step_base-4(,%esi,4), %eax; mov %eax, step_base(,%esi,4)
  mov step_operation-4(,%esi,4), %eax; mov %eax, step_operation(,%esi,4)
  ret
4:
  pick OPERATIONS20
  mov $WRITES_OVER, %edx
  bt %eax, %edx
  jnc 1f
  movl $1, written_over
  # what was written over is no code
1: cmp $FETCH_OVER, %eax; jne 2f
  cmpl $0, written_over; je 2f
  mov $FETCH, %eax
2: mov %eax, step_operation(,%esi,4)
  mov kind, %edx
  cmpl $'B', (%edx)
  je 3f
  mov $OVER, %edx
  bt %eax, %edx
  jc 1f
  pick_from frames, FRAMES
  jmp 2f
1: pick_from ends, ENDS
2: mov %eax, step_base(,%esi,4)
  ret
3: mov %eax, %edi
  pick 3; shl $12, %eax; add $X, %eax
  mov $OVER, %edx
  bt %edi, %edx
  jnc 2b
  cmp $Z, %eax
  jne 2b
  mov $Y, %eax
  jmp 2b

/* The line as it shall be, and by what: 0 port 92h, 1 the 8042's output port. */
draw_line:
  pick 2; mov %eax, line
  pick 2; mov %eax, line_way
  mov step, %esi
  mov line, %edx; shl $1, %edx; or %edx, %eax
  mov %eax, step_line(,%esi,4)
  ret
drive_line:
  cmpl $0, line_way
  jne 1f
  in $0x92, %al
  and $0xfc, %al
  mov line, %edx; shl $1, %edx; or %dl, %al
  out %al, $0x92
  ret
1: call wait_8042
  mov $0xd1, %al; out %al, $0x64
  call wait_8042
  mov line, %eax; shl $1, %eax; or $0xdd, %al
  out %al, $0x60
wait_8042: in $0x64, %al; test $2, %al; jnz wait_8042
  ret
/* With PAE the PDPTEs are to be loaded again, too. */
renew:
  testl $PAE, control; jnz 1f
  pick 2
  test %eax, %eax; jz 1f
  invlpg X; invlpg Y; invlpg Z
  ret
1: mov %cr3, %eax; mov %eax, %cr3; ret

/* Entries for both copies, and the low 4 MiB in each. */
draw_structures:
  mov odd, %ebx; shr $1, %ebx
  call draw_copy
  xor %ebx, %ebx
  mov odd, %eax; shr $5, %eax
  mov %eax, %ebx
  call copy_structures
/* %ebx: which of PT1, PT2, PD1, PD2 are named in the odd MiB. */
draw_copy:
  # bit 0: PDE 1, 1: PDE 2, 2: PDPTE 1, 3: PDPTE 2
  mov $PT1+7, %esi; mov $1, %edx; call place; mov $entries+16, %edi; call draw_table
  mov $PT2+7, %esi; mov $2, %edx; call place; mov $entries+40, %edi; call draw_table
  mov $entries+24, %edi; call draw_page
  mov $entries+32, %edi; call draw_page
  mov $entries+48, %edi; call draw_page
  mov $PD1+1, %esi; mov $4, %edx; call place; mov %esi, entries; movl $0, entries+4
  mov $PD2+1, %esi; mov $8, %edx; call place; mov %esi, entries+8; movl $0, entries+12
  jmp place_entries
place: test %edx, %ebx; jz 1f; or $ODD, %esi
1: ret
draw_page:
  pick_from frames, FRAMES
  or $7, %eax
  mostly 16, 1f
  and $~1, %eax
1: mostly 12, 1f
  and $~2, %eax
1: mov %eax, (%edi); movl $0, 4(%edi); ret
draw_table:
  pick 4
  test %eax, %eax
  jnz 1f
  testl $PAE, control; jnz 2f
  testl $PSE, control; jz 1f
  pick 3; inc %eax; shl $22, %eax; or $0x87, %eax; mov %eax, %esi
  jmp 1f
2: pick 6; add $2, %eax; shl $21, %eax; or $0x87, %eax; mov %eax, %esi
1: mov %esi, (%edi); movl $0, 4(%edi); ret
/* The even MiB's structures into the odd one. */
copy_structures: mov $PD32, %esi; mov $PD32+ODD, %edi; mov $0x2400, %ecx; rep movsl; ret

/* The address is in %ebp. */
operations20: .long a0, a1, a2, a3, a4, a5, a6, a7, 0, 0, a10, a11, a12, a13, a14, a15
.set OPERATIONS20, 16
.set FETCH, 8
.set FETCH_OVER, 9
# into the next page; and writes there, or before its end
.set OVER, 1<<3 | 1<<4 | 1<<5 | 1<<6 | 1<<7 | 1<<9 | 1<<10 | 1<<12 | 1<<15
.set WRITES_OVER, 1<<4 | 1<<5 | 1<<7 | 1<<12
a0: mov 0x10(%ebp), %eax; int3
a1: mov %eax, 0x10(%ebp); int3
a2: add %eax, 0x10(%ebp); int3
a3: mov 0xffe(%ebp), %eax; int3
a4: mov %eax, 0xffe(%ebp); int3
a5: xchg %eax, 0xffe(%ebp); int3
a6: lea 0xffe(%ebp), %esi; mov $copied, %edi; mov $4, %ecx; rep movsb; mov copied, %eax; int3
a7: lea 0xffe(%ebp), %edi; mov $2, %ecx; rep stosw; int3
a10: fninit; fildl 0xffe(%ebp); fistpl copied; mov copied, %eax; int3
a11: fninit; fildll 0x10(%ebp); fistpll copied; mov copied+4, %eax; int3
a12: mov %eax, copied; fninit; fildl copied; fistpl 0xffe(%ebp); int3
a13: pushl 0x10(%ebp); pop %eax; int3
a14: mov 0xfff(%ebp), %al; int3
a15: lea 0x10(%ebp), %esi; lea 0x1010(%ebp), %edi; movsl; int3

print_outcome:
  call print_mode
  mov odd, %eax; shr $8, %eax; call hex1
  mov odd, %eax; call hex2
  xor %esi, %esi
1: call dot
  mov step_operation(,%esi,4), %eax; call hex1
  mov step_base(,%esi,4), %eax
  mov kind, %edx
  cmpl $'B', (%edx)
  je 2f
  shr $12, %eax; push %eax; shr $8, %eax; call hex1; pop %eax; call hex2
  jmp 3f
2: shr $12, %eax; sub $X >> 12, %eax; mov ring, %edx; shl $2, %edx; or %edx, %eax; call hex1
3: mov step_line(,%esi,4), %eax; call hex1
  call dot
  mov %esi, %edi; shl $4, %edi
  cmpl $3, results(%edi)
  jne 4f
  mov results+12(%edi), %eax; call hex8
  jmp 5f
4: mov results(%edi), %eax; call hex2
  mov results+4(%edi), %eax; call hex2
  mov results+8(%edi), %eax; call hex8
5: inc %esi
  cmp $STEPS, %esi
  jne 1b
  call dot
  call print_changed; call dot
  mov kind, %edx
  cmpl $'A', (%edx)
  je newline
  xor %ebp, %ebp
  call print_flags
  mov $ODD, %ebp
  call print_flags
  jmp newline
print_flags:
  mov $FLAGS_32, %esi
  testl $PAE, control; jz 1f
  mov $FLAGS_PAE, %esi
1: mov (%esi), %edi
  test %edi, %edi; jz 2f
  mov (%edi,%ebp), %eax; shr $5, %eax; and $3, %eax; call hex1
  add $4, %esi
  jmp 1b
2: ret
.data
FLAGS_32: .long PD32+0x7fc, PT1+0xff8, PT1+0xffc, PD32+0x800, PT2, 0
FLAGS_PAE: .long PD1+0xff8, PT1+0xff0, PT1+0xff8, PD2, PT2, 0
# of these the next page is in `frames`, too
ends: .long 0x7f000, 0x17f000
.set i,4
.rept 11
 .long (i << 20) + 0x7f000, (i << 20) + 0xfe000, (i << 20) + 0xff000
.set i,i+1
.endr
.set ENDS, 2 + 3*11
odd: .long 0
line: .long 0
line_way: .long 0
step: .long 0
written_over: .long 0
step_operation: .skip 4*STEPS
step_base: .skip 4*STEPS
step_line: .skip 4*STEPS
results: .skip 16*STEPS
copied: .long 0, 0
