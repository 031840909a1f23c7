# The first instructions of the kernel, from the boot loader to i386_init.
# Multiboot Specification 0.6.96, "OS image format" and "I386 machine state"; JOS kern/entry.S, kern/entrypgdir.c.
#
# The loader enters us in 32-bit protected mode without paging, with the magic in %eax and the information structure's
# physical address in %ebx. We are linked at KERNBASE + 1 MiB but loaded at 1 MiB, so until paging is on, a symbol's
# address holds only after KERNBASE is taken off.

        .set    KERNBASE,        0xF0000000
        .set    KSTKSIZE,        (8 * 4096)

        .set    CR0_PE,          0x00000001
        .set    CR0_WP,          0x00010000
        .set    CR0_PG,          0x80000000
        .set    CR4_PSE,         0x00000010

        .set    PTE_P_W_PS,      0x083      # present, writable, 4 MiB

        .set    MULTIBOOT_MAGIC, 0x1BADB002
        .set    MULTIBOOT_FLAGS, 0x00000003      # modules on page boundaries; tell us the memory size

        .cfi_sections .debug_frame

        .section .multiboot, "a"
        .p2align 2
        .long   MULTIBOOT_MAGIC
        .long   MULTIBOOT_FLAGS
        .long   -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

# The ELF entry point is a physical address: paging is off.
        .globl  _start
        .set    _start, entry - KERNBASE

        .section .text.entry, "ax"
        .globl  entry
        .type   entry, @function
entry:
        .cfi_startproc
        .cfi_undefined eip              # outermost: nobody called us
        cld
        movl    %cr4, %ecx
        orl     $CR4_PSE, %ecx
        movl    %ecx, %cr4
        movl    $(entry_pgdir - KERNBASE), %ecx
        movl    %ecx, %cr3
        movl    %cr0, %ecx
        orl     $(CR0_PE | CR0_PG | CR0_WP), %ecx
        movl    %ecx, %cr0

        # Paging is on, %eip still low: entry_pgdir maps the first 4 MiB there as well, until we have jumped.
        movl    $relocated, %ecx
        jmp     *%ecx
relocated:
        xorl    %ebp, %ebp              # a backtrace ends here
        movl    $bootstacktop, %esp
        pushl   %ebx
        pushl   %eax
        call    i386_init               # i386_init(magic, info): does not return
spin:   hlt
        jmp     spin
        .cfi_endproc
        .size   entry, . - entry

# 4 MiB at 0, and at KERNBASE all the physical memory that fits. mem_init replaces it.
        .data
        .p2align 12
        .globl  entry_pgdir
entry_pgdir:
        .long   PTE_P_W_PS
        .fill   (KERNBASE >> 22) - 1, 4, 0
        .set    frame, 0
        .rept   1024 - (KERNBASE >> 22)
        .long   (frame << 22) | PTE_P_W_PS
        .set    frame, frame + 1
        .endr

# The kernel stack, mapped a second time below KSTACKTOP by mem_init.
        .bss
        .p2align 12
        .globl  bootstack, bootstacktop
bootstack:
        .space  KSTKSIZE
bootstacktop:
