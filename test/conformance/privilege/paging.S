/*
 * Random paging structures and one access through them, or two over the end of a page (paging-loop.S says where):
 *
 *   P  32-bit paging with and without CR4.PSE   Q  PAE paging
 *
 * A line: CR4.PSE, PAE, PGE and CR0.WP, how the PDPTEs were loaded, operation, ring | vector of the load (03: none) |
 * vector and error code (03: none) | CR2 | EAX | frames written to | PDPTEs | the other entries.
 *
 * Build: gcc -m32 -nostdlib -static -no-pie -Wl,-N,-Ttext=0x100000,--build-id=none -o paging.elf paging.S
 * qemu-paging.txt.gz is what QEMU 7.2 wrote, bochs-paging.txt.gz what Bochs 2.7 did:
 * `npm run conformance:privilege -- qemu|bochs paging`.
 */
.set CASES, 3072
.include "paging-loop.S"
.text
kinds: .long 'P', legacy, 'Q', pae, 0

legacy:
  movl $PD32, table
  pick 2; shl $4, %eax
  jmp draw
pae:
  movl $PDPT, table
  # CR4.PSE does not matter
  pick 2; shl $4, %eax; or $PAE, %eax
draw:
  mov %eax, control
  pick 2; shl $7, %eax; or %eax, control
  pick 2; shl $16, %eax; mov %eax, wp
  pick OPERATIONS; mov %eax, operation
  pick 2; mov %eax, ring
  call draw_entries
  movl $0, way
  testl $PAE, control
  jz 1f
  pick 4; mov %eax, way
1: mov way, %eax
  call *ways(,%eax,4)
  mov r_vector, %eax; mov %eax, load_vector
  movl $0x99, r_vector
  movl $0, r_error; movl $0, r_address; movl $0, r_value
  # a load that faulted leaves the PDPTEs that were there before, if any
  test $0x80000000, %ebp
  jz 2f
  mov ring, %bl
  mov operation, %eax
  mov operations(,%eax,4), %esi
  jmp attempt
2: ret

/* Each leaves the vector of the load in `r_vector` and CR0 in %ebp. */
ways: .long by_cr0, by_cr3, by_cr4, not_at_all
by_cr0:
  call place_entries
  mov control, %eax; mov %eax, %cr4
  mov table, %ecx; mov %ecx, %cr3
  mov $1f, %esi
  jmp load
1: mov %cr0, %eax; and $~0x10000, %eax; or wp, %eax; or $0x80000000, %eax; mov %eax, %cr0; int3
by_cr3:
  call place_entries
  movl $GOOD_PDPT, table
  call paging_on
  mov $1f, %esi
  jmp load
1: mov $PDPT, %eax; mov %eax, %cr3; int3
by_cr4:
  call good_entries
  call paging_on
  call place_entries
  mov $1f, %esi
  jmp load
1: mov control, %eax; xor $PGE, %eax; mov %eax, control; mov %eax, %cr4; int3
not_at_all:
  call good_entries
  call paging_on
  call place_entries
  mov $1f, %esi
  jmp load
1: int3
load:
  xor %ebx, %ebx
  call attempt
  mov %cr0, %ebp
  ret
good_entries: movl $PD1+1, PDPT+8; movl $0, PDPT+12; movl $PD2+1, PDPT+16; movl $0, PDPT+20; ret

print_outcome:
  call print_mode
  mov way, %eax; call hex1
  mov operation, %eax; call hex1
  mov ring, %eax; call hex1; call dot
  mov load_vector, %eax; call hex2; call dot
  call print_attempt; call dot
  call print_changed; call dot
  testl $PAE, control
  jnz 2f
  call dot
2: call print_entries
  jmp newline
.data
way: .long 0
load_vector: .long 0
