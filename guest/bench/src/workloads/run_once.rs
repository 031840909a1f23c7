//! Code that runs once: two MiB of functions without loops, made at run time, each called once, every
//! fourth twice; then other ones in their place.
//! Encodings: SDM Vol. 2, "Instruction Set Reference".

#![expect(unsafe_code, reason = "makes code and calls it")]

use crate::machine::memory::{BUFFER, CODE};
use crate::random::Random;
use core::mem::transmute;

const CODE_BYTES: usize = 2 << 20;
/// Instructions of a function, and the most bytes that one of them takes.
const LENGTH: usize = 48;
const INSTRUCTION_BYTES_MAX: usize = 9;
/// Words of the buffer that the functions use.
const WORDS: u32 = 256;

/// Where the next instruction goes.
struct Emitter {
    code: &'static mut [u8],
    at: usize,
}

impl Emitter {
    #[inline(always)]
    fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        self.code[self.at..self.at + N].copy_from_slice(&bytes);
        self.at += N;
    }

    #[inline(always)]
    fn word(&mut self, word: u32) {
        self.bytes(word.to_le_bytes());
    }

    /// A function `extern "C" fn(u32) -> u32`. @returns its address
    fn function(&mut self, random: &mut Random) -> u32 {
        let start = self.code.as_ptr() as u32 + self.at as u32;
        self.bytes([0x8B, 0x44, 0x24, 0x04]); // mov eax, [esp + 4]
        for _ in 0..LENGTH {
            let number = random.next();
            let address = BUFFER.start + (number >> 8) % WORDS * 4;
            match number % 8 {
                0 => self.operation(0x05, number), // add eax, imm32
                1 => self.operation(0x35, number), // xor eax, imm32
                2 => self.operation(0x2D, number), // sub eax, imm32
                3 => self.bytes([0xC1, 0xC0, (number >> 8) as u8 & 31]), // rol eax, imm8
                4 => self.bytes([0x69, 0xC0, 0x0D, 0x66, 0x19, 0x00]), // imul eax, eax, 1664525
                5 => self.operation(0xA3, address), // mov [address], eax
                6 => {
                    self.bytes([0x03, 0x05]); // add eax, [address]
                    self.word(address);
                }
                _ => {
                    self.operation(0xA9, 1 << (number >> 27)); // test eax, imm32
                    self.bytes([0x74, 0x02, 0xF7, 0xD0]); // je over; not eax; over:
                }
            }
        }
        self.bytes([0xC3]); // ret
        start
    }

    #[inline(always)]
    fn operation(&mut self, opcode: u8, operand: u32) {
        self.bytes([opcode]);
        self.word(operand);
    }
}

/// Fills the code with functions, then calls them.
pub fn run_once(repetitions: u32) -> u32 {
    // SAFETY: any bits are a u32; the buffer is ours while we run.
    let (words, starts) = unsafe { BUFFER.slice::<u32>() }.split_at_mut(WORDS as usize);
    words.fill(0);
    let mut checksum = 0u32;
    for repetition in 0..repetitions {
        let mut random = Random::new(repetition + 3);
        // SAFETY: as above; no function is running while it is written.
        let code = &mut unsafe { CODE.slice::<u8>() }[..CODE_BYTES];
        let mut emitter = Emitter { code, at: 0 };
        let mut count = 0;
        while emitter.at + LENGTH * INSTRUCTION_BYTES_MAX + 5 <= CODE_BYTES {
            starts[count] = emitter.function(&mut random);
            count += 1;
        }
        for (number, &start) in starts[..count].iter().enumerate() {
            // SAFETY: there is such a function, and it touches but the buffer's first words.
            let function =
                unsafe { transmute::<*const (), extern "C" fn(u32) -> u32>(start as *const ()) };
            checksum = function(checksum);
            if number % 4 == 0 {
                checksum = function(checksum);
            }
        }
    }
    checksum
}
