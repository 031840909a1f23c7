//! `showmappings`: what the page tables in use map, as ranges. JOS lab 2, a challenge.

use super::{Context, Then};
use crate::mem::pgdir::{Mapping, mapping};
use crate::println;
use abi::VirtAddr;
use abi::memlayout::{PGSIZE, PTSIZE};
use abi::perm::{PTE_A, PTE_D, PTE_PS, PTE_U, PTE_W};

/// Pages that follow each other in both address spaces, with the same flags.
struct Run {
    va: u32,
    pages: u32,
    mapping: Mapping,
}

impl Run {
    fn is_continued_by(&self, va: u32, next: &Mapping) -> bool {
        let distance = self.pages * PGSIZE;
        next.flags == self.mapping.flags
            && va == self.va.wrapping_add(distance)
            && next.address.0 == self.mapping.address.0.wrapping_add(distance)
    }

    fn print(&self) {
        let last = self.pages * PGSIZE - 1;
        let flag = |bit, letter| {
            if self.mapping.flags & bit != 0 {
                letter
            } else {
                '-'
            }
        };
        println!(
            "  {:08x}-{:08x}  phys {:08x}  {}{}{}{}{}  {} pages",
            self.va,
            self.va.wrapping_add(last),
            self.mapping.address.0,
            flag(PTE_PS, 'S'),
            flag(PTE_D, 'D'),
            flag(PTE_A, 'A'),
            flag(PTE_U, 'U'),
            flag(PTE_W, 'W'),
            self.pages
        );
    }
}

pub fn showmappings(context: &Context<'_>) -> Then {
    let (first, last) = match context.arguments {
        [] => (Some(0), Some(u32::MAX)),
        [only] => (parse(only), parse(only)),
        [first, last, ..] => (parse(first), parse(last)),
    };
    let (Some(first), Some(last)) = (first, last) else {
        println!("Usage: showmappings [FIRST [LAST]], addresses in hexadecimal");
        return Then::Prompt;
    };
    let mut va = VirtAddr(first).page_start().0;
    let mut run: Option<Run> = None;
    while va <= last {
        let found = mapping(VirtAddr(va));
        // At once what one directory entry maps, or does not map.
        let whole = VirtAddr(va).ptx() == 0
            && found.map_or(!has_table(va), |mapping| mapping.size == PTSIZE);
        let pages = if whole { PTSIZE / PGSIZE } else { 1 };
        match (&mut run, found) {
            (Some(run), Some(next)) if run.is_continued_by(va, &next) => run.pages += pages,
            (_, found) => {
                if let Some(run) = run.take() {
                    run.print();
                }
                run = found.map(|mapping| Run { va, pages, mapping });
            }
        }
        match va.checked_add(pages * PGSIZE) {
            Some(next) => va = next,
            None => break,
        }
    }
    if let Some(run) = run {
        run.print();
    }
    Then::Prompt
}

/// Whether any page of these 4 MiB is mapped: the page table itself shows at `UVPT`.
fn has_table(va: u32) -> bool {
    mapping(VirtAddr(abi::memlayout::UVPT + va / PTSIZE * PGSIZE)).is_some()
}

fn parse(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}
