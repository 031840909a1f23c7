# From the CPU's interrupt frame to trap(), and back; from ring 0 to ring 3, and back. After kernel/src/trap/trapentry.S.
# SDM Vol. 3A, "Exception- or Interrupt-Handler Procedures". The frame is Frame in src/machine/trap.rs.

        .set    KERNEL_DATA, 0x10
        .set    USER_CODE,   0x18 | 3
        .set    USER_DATA,   0x20 | 3
        .set    EFLAGS_IF_CLEAR, 0x2

        .text

        .macro  VECTOR number, error
trap_\number:
        .ifeq \error
        pushl   $0
        .endif
        pushl   $\number
        jmp     all_traps
        .pushsection .rodata.trap_vectors, "a"
        .long   trap_\number
        .popsection
        .endm

        .pushsection .rodata.trap_vectors, "a"
        .globl  trap_vectors
        .p2align 2
trap_vectors:
        .popsection

# Vectors 0 to 31. The CPU pushes an error code with 8, 10 to 14 and 17.
        .irp    number, 0, 1, 2, 3, 4, 5, 6, 7
        VECTOR  \number, 0
        .endr
        VECTOR  8, 1
        VECTOR  9, 0
        .irp    number, 10, 11, 12, 13, 14
        VECTOR  \number, 1
        .endr
        .irp    number, 15, 16
        VECTOR  \number, 0
        .endr
        VECTOR  17, 1
        .irp    number, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        VECTOR  \number, 0
        .endr

        .globl  trap_system_call
trap_system_call:
        pushl   $0
        pushl   $0x30
all_traps:
        pushl   %ds
        pushl   %es
        pushal
        movl    $KERNEL_DATA, %eax
        movw    %ax, %ds
        movw    %ax, %es
        cld
        pushl   %esp
        call    trap                    # trap(&mut Frame)
        addl    $4, %esp
        popal
        popl    %es
        popl    %ds
        addl    $8, %esp
        iret

# enter_user(count: u32) -> u32: runs user_start in ring 3 with %edi = count, until it makes the system call 0.
        .globl  enter_user
        .type   enter_user, @function
enter_user:
        pushl   %ebp
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        movl    20(%esp), %edi
        movl    %esp, kernel_esp
        movl    $USER_DATA, %eax
        movw    %ax, %ds
        movw    %ax, %es
        pushl   $USER_DATA
        pushl   $user_stack_top
        pushl   $EFLAGS_IF_CLEAR
        pushl   $USER_CODE
        pushl   $user_start
        iret
        .size   enter_user, . - enter_user

# leave_user(result: u32) -> !: lets enter_user return.
        .globl  leave_user
        .type   leave_user, @function
leave_user:
        movl    4(%esp), %eax
        movl    kernel_esp, %esp
        popl    %edi
        popl    %esi
        popl    %ebx
        popl    %ebp
        ret
        .size   leave_user, . - leave_user

        .local  kernel_esp
        .comm   kernel_esp, 4, 4

# The user program: %edi system calls of number 1, then number 0 with what came of them.
        .section .user, "ax"
        .globl  user_start
user_start:
        xorl    %esi, %esi
1:      movl    $1, %eax
        movl    %edi, %edx
        int     $0x30
        addl    %eax, %esi
        decl    %edi
        jnz     1b
        xorl    %eax, %eax
        movl    %esi, %edx
        int     $0x30
        ud2
