# From the CPU's interrupt frame to trap(), and back. JOS kern/trapentry.S; SDM Vol. 3A, "Exception- or Interrupt-
# Handler Procedures".
#
# Each vector has an entry that brings the stack into one form (abi/src/trap.rs, Trapframe):
#
#      0  edi esi ebp oesp ebx edx ecx eax       pushal
#     32  es   36  ds
#     40  trapno                                 pushed by the vector's entry
#     44  err                                    pushed by the CPU, or 0 by the vector's entry
#     48  eip  52  cs  56  eflags                pushed by the CPU
#     60  esp  64  ss                            pushed by the CPU when the trap came from user mode
#
# The call frame information below finds the interrupted registers in that frame, so a debugger unwinds through.

        .set    GD_KD, 0x10

        .cfi_sections .debug_frame

# The trap frame starts at %esp + \base. DW_OP_breg4 n is %esp + n, n a signed LEB128, here always of two bytes. The canonical frame address is the interrupted %esp: the one in the frame when
# the trap came from user mode, else the address where that would be.
        .macro  CFI_TRAPFRAME base
        CFI_CFA (\base + 52), (\base + 60)
        CFI_AT  8, (\base + 48)
        CFI_AT  9, (\base + 56)
        .endm

# DW_CFA_def_cfa_expression: breg4 cs; deref; lit3; and; bra user; breg4 esp; skip end; user: breg4 esp; deref; end:
        .macro  CFI_CFA cs, esp
        .cfi_escape 0x0F, 19
        .cfi_escape 0x74, 0x80 | (\cs & 0x7F), (\cs >> 7) & 0x7F, 0x06, 0x33, 0x1A, 0x28, 6, 0
        .cfi_escape 0x74, 0x80 | (\esp & 0x7F), (\esp >> 7) & 0x7F, 0x2F, 4, 0
        .cfi_escape 0x74, 0x80 | (\esp & 0x7F), (\esp >> 7) & 0x7F, 0x06
        .endm

# DW_CFA_expression: the register is saved at %esp + \at.
        .macro  CFI_AT register, at
        .cfi_escape 0x10, \register, 3, 0x74, 0x80 | (\at & 0x7F), (\at >> 7) & 0x7F
        .endm

# As above, and the general registers are saved in it: DWARF register, offset in the frame.
        .macro  CFI_PUSHED base
        CFI_TRAPFRAME \base
        CFI_AT  7, (\base + 0)
        CFI_AT  6, (\base + 4)
        CFI_AT  5, (\base + 8)
        CFI_AT  3, (\base + 16)
        CFI_AT  2, (\base + 20)
        CFI_AT  1, (\base + 24)
        CFI_AT  0, (\base + 28)
        .endm

# A vector where the CPU pushes an error code.
        .macro  TRAPHANDLER name, vector
        .type   \name, @function
\name:
        .cfi_startproc
        .cfi_signal_frame
        CFI_TRAPFRAME -44
        pushl   $\vector
        CFI_TRAPFRAME -40
        jmp     alltraps
        .cfi_endproc
        .size   \name, . - \name
        .pushsection .rodata.trap_vectors, "a"
        .org    trap_vectors + 4 * \vector
        .long   \name
        .popsection
        .endm

# A vector where it pushes none.
        .macro  TRAPHANDLER_NOEC name, vector
        .type   \name, @function
\name:
        .cfi_startproc
        .cfi_signal_frame
        CFI_TRAPFRAME -48
        pushl   $0
        CFI_TRAPFRAME -44
        pushl   $\vector
        CFI_TRAPFRAME -40
        jmp     alltraps
        .cfi_endproc
        .size   \name, . - \name
        .pushsection .rodata.trap_vectors, "a"
        .org    trap_vectors + 4 * \vector
        .long   \name
        .popsection
        .endm

# Addresses of the entries by vector; 0 where there is none. 49 of them.
        .section .rodata.trap_vectors, "a"
        .p2align 2
        .globl  trap_vectors
trap_vectors:

        .text
        TRAPHANDLER_NOEC trap_divide,      0
        TRAPHANDLER_NOEC trap_debug,       1
        TRAPHANDLER_NOEC trap_nmi,         2
        TRAPHANDLER_NOEC trap_breakpoint,  3
        TRAPHANDLER_NOEC trap_overflow,    4
        TRAPHANDLER_NOEC trap_bound,       5
        TRAPHANDLER_NOEC trap_illop,       6
        TRAPHANDLER_NOEC trap_device,      7
        TRAPHANDLER      trap_dblflt,      8
        TRAPHANDLER      trap_tss,         10
        TRAPHANDLER      trap_segnp,       11
        TRAPHANDLER      trap_stack,       12
        TRAPHANDLER      trap_gpflt,       13
        TRAPHANDLER      trap_pgflt,       14
        TRAPHANDLER_NOEC trap_fperr,       16
        TRAPHANDLER      trap_align,       17
        TRAPHANDLER_NOEC trap_mchk,        18
        TRAPHANDLER_NOEC trap_simderr,     19
        TRAPHANDLER_NOEC irq_timer,        32
        TRAPHANDLER_NOEC irq_kbd,          33
        TRAPHANDLER_NOEC irq_slave,        34
        TRAPHANDLER_NOEC irq_com2,         35
        TRAPHANDLER_NOEC irq_serial,       36
        TRAPHANDLER_NOEC irq_lpt2,         37
        TRAPHANDLER_NOEC irq_floppy,       38
        TRAPHANDLER_NOEC irq_spurious,     39
        TRAPHANDLER_NOEC irq_rtc,          40
        TRAPHANDLER_NOEC irq_9,            41
        TRAPHANDLER_NOEC irq_10,           42
        TRAPHANDLER_NOEC irq_11,           43
        TRAPHANDLER_NOEC irq_12,           44
        TRAPHANDLER_NOEC irq_fpu,          45
        TRAPHANDLER_NOEC irq_ide,          46
        TRAPHANDLER_NOEC irq_15,           47
        TRAPHANDLER_NOEC trap_syscall,     48

        .type   alltraps, @function
alltraps:
        .cfi_startproc
        .cfi_signal_frame
        CFI_TRAPFRAME -40
        pushl   %ds
        CFI_TRAPFRAME -36
        pushl   %es
        CFI_TRAPFRAME -32
        pushal
        CFI_PUSHED 0
        movw    $GD_KD, %ax
        movw    %ax, %ds
        movw    %ax, %es
        cld
        pushl   %esp
        CFI_PUSHED 4
        call    trap                    # trap(frame): returns only to interrupted kernel code
        addl    $4, %esp
        CFI_PUSHED 0
        .cfi_endproc
        .size   alltraps, . - alltraps
        # fall through

# Restores the registers of the frame at %esp.
        .type   trapret, @function
trapret:
        .cfi_startproc
        .cfi_signal_frame
        CFI_PUSHED 0
        popal
        CFI_TRAPFRAME -32
        .cfi_same_value edi
        .cfi_same_value esi
        .cfi_same_value ebp
        .cfi_same_value ebx
        .cfi_same_value edx
        .cfi_same_value ecx
        .cfi_same_value eax
        popl    %es
        CFI_TRAPFRAME -36
        popl    %ds
        CFI_TRAPFRAME -40
        addl    $8, %esp                # trapno and err
        CFI_TRAPFRAME -48
        iret
        .cfi_endproc
        .size   trapret, . - trapret

# env_pop_tf(tf): leaves the kernel with the registers in tf. Does not return.
        .globl  env_pop_tf
        .type   env_pop_tf, @function
env_pop_tf:
        .cfi_startproc
        movl    4(%esp), %esp
        .cfi_undefined eip
        jmp     trapret
        .cfi_endproc
        .size   env_pop_tf, . - env_pop_tf
