/*
 * What paging.S, tlb.S and a20.S share: random cases, one line each. Paging is off between them. Linear addresses below 4 MiB
 * are physical ones whatever the mode is; a case accesses three pages about the end of the second GiB:
 *
 *   X 7FFFE000, Y 7FFFF000   by PDPTE 1, PDE 1 and PTE x or y
 *   Z 80000000               by PDPTE 2, PDE 2 and PTE z
 *
 * so an access over the end of X crosses into a page of the same table, and one over the end of Y into the next page
 * directory. Every frame that can be mapped (a20.S has its own) says which it is, as data, as code and as a descriptor (`fill_frames`).
 * `seed` and `cases` (of each kind) stand behind the Multiboot header, for others to change.
 */
.set MAGIC, 0x1BADB002
.set X, 0x7fffe000
.set Y, 0x7ffff000
.set Z, 0x80000000
# Physical addresses of the structures
.set PD32, 0x200000
.set PT_LOW, 0x201000
.set PT1, 0x202000
.set PT2, 0x203000
.set PDPT, 0x204000
.set PD_LOW, 0x205000
.set PD1, 0x206000
.set PD2, 0x207000
.set GOOD_PDPT, 0x208000
.set SMALL_FRAMES, 0x210000
.set SMALL, 8
.ifndef FRAMES
.set FRAMES, SMALL + 18
.set FRAMES_OF_PAGING, 1
.endif
.set PSE, 0x10
.set PAE, 0x20
.set PGE, 0x80
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
  lgdt gdtr
  ljmp $8, $1f
1: mov $0x10, %eax
  mov %ax,%ds; mov %ax,%es; mov %ax,%ss; mov %ax,%fs; mov %ax,%gs
  mov $tss, %eax; mov %ax, gdt+0x48+2; shr $16, %eax; mov %al, gdt+0x48+4; mov %ah, gdt+0x48+7
  movl $ring0_top, tss+4
  movl $0x10, tss+8
  mov $0x48, %ax; ltr %ax
  mov $0x50, %ax; lldt %ax
  mov $0xff, %al; out %al, $0x21; out %al, $0xa1
  mov $stubs, %esi; mov $idt, %edi; mov $32, %ecx
2: mov %esi, %eax; and $0xffff, %eax; or $0x80000, %eax; mov %eax, (%edi)
  mov %esi, %eax; and $0xffff0000, %eax; or $0xee00, %eax; mov %eax, 4(%edi)
  add $16, %esi; add $8, %edi
  loop 2b
  lidt idtr
  # the low 4 MiB: a page table, and for PAE two large pages
  mov $PD32, %edi; mov $0x4000, %ecx; xor %eax, %eax; rep stosl
  mov $PT_LOW, %edi; mov $7, %eax; mov $1024, %ecx
3: stosl; add $0x1000, %eax; loop 3b
  movl $PT_LOW+7, PD32
  movl $0xe7, PD_LOW; movl $0x2000e7, PD_LOW+8
  movl $PD_LOW+1, PDPT
  movl $PD_LOW+1, GOOD_PDPT; movl $PD1+1, GOOD_PDPT+8; movl $PD2+1, GOOD_PDPT+16
  movl $kinds, kind
next_kind:
  mov kind, %eax
  cmpl $0, (%eax)
  je finish
  movl $0, number
next_case:
  call print_number
  call fill_frames
  mov kind, %eax
  call *4(%eax)
  call paging_off
  call print_outcome
  incl number
  mov number, %eax
  cmp cases, %eax
  jne next_case
  addl $8, kind
  jmp next_kind

/*
 * A frame's number is 11h and up. At 0 the end of an instruction and INT3; at 10h a data descriptor with base and limit
 * of it; at 800h MOV EAX and INT3; at FFEh the beginning of MOV EAX.
 */
fill_frames:
  xor %esi, %esi
1: mov frames(,%esi,4), %edi
  lea 0x11(%esi), %eax
  imul $0x01010101, %eax
  mov %eax, 0x10(%edi)
  mov %eax, 0x801(%edi)
  mov %al, 0xfff(%edi)
  and $0xffffff, %eax; or $0xcc000000, %eax; mov %eax, (%edi)
  and $0xff, %eax; or $0x0040f200, %eax; mov %eax, 0x14(%edi)
  movb $0xb8, 0x800(%edi)
  movb $0xcc, 0x805(%edi)
  movb $0xb8, 0xffe(%edi)
  inc %esi
  cmp $FRAMES, %esi
  jne 1b
  ret
/* Prints the numbers of the frames that are no longer as `fill_frames` left them. */
print_changed:
  xor %esi, %esi
1: mov frames(,%esi,4), %edi
  lea 0x11(%esi), %eax
  imul $0x01010101, %eax
  cmp %eax, 0x10(%edi); jne 2f
  cmp %al, 0xfff(%edi); jne 2f
  cmpb $0xb8, 0xffe(%edi); jne 2f
  mov %eax, %edx
  and $0xffffff, %eax; or $0xcc000000, %eax; cmp %eax, (%edi); jne 2f
  and $0xff, %edx; or $0x0040f200, %edx; cmp %edx, 0x14(%edi); je 3f
2: lea 0x11(%esi), %eax; call hex2
3: inc %esi
  cmp $FRAMES, %esi
  jne 1b
  ret

/*
 * Runs the code at %esi, in ring 3 if %bl is not 0, until INT3 or a fault: r_vector, r_error, r_address (CR2), r_value (EAX).
 */
attempt:
  mov $0xdeadbeef, %eax; mov %eax, %cr2
  movl $0, r_error
  push $1f
  mov %esp, saved_esp
  mov $0x57575757, %eax
  test %bl, %bl
  jz 2f
  push $0x43; push $user_top; push $2; push $0x3b; push %esi
  mov $0x43, %ecx; mov %ecx, %ds; mov %ecx, %es
  xor %ecx, %ecx
  iret
2: xor %ecx, %ecx
  jmp *%esi
1: ret

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
  mov %dx, %ds; mov %dx, %es; mov %dx, %fs; mov %dx, %gs
  mov %eax, r_value
  pop r_vector
  pop r_error
  mov %cr2, %eax; mov %eax, r_address
  mov saved_esp, %esp
  push $2; popf
  ret

/* The operations, each followed by INT3; four are to be found in the pages. */
operations: .long o0, o1, o2, o3, o4, o5, Y+0x800, Z-2, o8, o9, o10, o11, o12, o13, X+0x800, Y-2
.set OPERATIONS, 16
# fetches over the end of a page
.set OVER_THE_END, 1<<7 | 1<<15
# fetches, and what takes a frame for a descriptor
.set NEEDS_RAM, 1<<6 | 1<<7 | 1<<11 | 1<<12 | 1<<14 | 1<<15
o0: mov Y+0x10, %eax; int3
o1: mov %eax, Y+0x10; int3
o2: add %eax, Y+0x10; int3
o3: mov Z-2, %eax; int3
o4: mov %eax, Z-2; int3
o5: xchg %eax, Z-2; int3
o8: mov Y-2, %eax; int3
o9: mov %eax, Y-2; int3
o10: mov $Y+0x10, %esi; mov $Z+0x10, %edi; movsl; int3
o11: mov $0x17, %eax; mov %ax, %gs; int3
o12: mov $0x17, %ecx; lsl %ecx, %eax; int3
o13: mov Z+0x10, %eax; int3

/*
 * Random structures for the paging of `control` (CR4) and `operation`. The entries of `entries`, low and high half: PDPTE 1
 * and 2, PDE 1, PTE x and y, PDE 2, PTE z.
 */
draw_entries:
  mov $entries, %edi
  mov $PD1, %esi; call draw_pdpte
  mov $PD2, %esi; call draw_pdpte
  mov $PT1, %esi; call draw_pde
  call draw_pte
  call draw_pte
  mov $PT2, %esi; call draw_pde
draw_pte:
  pick_from frames, SMALL; mov %eax, %ebp
  call draw_flags
  mov $8, %ecx
/* Stores an entry, one in %ecx with a bit in its high half, where it has one. Code, and what is taken for a descriptor, is in RAM. */
store_entry:
  or %ebp, %eax
  mov %eax, (%edi)
  call below
  test %eax, %eax
  mov $0, %eax
  jnz 1f
  testl $PAE, control
  jz 1f
  pick 32; mov %eax, %ecx; mov $1, %eax; shl %cl, %eax
  mov operation, %ecx
  mov $NEEDS_RAM, %edx
  bt %ecx, %edx
  jnc 1f
  and $~0xff, %eax
1: mov %eax, 4(%edi)
  add $8, %edi
  ret
/* %eax: most are present, writable and the user's; the rest of bits 11:0 at random, PS for a few. */
draw_flags:
  call random; and $0xfff, %eax; or $7, %eax
  mostly 16, 1f
  and $~1, %eax
1: mostly 6, 1f
  and $~2, %eax
1: mostly 6, 1f
  and $~4, %eax
1: rarely 3, 1f
  and $~0x80, %eax
1: ret
draw_pdpte:
  call random; and $0xe18, %eax; or $1, %eax
  mostly 16, 1f
  and $~1, %eax
1: mostly 12, 1f
  push %eax
  pick_from pdpte_reserved, 6
  pop %edx
  or %edx, %eax
1: mov %esi, %ebp
  mov $16, %ecx
  jmp store_entry
pdpte_reserved: .long 2, 4, 0x20, 0x40, 0x80, 0x100
/* %esi: the page table, if the entry is not a large page. */
draw_pde:
  call draw_flags
  mov %esi, %ebp
  test $0x80, %al
  jz 3f
  testl $PAE, control
  jnz 1f
  testl $PSE, control
  jz 3f
  push %eax
  pick 3; inc %eax; shl $22, %eax; mov %eax, %ebp
  # bits 21:13 are address bits or reserved
  mostly 6, 2f
  pick 9; mov %eax, %ecx; mov $0x2000, %eax; shl %cl, %eax
  mov operation, %ecx
  mov $NEEDS_RAM, %edx
  bt %ecx, %edx
  jnc 4f
  and $~0x1fe000, %eax
4: or %eax, %ebp
  jmp 2f
1: push %eax
  pick 6; add $2, %eax; shl $21, %eax; mov %eax, %ebp
  # bits 20:13 are reserved
  mostly 12, 2f
  pick 8; mov %eax, %ecx; mov $0x2000, %eax; shl %cl, %eax
  or %eax, %ebp
2: pick 2; shl $12, %eax; or %eax, %ebp
  pop %eax
3: mov $8, %ecx
  jmp store_entry

/* From `entries` to where they belong. */
place_entries:
  mov $entries, %esi
  testl $PAE, control
  jz 1f
  mov $PDPT+8, %edi; mov $4, %ecx; rep movsl
  mov $PD1+0xff8, %edi; movsl; movsl
  mov $PT1+0xff0, %edi; mov $4, %ecx; rep movsl
  mov $PD2, %edi; movsl; movsl
  mov $PT2, %edi; movsl; movsl
  ret
1: mov entries+16, %eax; mov %eax, PD32+0x7fc
  mov entries+24, %eax; mov %eax, PT1+0xff8
  mov entries+32, %eax; mov %eax, PT1+0xffc
  mov entries+40, %eax; mov %eax, PD32+0x800
  mov entries+48, %eax; mov %eax, PT2
  ret
/* Bits 11:0 of each, and which address bits beyond 4 GiB and reserved bits it has: 1 35:32, 2 39:36, 4 and 8 those nobody has. */
print_entries:
  testl $PAE, control
  jz 1f
  mov $PDPT+8, %esi; call print_entry
  mov $PDPT+16, %esi; call print_entry
  call dot
  mov $PD1+0xff8, %esi; call print_entry
  mov $PT1+0xff0, %esi; call print_entry
  mov $PT1+0xff8, %esi; call print_entry
  mov $PD2, %esi; call print_entry
  mov $PT2, %esi; jmp print_entry
1: mov $PD32+0x7fc, %esi; call print_entry
  mov $PT1+0xff8, %esi; call print_entry
  mov $PT1+0xffc, %esi; call print_entry
  mov $PD32+0x800, %esi; call print_entry
  mov $PT2, %esi
print_entry:
  mov (%esi), %ecx
  mov %ecx, %eax; shr $8, %eax; call hex1
  mov %ecx, %eax; call hex2
  xor %edi, %edi
  testl $PAE, control
  jz 2f
  mov 4(%esi), %edx
  test $0xf, %edx; jz 1f; or $1, %edi
1: test $0xf0, %edx; jz 1f; or $2, %edi
1: test $0xfff00, %edx; jz 1f; or $4, %edi
1: test $0xfff00000, %edx; jz 1f; or $8, %edi
1: test $0x80, %cl; jz 3f
  test $0x1fe000, %ecx; jz 3f
  # a frame of a PTE has such bits, too
  mov %esi, %edx; and $~0xfff, %edx
  cmp $PT1, %edx; je 3f
  cmp $PT2, %edx; je 3f
  cmp $PDPT, %edx; je 3f
  or $4, %edi; jmp 3f
2: testl $PSE, control; jz 3f
  test $0x80, %cl; jz 3f
  mov %esi, %edx; and $~0xfff, %edx
  cmp $PD32, %edx; jne 3f
  test $0x1e000, %ecx; jz 1f; or $1, %edi
1: test $0x1e0000, %ecx; jz 1f; or $2, %edi
1: test $0x200000, %ecx; jz 3f; or $4, %edi
3: mov %edi, %eax; jmp hex1

/* CR4 as `control`, CR0.WP as `wp` say. */
paging_on:
  mov control, %eax; mov %eax, %cr4
  mov table, %ecx; mov %ecx, %cr3
  mov %cr0, %eax; and $~0x10000, %eax; or wp, %eax; or $0x80000000, %eax; mov %eax, %cr0
  ret
paging_off: mov %cr0, %eax; and $~0x80010000, %eax; mov %eax, %cr0; ret

/* A linear congruential generator. Clobbers %ecx. */
print_number:
  mov kind, %eax; mov (%eax), %eax; call putc
  mov number, %eax; call hex4
  mov $' ', %al; jmp putc
/* A digit: CR4.PSE, PAE, PGE and CR0.WP. */
print_mode:
  mov control, %edx
  mov wp, %eax; shr $13, %eax
  test $PSE, %edx; jz 1f; or $1, %eax
1: test $PAE, %edx; jz 1f; or $2, %eax
1: test $PGE, %edx; jz 1f; or $4, %eax
1: jmp hex1
/* What `attempt` found. */
print_attempt:
  mov r_vector, %eax; call hex2
  mov r_error, %eax; call hex2; call dot
  mov r_address, %eax; call hex8; call dot
  mov r_value, %eax
.include "report.S"

.data
.align 16
gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0, 0, 0, 0, 0x00cffb000000ffff, 0x00cff3000000ffff
 .quad 0x0000890000000067
 # the LDT is the page Y
 .word 0x0fff, Y & 0xffff, 0x8200 | (Y >> 16 & 0xff), Y >> 16 & 0xff00
gdtr: .word 0x57; .long gdt
idtr: .word 0xff; .long idt
frames:
.ifdef FRAMES_OF_PAGING
.set i,0
.rept SMALL
 .long SMALL_FRAMES + i * 0x1000
.set i,i+1
.endr
.set i,2
.rept 6
 .long i * 0x200000, i * 0x200000 + 0x1fe000, i * 0x200000 + 0x1ff000
.set i,i+1
.endr
.else
 FRAME_TABLE
.endif
entries: .skip 56
control: .long 0
# What CR3 is to be, and CR0.WP
table: .long 0
wp: .long 0
operation: .long 0
ring: .long 0
kind: .long 0
number: .long 0
r_vector: .long 0
r_error: .long 0
r_address: .long 0
r_value: .long 0
saved_esp: .long 0
.bss
.align 16
idt: .skip 256
tss: .skip 128
.skip 4096
stack_top:
.skip 4096
ring0_top:
.skip 4096
user_top: .skip 64
