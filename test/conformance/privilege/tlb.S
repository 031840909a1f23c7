/*
 * What software may rely on of the TLB (SDM Vol. 3A, "Caching Translation Information"): random paging structures, an
 * operation that may leave translations, a change, what makes the change seen, and another operation. paging-loop.S says
 * where. What the manual leaves open is not asked for: no case depends on an old translation being there, or not.
 *
 *   T, by `hows`:  0 INVLPG of each page, or of any address in a large one   1 MOV CR3; no page is global by G and CR4.PGE
 *                  2 CR4.PGE changes   3 CR4.PSE changes   4 CR0.PG cleared and set   5 CR0.WP changes, nothing else
 *                  6 more rights, no invalidation: the third attempt counts   7 A and D cleared, INVLPG
 *                  8 nothing changes   9 CR4.PAE changes, with other structures at the same CR3, in ring 0
 *
 * A line: CR4.PSE, PAE, PGE and CR0.WP at the end, how, operation and ring twice | twice: vector and error code (03: none) |
 * CR2 | EAX | then frames written to | PDPTEs | the other entries.
 *
 * Build: gcc -m32 -nostdlib -static -no-pie -Wl,-N,-Ttext=0x100000,--build-id=none -o tlb.elf tlb.S
 * qemu-tlb.txt.gz is what QEMU 7.2 wrote, bochs-tlb.txt.gz what Bochs 2.7 did:
 * `npm run conformance:privilege -- qemu|bochs tlb`.
 */
.set CASES, 4096
.include "paging-loop.S"
.text
kinds: .long 'T', setup, 0
# Low page table and low page directory in one: see how_pae.
.set BOTH, 0x209000

setup:
  pick HOWS; mov %eax, how
  movl $PT_LOW+7, PD32
  movl $0, PD32+8; movl $0, PD32+16
  pick 16; mov %eax, %ebx
  xor %eax, %eax
  test $3, %bl; jz 1f; or $PSE, %eax
1: test $4, %bl; jz 1f; or $PAE, %eax
1: test $8, %bl; jz 1f; or $PGE, %eax
1: mov %eax, control
  pick 2; shl $16, %eax; mov %eax, wp
  mov $PD32, %eax
  testl $PAE, control; jz 1f
  mov $PDPT, %eax
1: mov %eax, table
  pick 2; mov %eax, ring
  pick 2; mov %eax, second_ring
  cmpl $9, how
  jne 1f
  call how_pae
1: pick OPERATIONS; mov %eax, operation
  call draw
  cmpl $1, how
  jne 2f
  testl $PGE, control
  jz 2f
  # no global pages
  mov $entries, %edi; mov $7, %ecx
1: andl $~0x100, (%edi); add $8, %edi; loop 1b
2: call place_entries
  mov $entries, %esi; mov $before, %edi; mov $14, %ecx; rep movsl
  mov control, %eax; mov %eax, control_before
  call paging_on
  call run
  mov operation, %eax; mov %eax, first_operation
  mov ring, %eax; mov %eax, first_ring
  mov $r_vector, %esi; mov $first, %edi; mov $4, %ecx; rep movsl
  # half of the time the same operation
  pick 2
  test %eax, %eax
  jz 1f
  pick OPERATIONS; mov %eax, operation
  # code that was written over says nothing: 6 and 14 fetch what no operation writes to
  mov $OVER_THE_END, %edx
  bt %eax, %edx
  jnc 1f
  decl operation
1: mov second_ring, %eax; mov %eax, ring
  mov how, %eax
  call *hows(,%eax,4)
run:
  mov ring, %bl
  mov operation, %eax
  mov operations(,%eax,4), %esi
  jmp attempt

/* Random entries without addresses past 4 GiB; PDPTEs as they should be. */
draw:
  call draw_entries
  mov $entries, %edi; mov $7, %ecx
1: movl $0, 4(%edi)
  add $8, %edi
  loop 1b
  movl $PD1+1, entries; movl $PD2+1, entries+8
  testl $PAE, control
  jnz 3f
  testl $PSE, control
  jz 3f
  mov $entries+16, %edi; call 2f
  mov $entries+40, %edi
2: testb $0x80, (%edi)
  jz 3f
  andl $~0x3fe000, (%edi)
3: ret

hows: .long how_invlpg, how_cr3, how_pge, how_pse, how_pg, how_wp, how_rights, how_flags, how_nothing, toggle_pae
.set HOWS, 10
change: call draw; jmp place_entries
how_invlpg: call change
/* INVLPG of all pages there were: of a large one, any address will do. */
invalidate:
  testl $PAE, control_before; jnz 1f
  testl $PSE, control_before; jz 2f
1: testb $0x80, before+16; jz 2f
  call random
  mov $0x3fffff, %edx
  testl $PAE, control_before; jz 1f
  shr $1, %edx
1: and %edx, %eax; not %edx; and $Y, %edx; or %edx, %eax
  invlpg (%eax)
  jmp 3f
2: pick 4096; invlpg X(%eax)
  pick 4096; invlpg Y(%eax)
3: pick 4096; invlpg Z(%eax); ret
how_cr3: call change; mov %cr3, %eax; mov %eax, %cr3; ret
how_pge: call change; mov control, %eax; xor $PGE, %eax; mov %eax, control; mov %eax, %cr4; ret
how_pse:
  # the structures are for CR4.PSE as it will be
  mov control, %eax; xor $PSE, %eax; mov %eax, control
  call change
  mov control, %eax; mov %eax, %cr4; ret
how_pg: call change; mov %cr0, %eax; and $0x7fffffff, %eax; mov %eax, %cr0; or $0x80000000, %eax; mov %eax, %cr0; ret
how_wp: mov wp, %eax; xor $0x10000, %eax; mov %eax, wp; mov %cr0, %eax; xor $0x10000, %eax; mov %eax, %cr0; ret
how_rights:
  call how_nothing
  mov $entries+16, %edi; mov $5, %ecx
1: orl $7, (%edi); add $8, %edi; loop 1b
  call place_entries
  call run
  jmp run
how_flags:
  call how_nothing
  mov $entries+16, %edi; mov $5, %ecx
1: andl $~0x60, (%edi); add $8, %edi; loop 1b
  call place_entries
  jmp invalidate
/* The entries as they are by now. */
how_nothing:
  mov $entries+16, %edi
  testl $PAE, control
  jz 1f
  mov PD1+0xff8, %eax; mov %eax, (%edi)
  mov PT1+0xff0, %eax; mov %eax, 8(%edi)
  mov PT1+0xff8, %eax; mov %eax, 16(%edi)
  mov PD2, %eax; mov %eax, 24(%edi)
  mov PT2, %eax; mov %eax, 32(%edi)
  ret
1: mov PD32+0x7fc, %eax; mov %eax, (%edi)
  mov PT1+0xff8, %eax; mov %eax, 8(%edi)
  mov PT1+0xffc, %eax; mov %eax, 16(%edi)
  mov PD32+0x800, %eax; mov %eax, 24(%edi)
  mov PT2, %eax; mov %eax, 32(%edi)
  ret
/*
 * What CR3 names is a page directory and four PDPTEs; its first entry leads to a page table that is a page directory,
 * too: as such, it has two large pages. Bits that make an entry the user's or writable are reserved in a PDPTE.
 */
how_pae:
  mov $BOTH, %edi; xor %eax, %eax; mov $256, %ecx; rep stosl
  mov $0x100007, %eax; mov $768, %ecx
1: stosl; add $0x1000, %eax; loop 1b
  movl $0xe3, BOTH; movl $0x2000e3, BOTH+8
  movl $BOTH+1, PD32; movl $PD1+1, PD32+8; movl $PD2+1, PD32+16
  movl $PD32, table
  movl $0, wp; movl $0, ring; movl $0, second_ring
  ret
toggle_pae:
  mov control, %eax; xor $PAE, %eax; mov %eax, control
  call change
  mov control, %eax
  jmp 1f
.align 16
  # in a PDPTE, the accessed flag that its use as a PDE has set is reserved
1: andl $~0x20, PD32
  mov %eax, %cr4
  ret

print_outcome:
  call print_mode
  mov how, %eax; call hex1
  mov first_operation, %eax; call hex1
  mov first_ring, %eax; call hex1
  mov operation, %eax; call hex1
  mov ring, %eax; call hex1; call dot
  mov $r_vector, %esi; mov $second, %edi; mov $4, %ecx; rep movsl
  mov $first, %esi; mov $r_vector, %edi; mov $4, %ecx; rep movsl
  call print_attempt; call dot
  mov $second, %esi; mov $r_vector, %edi; mov $4, %ecx; rep movsl
  call print_attempt; call dot
  call print_changed; call dot
  testl $PAE, control
  jnz 2f
  call dot
2: call print_entries
  jmp newline
.data
how: .long 0
first_operation: .long 0
first_ring: .long 0
second_ring: .long 0
control_before: .long 0
first: .skip 16
second: .skip 16
before: .skip 56
