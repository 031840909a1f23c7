//! A long random load on the heap: blocks of all sizes and alignments, each filled with bytes that
//! its seed gives, checked when it moves and when it goes. Then memory runs out, on purpose. At the
//! end every page is back with the kernel.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "calls the allocator directly")]

use core::alloc::Layout;
use core::ptr::NonNull;
use jos::alloc::alloc::{alloc, dealloc, realloc};
use jos::alloc::vec::Vec;
use jos::heap::HEAP;
use jos::memory::free_pages;
use jos::println;

jos::program!(main);

const STEPS: u32 = 2000;
const REPORTS: u32 = 4;
const BLOCKS_MAX: usize = 300;
const SEED: u32 = 6828;

/// Marsaglia, "Xorshift RNGs" (2003), page 4.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.next() % bound
    }

    /// Mostly small, sometimes a few pages.
    fn size(&mut self) -> usize {
        let largest = [16, 64, 256, 1024, 2100, 9000][self.below(6) as usize];
        1 + self.below(largest) as usize
    }
}

/// An allocation, and what its bytes should be.
struct Block {
    memory: NonNull<u32>,
    layout: Layout,
    seed: u32,
}

impl Block {
    fn new(layout: Layout, seed: u32) -> Option<Block> {
        // SAFETY: the size is not 0.
        let memory = NonNull::new(unsafe { alloc(layout) })?.cast::<u32>();
        assert!(
            memory.addr().get() % layout.align() == 0,
            "{memory:p} is not aligned to {}",
            layout.align()
        );
        let mut block = Block {
            memory,
            layout,
            seed,
        };
        block.fill(0);
        Some(block)
    }

    /// The block as words: sizes are multiples of those.
    fn words(&mut self) -> &mut [u32] {
        // SAFETY: the memory is ours, aligned to a word at least, and any bits are a word.
        unsafe { core::slice::from_raw_parts_mut(self.memory.as_ptr(), self.layout.size() / 4) }
    }

    // The two loops below touch every byte there is, and iterators are dear when unoptimised.

    fn fill(&mut self, from: usize) {
        let seed = self.seed;
        let words = self.words();
        let mut index = from;
        while index < words.len() {
            words[index] = seed ^ index as u32;
            index += 1;
        }
    }

    fn check(&mut self, count: usize) {
        let seed = self.seed;
        let words = self.words();
        let mut index = 0;
        while index < count {
            let (found, expected) = (words[index], seed ^ index as u32);
            assert!(
                found == expected,
                "word {index} of {words:p} is {found:08x}, not {expected:08x}"
            );
            index += 1;
        }
    }

    fn resize(&mut self, size: usize) {
        let kept = self.words().len().min(size / 4);
        // SAFETY: allocated with this layout; the size is not 0.
        let moved = unsafe { realloc(self.memory.as_ptr().cast(), self.layout, size) };
        self.memory = NonNull::new(moved)
            .expect("memory for a block that grows")
            .cast();
        self.layout = Layout::from_size_align(size, self.layout.align()).expect("a layout");
        self.check(kept);
        self.fill(kept);
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let count = self.words().len();
        self.check(count);
        // SAFETY: allocated with this layout, and not used any more.
        unsafe { dealloc(self.memory.as_ptr().cast(), self.layout) };
    }
}

fn words(size: usize) -> usize {
    size.next_multiple_of(4)
}

fn random_load(random: &mut Random) {
    let mut blocks: Vec<Block> = Vec::new();
    let mut bytes_seen = 0;
    for step in 1..=STEPS {
        let action = random.below(8);
        if blocks.is_empty() || (action < 4 && blocks.len() < BLOCKS_MAX) {
            let align = 4 << random.below(if action == 0 { 11 } else { 4 });
            let layout = Layout::from_size_align(words(random.size()), align).expect("a layout");
            bytes_seen += layout.size();
            blocks.push(Block::new(layout, random.next()).expect("memory for a block"));
        } else {
            let index = random.below(blocks.len() as u32) as usize;
            if action < 6 {
                let size = words(random.size());
                blocks[index].resize(size);
            } else {
                blocks.swap_remove(index);
            }
        }
        if step % (STEPS / REPORTS) == 0 {
            let stats = HEAP.stats();
            println!(
                "step {step}: {} blocks, {} slabs, {} pages in runs",
                blocks.len(),
                stats.slab_pages,
                stats.run_pages
            );
        }
    }
    println!("{bytes_seen} bytes allocated in all");
}

/// Takes blocks until there is no more, and frees them.
fn exhaust() {
    const SIZE: usize = 256 * 1024;
    let layout = Layout::from_size_align(SIZE, 4).expect("a layout");
    let mut blocks: Vec<NonNull<u8>> = Vec::with_capacity(1100);
    // SAFETY: the size is not 0.
    while let Some(block) = NonNull::new(unsafe { alloc(layout) }) {
        blocks.push(block);
    }
    assert!(
        !blocks.is_empty() && blocks.len() < 1100,
        "{} blocks before memory ran out",
        blocks.len()
    );
    println!("out of memory, and still here");
    for block in blocks {
        // SAFETY: allocated above, with this layout.
        unsafe { dealloc(block.as_ptr(), layout) };
    }
}

fn main() {
    let free_at_start = free_pages();
    println!("heaptest: seed {SEED}");
    random_load(&mut Random(SEED));
    exhaust();
    HEAP.trim();
    let stats = HEAP.stats();
    assert!(
        stats.live == 0 && stats.slab_pages == 0 && stats.run_pages == 0,
        "the heap still holds {stats:?}"
    );
    // What the kernel keeps for us is page tables: 4 MiB of addresses each.
    let kept = free_at_start - free_pages();
    assert!(kept <= 64, "{kept} pages did not come back");
    println!("heaptest: all blocks intact, all pages returned");
}
