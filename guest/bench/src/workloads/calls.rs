//! Calls through pointers: which of sixteen functions is called next depends on what the last one gave.

use core::hint::black_box;

const CALLS: u32 = 10_000;

/// A function of its own, with arithmetic of its own.
#[inline(never)]
fn step<const N: u32>(value: u32) -> u32 {
    value.wrapping_mul(0x0019_660D + N * 8).rotate_left(N + 1) ^ N
}

#[rustfmt::skip]
static STEPS: [fn(u32) -> u32; 16] = [
    step::<0>, step::<1>, step::<2>, step::<3>, step::<4>, step::<5>, step::<6>, step::<7>,
    step::<8>, step::<9>, step::<10>, step::<11>, step::<12>, step::<13>, step::<14>, step::<15>,
];

/// Ten thousand calls.
pub fn calls(repetitions: u32) -> u32 {
    let steps = black_box(&STEPS);
    let mut value = 1u32;
    for _ in 0..repetitions {
        for call in 0..CALLS {
            value = steps[(value >> 28) as usize](value ^ call);
        }
    }
    value
}
