# The first instructions of every user program. JOS lib/entry.S.

        .cfi_sections .debug_frame
        .section .text.start, "ax"
        .globl  _start
        .type   _start, @function
_start:
        .cfi_startproc
        .cfi_undefined eip              # outermost: nobody called us
        xorl    %ebp, %ebp              # a backtrace ends here
        call    libmain                 # does not return
        .cfi_endproc
        .size   _start, . - _start
