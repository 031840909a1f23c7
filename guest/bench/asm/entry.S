# From the boot loader to bench_main. Multiboot Specification 0.6.96, "OS image format" and "I386 machine state".
# Paging is off, and a symbol's address is its physical one.

        .set    MULTIBOOT_MAGIC, 0x1BADB002
        .set    MULTIBOOT_FLAGS, 0

        .cfi_sections .debug_frame

        .section .multiboot, "a"
        .p2align 2
        .long   MULTIBOOT_MAGIC
        .long   MULTIBOOT_FLAGS
        .long   -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

        .section .text.entry, "ax"
        .globl  _start
        .type   _start, @function
_start:
        .cfi_startproc
        .cfi_undefined eip              # outermost: nobody called us
        cli
        cld
        xorl    %ebp, %ebp
        movl    $boot_stack_top, %esp
        pushl   %ebx
        pushl   %eax
        call    bench_main              # bench_main(magic, info): does not return
spin:   hlt
        jmp     spin
        .cfi_endproc
        .size   _start, . - _start

        .bss
        .p2align 12
boot_stack:
        .space  65536
boot_stack_top:

# Where the CPU goes on a trap from ring 3 (esp0 of the TSS), and the user's own stack.
        .globl  trap_stack_top, user_stack, user_stack_top
trap_stack:
        .space  16384
trap_stack_top:
user_stack:
        .space  4096
user_stack_top:
