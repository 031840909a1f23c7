# One point of the Mandelbrot set on the x87's stack. Here, since the compiler's target has no floating point.
# Intel's syntax: the other one has fsub and fsubr the wrong way round (GNU as manual, "i386-Bugs").

        .intel_syntax noprefix
        .text

# x87_point(x: i32, y: i32, limit: u32) -> u32
# Iterates z = z^2 + c from 0 with c = (x + y i) / 256, until |z|^2 > 4 or `limit` times; gives the iterations left,
# plus 1000/3 |z|, rounded.
        .globl  x87_point
        .type   x87_point, @function
x87_point:
        mov     ecx, [esp + 12]
        fild    dword ptr [esp + 4]
        fmul    qword ptr scale                 # cx
        fild    dword ptr [esp + 8]
        fmul    qword ptr scale                 # cy cx
        fldz
        fldz                                    # zy zx cy cx
1:      fld     st(1)
        fmul    st, st(0)                       # zx^2 zy zx cy cx
        fld     st(1)
        fmul    st, st(0)                       # zy^2 zx^2 zy zx cy cx
        fld     st(0)
        fadd    st, st(2)
        fcomp   dword ptr four
        fnstsw  ax
        sahf
        ja      2f
        fsubp   st(1), st                       # zx^2-zy^2 zy zx cy cx
        fadd    st, st(4)                       # zx' zy zx cy cx
        fxch    st(2)
        fmulp   st(1), st                       # zx*zy zx' cy cx
        fadd    st, st(0)
        fadd    st, st(2)                       # zy' zx' cy cx
        dec     ecx
        jnz     1b
        fld     st(1)
        fmul    st, st(0)
        fld     st(1)
        fmul    st, st(0)
2:      faddp   st(1), st                       # |z|^2 zy zx cy cx
        fsqrt
        fdiv    dword ptr three
        fmul    dword ptr thousand
        fistp   dword ptr [esp + 4]
        fstp    st(0)
        fstp    st(0)
        fstp    st(0)
        fstp    st(0)
        mov     eax, [esp + 4]
        add     eax, ecx
        ret
        .size   x87_point, . - x87_point

        .section .rodata
        .p2align 3
scale:  .double 0.00390625
four:   .float  4.0
three:  .float  3.0
thousand: .float 1000.0
