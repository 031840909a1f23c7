//! Numbers that look random and are the same in every run: Marsaglia, "Xorshift RNGs" (2003), the
//! triple 13, 17, 5.

/// A generator; its state is never 0.
pub struct Random(u32);

impl Random {
    /// A sequence of its own for each `seed`.
    pub fn new(seed: u32) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9) | 1)
    }

    /// The next number.
    #[inline(always)]
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}
