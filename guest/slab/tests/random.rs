//! Random loads against a model: the set of live blocks. After every step the new block overlaps no
//! other and is aligned; when it goes, its bytes are what its seed says; from time to time the slabs'
//! own bookkeeping is compared with the model; at the end every page is back.
//!
//! `SLAB_SEED=n cargo test` repeats one run.

#![expect(unsafe_code, reason = "fills, checks and frees blocks")]

mod common;

use common::HostPages;
use slab::{CLASSES, Cache, EMPTY_RESERVE, Heap, Slab, class_for};
use std::alloc::Layout;
use std::collections::BTreeMap;
use std::ptr::NonNull;

/// Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (2014), SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn size(&mut self) -> usize {
        let largest = [24, 100, 600, 2100, 5000, 40_000][self.below(6)];
        1 + self.below(largest)
    }

    fn layout(&mut self) -> Layout {
        let aligns = if self.below(10) == 0 { 15 } else { 6 };
        let align = 1 << self.below(aligns);
        Layout::from_size_align(self.size(), align).unwrap()
    }
}

struct Model {
    heap: Heap<HostPages>,
    /// Live blocks by address.
    live: BTreeMap<usize, (Layout, u8)>,
    random: Random,
}

impl Model {
    fn pick(&mut self) -> Option<usize> {
        let from = self.random.next() as usize;
        let index = from % self.live.len().max(1);
        self.live.keys().nth(index).copied()
    }

    fn block(address: usize) -> NonNull<u8> {
        NonNull::new(std::ptr::with_exposed_provenance_mut(address)).unwrap()
    }

    /// Records a block, after looking that it is where it may be.
    fn insert(&mut self, memory: NonNull<u8>, layout: Layout) {
        let start = memory.expose_provenance().get();
        assert_eq!(start % layout.align(), 0, "{memory:p} for {layout:?}");
        let end = start + layout.size();
        if let Some((before, (other, _))) = self.live.range(..end).next_back() {
            assert!(
                before + other.size() <= start,
                "{memory:p} for {layout:?} overlaps"
            );
        }
        let seed = self.random.next() as u8;
        // SAFETY: the block is that large.
        unsafe { memory.write_bytes(seed, layout.size()) };
        self.live.insert(start, (layout, seed));
    }

    fn check(memory: NonNull<u8>, size: usize, seed: u8) {
        // SAFETY: the block is at least that large.
        let bytes = unsafe { std::slice::from_raw_parts(memory.as_ptr(), size) };
        assert!(
            bytes.iter().all(|byte| *byte == seed),
            "the block at {memory:p} has changed"
        );
    }

    fn allocate(&mut self) {
        let layout = self.random.layout();
        if let Some(memory) = NonNull::new(self.heap.allocate(layout)) {
            self.insert(memory, layout);
        }
    }

    fn free(&mut self, address: usize) {
        let (layout, seed) = self.live.remove(&address).unwrap();
        let memory = Self::block(address);
        Self::check(memory, layout.size(), seed);
        // SAFETY: live until now, with this layout.
        unsafe { self.heap.release(memory, layout) };
    }

    fn resize(&mut self, address: usize) {
        let (layout, seed) = self.live.remove(&address).unwrap();
        let size = self.random.size();
        let memory = Self::block(address);
        Self::check(memory, layout.size(), seed);
        // SAFETY: live until now, with this layout.
        match NonNull::new(unsafe { self.heap.reallocate(memory, layout, size) }) {
            Some(moved) => {
                Self::check(moved, layout.size().min(size), seed);
                self.insert(
                    moved,
                    Layout::from_size_align(size, layout.align()).unwrap(),
                );
            }
            None => {
                Self::check(memory, layout.size(), seed);
                self.live.insert(address, (layout, seed));
            }
        }
    }

    /// The slabs' bits say of exactly the live blocks that they are.
    fn compare(&self) {
        let mut marked = 0;
        for cache in &self.heap.caches {
            assert!(cache.empty.length <= EMPTY_RESERVE);
            for (list, slabs) in [&cache.partial, &cache.full, &cache.empty].map(|l| (l, slabs(l)))
            {
                assert_eq!(list.length, slabs.len());
                for slab in slabs {
                    marked += self.compare_slab(cache, slab);
                }
            }
        }
        let in_slabs = self
            .live
            .values()
            .filter(|(layout, _)| class_for(*layout).is_some());
        assert_eq!(marked, in_slabs.count());
        assert_eq!(self.heap.live, self.live.len());
        let stats = self.heap.stats();
        assert_eq!(
            self.heap.source().mapped(),
            stats.slab_pages + stats.run_pages
        );
    }

    fn compare_slab(&self, cache: &Cache, slab: &Slab) -> usize {
        let page = std::ptr::from_ref(slab).addr();
        let used = |index: &usize| slab.used[index / 32] & (1 << (index % 32)) != 0;
        let objects: Vec<usize> = (0..usize::from(slab.capacity)).filter(used).collect();
        assert_eq!(usize::from(slab.object_size), cache.object_size);
        assert_eq!(objects.len(), usize::from(slab.in_use));
        for index in &objects {
            let address = page + slab.offset_of(*index);
            let (layout, _) = self
                .live
                .get(&address)
                .expect("a used bit for a block that is not live");
            assert_eq!(
                class_for(*layout).map(|class| CLASSES[class]),
                Some(cache.object_size)
            );
        }
        objects.len()
    }
}

/// The slabs on a list, by following it.
fn slabs(list: &slab::List) -> Vec<&Slab> {
    let mut found = Vec::new();
    let mut next = list.head;
    while let Some(slab) = next {
        // SAFETY: slabs on a list are live, and nothing changes them while we look.
        let slab = unsafe { slab.as_ref() };
        next = slab.next;
        found.push(slab);
    }
    found
}

/// `pages` is what the source has: few of them, and memory runs out again and again.
fn run(seed: u64, pages: usize, steps: usize) {
    println!("SLAB_SEED={seed} ({pages} pages, {steps} steps)");
    let heap = Heap::new(HostPages::new(pages));
    let mut model = Model {
        heap,
        live: BTreeMap::new(),
        random: Random(seed),
    };
    for step in 0..steps {
        // The load swells and shrinks.
        let growing = step / 400 % 2 == 0;
        match (model.random.below(10), model.pick()) {
            (0..=1, Some(address)) => model.resize(address),
            (action, Some(address)) if (action < 7) != growing => model.free(address),
            _ => model.allocate(),
        }
        if step % 64 == 0 {
            model.compare();
        }
    }
    for address in model.live.keys().copied().collect::<Vec<_>>() {
        model.free(address);
    }
    model.compare();
    model.heap.trim();
    assert_eq!(model.heap.source().mapped(), 0, "pages did not come back");
}

#[test]
fn random_loads_agree_with_the_model() {
    let given = std::env::var("SLAB_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seeds = given.map_or((1..=6).collect(), |seed| vec![seed]);
    for seed in seeds {
        run(seed, 4096, 6000);
        run(seed, 40, 6000);
    }
}
