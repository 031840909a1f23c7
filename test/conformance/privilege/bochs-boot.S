/*
 * Boot sector that starts a Multiboot kernel under Bochs, which has no loader for one: reads the flat image that
 * follows it on the disk to 10000h, enters protected mode, moves the image to its place and jumps to its entry with
 * the registers that Multiboot Specification 0.6.96, "Machine state", asks for. bochs.ts makes the disk and fills in
 * the table at the end.
 *
 * Build: as --32 -o boot.o bochs-boot.S && ld -m elf_i386 -Ttext=0x7c00 --oformat binary -o bochs-boot.bin boot.o
 */
.set BUFFER, 0x10000
.set SECTORS_ONCE, 64
.code16
.globl _start
_start:
  cli
  xor %ax, %ax
  mov %ax, %ds
  mov %ax, %ss
  mov $0x7c00, %sp
  ljmp $0, $1f
1: mov $0x2401, %ax
  int $0x15
  in $0x92, %al
  or $2, %al
  out %al, $0x92
2: mov $0x42, %ah
  mov $0x80, %dl
  mov $packet, %si
  int $0x13
  jc failed
  addw $SECTORS_ONCE * 512 / 16, packet_segment
  addl $SECTORS_ONCE, packet_sector
  subw $SECTORS_ONCE, sectors
  ja 2b
  cli
  # No device of the BIOS is to interrupt: both 8259s are masked, as the kernels leave them alone.
  mov $0xff, %al
  out %al, $0x21
  out %al, $0xa1
  # COM1: 115200, 8N1, no interrupts
  mov $0x3fb, %dx; mov $0x80, %al; out %al, %dx
  mov $0x3f8, %dx; mov $1, %al; out %al, %dx
  mov $0x3f9, %dx; xor %al, %al; out %al, %dx
  mov $0x3fb, %dx; mov $3, %al; out %al, %dx
  lgdtl gdtr
  mov %cr0, %eax
  or $1, %al
  mov %eax, %cr0
  ljmpl $8, $3f
failed: hlt
  jmp failed
.code32
3: mov $0x10, %eax
  mov %ax, %ds; mov %ax, %es; mov %ax, %ss; mov %ax, %fs; mov %ax, %gs
  cld
  mov $BUFFER, %esi
  mov load_address, %edi
  mov dwords, %ecx
  rep movsl
  mov $0x2badb002, %eax
  mov $information, %ebx
  jmp *entry

.align 8
gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr: .word gdtr - gdt - 1; .long gdt
# Disk address packet of INT 13h, AH = 42h.
.align 4
packet: .byte 16, 0
  .word SECTORS_ONCE, 0
packet_segment: .word BUFFER >> 4
packet_sector: .long 1, 0
# Multiboot information: flags, of which bit 0 says that mem_lower and mem_upper are there.
information: .long 1, 639, 15 << 10
# Filled in by bochs.ts.
.org 0x1ec
load_address: .long 0
entry: .long 0
dwords: .long 0
sectors: .word 0
.org 0x1fe
.word 0xaa55
