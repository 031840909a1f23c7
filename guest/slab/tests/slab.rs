//! What the allocator promises, one sentence a test.

#![expect(unsafe_code, reason = "frees what it took")]

mod common;

use common::HostPages;
use slab::{CLASSES, EMPTY_RESERVE, Heap, PAGE_SIZE, Stats, class_for};
use std::alloc::Layout;
use std::ptr::NonNull;

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

fn heap(pages: usize) -> Heap<HostPages> {
    Heap::new(HostPages::new(pages))
}

fn take(heap: &mut Heap<HostPages>, layout: Layout) -> NonNull<u8> {
    NonNull::new(heap.allocate(layout)).expect("memory")
}

fn free(heap: &mut Heap<HostPages>, memory: NonNull<u8>, layout: Layout) {
    // SAFETY: the tests free what they took, once.
    unsafe { heap.release(memory, layout) }
}

#[test]
fn a_request_gets_the_smallest_class_that_is_large_and_aligned_enough() {
    //  size   align  class
    let table = [
        (1, 1, Some(16)),
        (16, 16, Some(16)),
        (17, 1, Some(32)),
        (1, 64, Some(64)),
        (1024, 1024, Some(1024)),
        (1025, 8, Some(2016)),
        (2016, 32, Some(2016)),
        (2016, 64, None),
        (2017, 1, None),
        (1, 4096, None),
    ];
    for (size, align, class) in table {
        let found = class_for(layout(size, align)).map(|index| CLASSES[index]);
        assert_eq!(found, class, "{size} bytes aligned to {align}");
    }
}

#[test]
fn the_largest_class_is_half_of_what_a_page_has_left() {
    let largest = layout(*CLASSES.last().unwrap(), 8);
    let mut heap = heap(4);
    let objects = [take(&mut heap, largest), take(&mut heap, largest)];
    assert_eq!(heap.stats().slab_pages, 1);
    objects
        .into_iter()
        .for_each(|object| free(&mut heap, object, largest));
}

#[test]
fn a_slab_of_every_class_fills_its_page_before_the_next_page_is_taken() {
    for size in CLASSES {
        let mut heap = heap(4);
        let first = take(&mut heap, layout(size, 1));
        let page = first.addr().get() / PAGE_SIZE;
        let mut objects = vec![first];
        while heap.stats().slab_pages == 1 {
            objects.push(take(&mut heap, layout(size, 1)));
        }
        let (last, on_first) = objects.split_last().unwrap();
        assert!(
            on_first
                .iter()
                .all(|object| object.addr().get() / PAGE_SIZE == page)
        );
        assert_ne!(last.addr().get() / PAGE_SIZE, page);
        // Nothing but the header and less than an object is lost.
        assert!(
            PAGE_SIZE - on_first.len() * size < 64 + size,
            "{size}: {}",
            on_first.len()
        );
        objects
            .into_iter()
            .for_each(|object| free(&mut heap, object, layout(size, 1)));
    }
}

#[test]
fn empty_slabs_go_back_past_the_reserve_and_the_reserve_by_trim() {
    let mut heap = heap(64);
    let objects: Vec<_> = (0..70).map(|_| take(&mut heap, layout(512, 8))).collect();
    assert_eq!(heap.source().mapped(), 10);
    objects
        .into_iter()
        .for_each(|object| free(&mut heap, object, layout(512, 8)));
    assert_eq!(heap.source().mapped(), EMPTY_RESERVE);
    heap.trim();
    assert_eq!(heap.source().mapped(), 0);
    assert_eq!(heap.stats(), Stats::default());
}

#[test]
fn alternating_free_and_allocate_at_a_slab_edge_maps_no_page_each_time() {
    let mut heap = heap(8);
    let edge: Vec<_> = (0..3).map(|_| take(&mut heap, layout(1024, 8))).collect();
    for _ in 0..100 {
        let object = take(&mut heap, layout(1024, 8));
        assert_eq!(heap.source().mapped(), 2);
        free(&mut heap, object, layout(1024, 8));
        assert_eq!(heap.source().mapped(), 2);
    }
    edge.into_iter()
        .for_each(|object| free(&mut heap, object, layout(1024, 8)));
}

#[test]
fn larger_requests_are_runs_of_whole_pages_aligned_as_asked() {
    let mut heap = heap(64);
    for (size, align, pages) in [(2017, 8, 1), (4096, 8, 1), (4097, 8, 2), (100, 16384, 1)] {
        let run = take(&mut heap, layout(size, align));
        assert_eq!(heap.source().mapped(), pages, "{size} bytes");
        assert_eq!(run.addr().get() % align.max(PAGE_SIZE), 0);
        free(&mut heap, run, layout(size, align));
        assert_eq!(heap.source().mapped(), 0);
    }
}

#[test]
fn realloc_keeps_the_contents_and_stays_in_place_where_it_can() {
    let mut heap = heap(64);
    //  from     to      moves
    let table = [
        (20, 30, false),
        (20, 200, true),
        (200, 20, true),
        (2000, 5000, true),
        (5000, 8000, false),
        (20_000, 5000, false),
        (5000, 20, true),
    ];
    for (from, to, moves) in table {
        let old = take(&mut heap, layout(from, 8));
        // SAFETY: the block is that large.
        unsafe { (0..from).for_each(|index| old.add(index).write(index as u8)) };
        // SAFETY: taken with this layout.
        let moved = unsafe { heap.reallocate(old, layout(from, 8), to) };
        let new = NonNull::new(moved).unwrap();
        assert_eq!(new != old, moves, "{from} to {to}");
        // SAFETY: the block is that large.
        let intact = unsafe { (0..from.min(to)).all(|index| new.add(index).read() == index as u8) };
        assert!(intact, "{from} to {to}");
        free(&mut heap, new, layout(to, 8));
    }
    heap.trim();
    assert_eq!(heap.source().mapped(), 0);
}

#[test]
fn out_of_memory_is_null_and_harms_nothing() {
    let mut heap = heap(2);
    let one = take(&mut heap, layout(4096, 8));
    assert!(heap.allocate(layout(8192, 8)).is_null());
    let small = take(&mut heap, layout(2016, 8));
    assert!(heap.allocate(layout(16, 8)).is_null());
    // SAFETY: taken with this layout; null leaves the old block as it was.
    unsafe {
        one.write(7);
        assert!(heap.reallocate(one, layout(4096, 8), 4097).is_null());
        assert_eq!(one.read(), 7);
    }
    free(&mut heap, one, layout(4096, 8));
    let again = take(&mut heap, layout(16, 8));
    free(&mut heap, again, layout(16, 8));
    free(&mut heap, small, layout(2016, 8));
    heap.trim();
    assert_eq!(heap.source().mapped(), 0);
}

#[test]
#[should_panic(expected = "which is not allocated")]
fn freeing_an_object_twice_is_noticed() {
    let mut heap = heap(2);
    let [kept, object] = [
        take(&mut heap, layout(64, 8)),
        take(&mut heap, layout(64, 8)),
    ];
    free(&mut heap, object, layout(64, 8));
    free(&mut heap, object, layout(64, 8));
    free(&mut heap, kept, layout(64, 8));
}

#[test]
#[should_panic(expected = "is overwritten, or not a slab")]
fn freeing_with_another_size_is_noticed() {
    let mut heap = heap(2);
    let object = take(&mut heap, layout(64, 8));
    free(&mut heap, object, layout(65, 8));
}
