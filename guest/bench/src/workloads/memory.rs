//! Memory: the library's loops, string instructions, and a list whose nodes lie far apart.

#![expect(unsafe_code, reason = "takes its buffers, calls assembly")]

use crate::machine::memory::{BUFFER, LIST};
use core::hint::black_box;

const BLOCK: usize = 64 << 10;
/// Full period for any power of two: Knuth, "The Art of Computer Programming", 3.2.1.2, Theorem A.
const STEP_FACTOR: u32 = 0x0001_5A4D;
const STEP_OFFSET: u32 = 0x3C6F;

unsafe extern "C" {
    fn rep_movsd(destination: *mut u32, source: *const u32, count: u32);
    fn rep_stosd(destination: *mut u32, value: u32, count: u32);
}

/// Fills 64 KiB by the library's memset, a loop of stores.
pub fn set(repetitions: u32) -> u32 {
    // SAFETY: any bits are a u8; the buffer is ours while we run.
    let block = &mut unsafe { BUFFER.slice::<u8>() }[..BLOCK];
    let mut checksum = 0u32;
    for repetition in 0..repetitions {
        black_box(&mut *block).fill(repetition as u8);
        checksum = checksum
            .rotate_left(7)
            .wrapping_add(u32::from(block[repetition as usize % BLOCK]));
    }
    checksum
}

/// Copies 64 KiB by the library's memcpy, a loop of loads and stores; every other time a byte off.
pub fn copy(repetitions: u32) -> u32 {
    // SAFETY: as in `set`.
    let (source, target) = unsafe { BUFFER.slice::<u8>() }.split_at_mut(2 * BLOCK);
    for (index, byte) in source.iter_mut().enumerate() {
        *byte = (index * 7 >> 3) as u8;
    }
    let mut checksum = 0u32;
    for repetition in 0..repetitions as usize {
        let from = repetition & 1;
        black_box(&mut target[..BLOCK]).copy_from_slice(&source[from..from + BLOCK]);
        checksum = checksum
            .rotate_left(7)
            .wrapping_add(u32::from(target[repetition * 13 % BLOCK]));
    }
    checksum
}

/// `rep stosd` and `rep movsd` of 4 KiB, sixteen times, then of 256 KiB, once.
pub fn rep_strings(repetitions: u32) -> u32 {
    const SMALL: u32 = 4 << 10;
    const LARGE: u32 = 256 << 10;
    // SAFETY: as in `set`.
    let words = unsafe { BUFFER.slice::<u32>() };
    let (source, target) = words.split_at_mut(words.len() / 2);
    let mut checksum = 0u32;
    for repetition in 0..repetitions {
        // SAFETY: each count is less than the slices' length.
        unsafe {
            for piece in 0..16 {
                let at = (piece * SMALL / 4) as usize;
                rep_stosd(source[at..].as_mut_ptr(), repetition ^ piece, SMALL / 4);
                rep_movsd(target[at..].as_mut_ptr(), source[at..].as_ptr(), SMALL / 4);
            }
            rep_stosd(source.as_mut_ptr(), repetition, LARGE / 4);
            rep_movsd(target.as_mut_ptr(), source.as_ptr(), LARGE / 4);
        }
        checksum = checksum
            .rotate_left(7)
            .wrapping_add(target[repetition as usize % 65536]);
    }
    checksum
}

/// A node: as large as a cache line's quarter.
#[repr(C)]
struct Node {
    next: u32,
    value: u32,
    padding: [u32; 2],
}

/// Walks once through a list of 2^20 nodes in 16 MiB, each node far from the one before.
pub fn list(repetitions: u32) -> u32 {
    // SAFETY: any bits are a Node; the region is ours while we run.
    let nodes = unsafe { LIST.slice::<Node>() };
    let count = nodes.len() as u32;
    for index in 0..count {
        let next = index.wrapping_mul(STEP_FACTOR).wrapping_add(STEP_OFFSET) % count;
        nodes[index as usize] = Node {
            next: LIST.start + next * size_of::<Node>() as u32,
            value: index ^ index << 7,
            padding: [0; 2],
        };
    }
    let mut checksum = 0u32;
    for _ in 0..repetitions {
        let mut node: *const Node = &raw const nodes[0];
        for _ in 0..count {
            // SAFETY: `next` is the address of a node.
            unsafe {
                checksum = checksum.rotate_left(1).wrapping_add((*node).value);
                node = (*node).next as *const Node;
            }
        }
    }
    checksum
}
