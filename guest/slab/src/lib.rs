//! A slab allocator over pages. Bonwick, "The Slab Allocator: An Object-Caching Kernel Memory
//! Allocator" (1994).
//!
//! Requests up to half a page come from one of eight caches, each of objects of one size. A cache
//! cuts single pages into slabs and keeps them on three lists: partial, full, empty. A slab's own
//! bookkeeping sits at the start of its page, so an object's slab is found by rounding its address
//! down. Larger requests are runs of whole pages.
//!
//! Pages come from a `PageSource`: two system calls in the guest, the host's allocator in the
//! tests.
//!
//! `unsafe` lives in `slab` (raw memory of a page), `list` (links between pages) and, as calls into
//! those, `cache` and `heap`.

#![no_std]

mod cache;
mod class;
mod heap;
mod list;
mod slab;
mod source;

pub use cache::{Cache, EMPTY_RESERVE};
pub use class::{CLASSES, class_for};
pub use heap::{Heap, Stats};
pub use list::List;
pub use slab::Slab;
pub use source::{PAGE_SIZE, PageSource};
