# The user page-fault upcall: where the kernel sends page faults. JOS lib/pfentry.S.
#
# The kernel has switched to the exception stack and pushed a UTrapframe (abi/src/trap.rs):
#
#      0  fault_va    4  err    8  edi esi ebp oesp ebx edx ecx eax    40  eip   44  eflags   48  esp
#
# After the handler, all registers must become what they were at the fault, %eip and %esp at once. So the return address
# is pushed on the stack the program was on; with %esp there, `ret` does the rest. On a nested fault that stack is this
# one, and the kernel left a word free for it.

        .cfi_sections .debug_frame

# DW_CFA_expression: the register is saved at %esp + \at.
        .macro  CFI_AT register, at
        .cfi_escape 0x10, \register, 3, 0x74, 0x80 | (\at & 0x7F), (\at >> 7) & 0x7F
        .endm

        .text
        .globl  pgfault_upcall
        .type   pgfault_upcall, @function
pgfault_upcall:
        .cfi_startproc
        .cfi_signal_frame
        # The frame is at %esp + 4 during the call. DW_CFA_def_cfa_expression: breg4 52; deref
        .cfi_escape 0x0F, 3, 0x74, 52, 0x06
        CFI_AT  8, 44
        CFI_AT  9, 48
        CFI_AT  7, 12
        CFI_AT  6, 16
        CFI_AT  5, 20
        CFI_AT  3, 28
        CFI_AT  2, 32
        CFI_AT  1, 36
        CFI_AT  0, 40
        pushl   %esp
        call    pgfault_handler         # pgfault_handler(frame)
        addl    $4, %esp

        movl    40(%esp), %eax          # the return address ...
        subl    $4, 48(%esp)
        movl    48(%esp), %edx
        movl    %eax, (%edx)            # ... on the stack the program was on

        addl    $8, %esp                # fault_va and err
        popal
        addl    $4, %esp                # eip
        popfl                           # nothing that changes flags from here on
        popl    %esp
        ret
        .cfi_endproc
        .size   pgfault_upcall, . - pgfault_upcall
