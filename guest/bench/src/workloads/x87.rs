//! Floating point, in assembly (asm/x87.S).

#![expect(unsafe_code, reason = "calls assembly")]

const SIDE: i32 = 32;
const LIMIT: u32 = 100;

unsafe extern "C" {
    fn x87_point(x: i32, y: i32, limit: u32) -> u32;
}

/// 32 × 32 points of the Mandelbrot set from -2 - i to 1 + i, at most 100 iterations each.
pub fn x87(repetitions: u32) -> u32 {
    let mut checksum = 0u32;
    for _ in 0..repetitions {
        for y in 0..SIDE {
            for x in 0..SIDE {
                // SAFETY: leaves the x87's stack as it was.
                let point = unsafe { x87_point(x * 24 - 512, y * 16 - 256, LIMIT) };
                checksum = checksum.rotate_left(1).wrapping_add(point);
            }
        }
    }
    checksum
}
