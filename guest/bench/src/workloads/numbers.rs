//! Integers: loops over an array, and branches that depend on data.

#![expect(unsafe_code, reason = "takes its buffer")]

use crate::machine::memory::BUFFER;

const SIEVE_MAX: usize = 1 << 18;
const COLLATZ_MAX: u32 = 5_000;

/// The sieve of Eratosthenes below 2^18, a byte each. Counts the primes.
pub fn sieve(repetitions: u32) -> u32 {
    // SAFETY: any bits are a u8; the buffer is ours while we run.
    let composite = &mut unsafe { BUFFER.slice::<u8>() }[..SIEVE_MAX];
    let mut checksum = 0u32;
    for _ in 0..repetitions {
        composite.fill(0);
        let mut primes = 0u32;
        for number in 2..SIEVE_MAX {
            if composite[number] == 0 {
                primes += 1;
                let mut multiple = number * number.min(SIEVE_MAX / number + 1);
                while multiple < SIEVE_MAX {
                    composite[multiple] = 1;
                    multiple += number;
                }
            }
        }
        checksum = checksum.rotate_left(1).wrapping_add(primes);
    }
    checksum
}

/// Steps of the Collatz sequence (n / 2 or 3n + 1) down to 1, for all starts below 5,000.
pub fn collatz(repetitions: u32) -> u32 {
    let mut checksum = 0u32;
    for _ in 0..repetitions {
        let mut steps = 0u32;
        for start in 1..COLLATZ_MAX {
            let mut number = core::hint::black_box(start);
            while number != 1 {
                number = if number & 1 == 0 {
                    number / 2
                } else {
                    number.wrapping_mul(3).wrapping_add(1)
                };
                steps += 1;
            }
        }
        checksum = checksum.rotate_left(1).wrapping_add(steps);
    }
    checksum
}
