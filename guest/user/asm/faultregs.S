# The fault that `faultregs` watches: every register has a value of its own, and so has EFLAGS. JOS user/faultregs.c,
# whose inline assembly this is.
#
# fault_with_known_registers(): fills registers_before and registers_after around one faulting write.
# Offsets in Registers (user/src/bin/faultregs.rs):
#
#      0  edi esi ebp oesp ebx edx ecx eax    32  eip    36  eflags    40  esp

        .set    UTEMP, 0x00400000
        .set    FL_CF_PF_AF_ZF_SF_OF, 0x8D5

        .cfi_sections .debug_frame

        .macro  SAVE base
        movl    %edi, \base+0
        movl    %esi, \base+4
        movl    %ebp, \base+8
        movl    %ebx, \base+16
        movl    %edx, \base+20
        movl    %ecx, \base+24
        movl    %eax, \base+28
        movl    %esp, \base+40
        .endm

        .text
        .globl  fault_with_known_registers
        .type   fault_with_known_registers, @function
fault_with_known_registers:
        .cfi_startproc
        pushal
        .cfi_adjust_cfa_offset 32

        # Flags: all arithmetic ones, toggled.
        pushfl
        xorl    $FL_CF_PF_AF_ZF_SF_OF, (%esp)
        movl    (%esp), %eax
        movl    %eax, registers_before+36
        popfl

        movl    $0x11111111, %edi
        movl    $0x22222222, %esi
        movl    $0x33333333, %ebp
        movl    $0x44444444, %ebx
        movl    $0x55555555, %edx
        movl    $0x66666666, %ecx
        movl    $42, %eax
        movl    $faulting_instruction, registers_before+32
        SAVE    registers_before

        .globl  faulting_instruction
faulting_instruction:
        movl    %eax, UTEMP

        SAVE    registers_after
        movl    $faulting_instruction, registers_after+32
        pushfl
        popl    registers_after+36

        popal
        .cfi_adjust_cfa_offset -32
        ret
        .cfi_endproc
        .size   fault_with_known_registers, . - fault_with_known_registers

        .bss
        .p2align 2
        .globl  registers_before, registers_after
registers_before:
        .space  44
registers_after:
        .space  44
