# String instructions with a repeat prefix. SDM Vol. 2B, "REP/REPE/REPZ/REPNE/REPNZ".
# Here, since Rust's asm! gives no %esi on this machine.

        .text

# rep_movsd(destination: *mut u32, source: *const u32, count: u32)
        .globl  rep_movsd
        .type   rep_movsd, @function
rep_movsd:
        pushl   %edi
        pushl   %esi
        movl    12(%esp), %edi
        movl    16(%esp), %esi
        movl    20(%esp), %ecx
        rep movsl
        popl    %esi
        popl    %edi
        ret
        .size   rep_movsd, . - rep_movsd

# rep_stosd(destination: *mut u32, value: u32, count: u32)
        .globl  rep_stosd
        .type   rep_stosd, @function
rep_stosd:
        pushl   %edi
        movl    8(%esp), %edi
        movl    12(%esp), %eax
        movl    16(%esp), %ecx
        rep stosl
        popl    %edi
        ret
        .size   rep_stosd, . - rep_stosd
