//! Rust all the way down: system calls from Rust to a Rust kernel, and a heap that grows and
//! shrinks on top of them.
//!
//! The name is that of the project this continues: JOS with its system call path and its user heap
//! in Rust ("Lab X", 2015). Each section checks what it shows; the last line says how many checks
//! passed, and a failed one is a panic.

#![no_std]
#![no_main]
#![expect(
    unsafe_code,
    reason = "system calls as no wrapper would make them; the allocator directly"
)]

use core::alloc::Layout;
use jos::abi::Syscall::{
    self, EnvSetStatus, EnvSetTrapframe, IpcRecv, IpcTrySend, PageAlloc, PageMap, PageUnmap,
};
use jos::abi::VirtAddr;
use jos::abi::memlayout::{KERNBASE, PGSIZE, UTEMP, UTOP};
use jos::abi::perm::{PTE_P, PTE_PS, PTE_U, PTE_W};
use jos::alloc::alloc::{alloc, dealloc};
use jos::alloc::boxed::Box;
use jos::alloc::collections::BTreeMap;
use jos::alloc::rc::Rc;
use jos::alloc::string::String;
use jos::alloc::vec::Vec;
use jos::alloc::{format, vec};
use jos::heap::HEAP;
use jos::memory::{free_pages, pageref, uvpt};
use jos::syscall::syscall;
use jos::{SysError, println};
use slab::{CLASSES, EMPTY_RESERVE, PAGE_SIZE};

jos::program!(main);

/// How a check came out.
#[derive(Debug, PartialEq)]
enum Outcome {
    Passed,
    Failed { expected: String, found: String },
}

/// The program's record of what it has checked.
#[derive(Debug)]
struct Journal {
    title: String,
    /// Sections in the order they began.
    sections: Vec<&'static str>,
    /// Checks per section: passed, and in all.
    tally: BTreeMap<&'static str, (u32, u32)>,
    /// The failure to report, if there is one.
    first_failure: Option<Box<Outcome>>,
}

fn main() {
    let free_at_start = free_pages();
    let mut journal = open_journal("rustshim", free_at_start);

    system_calls(&mut journal);
    size_classes(&mut journal);
    growth(&mut journal);
    collections(&mut journal);
    out_of_memory(&mut journal);
    pages_go_back(&mut journal);

    close_journal(journal, free_at_start);
}

/// Makes the journal: the first allocation of the program, and so the first page of its heap.
fn open_journal(title: &str, free_at_start: usize) -> Box<Journal> {
    let plan = [
        "system calls",
        "size classes",
        "growth",
        "collections",
        "out of memory",
        "pages go back",
    ];
    let longest: Option<&str> = plan.iter().copied().max_by_key(|name| name.len());
    println!(
        "{title}: {} sections, {free_at_start} pages free",
        plan.len()
    );

    let mut sections = Vec::with_capacity(plan.len()); // #first-allocation
    sections.push("opening");
    let mut journal = Box::new(Journal {
        title: String::from(title),
        sections,
        tally: BTreeMap::new(),
        first_failure: None,
    });
    let section = "opening";
    journal.check(section, "the plan is there", longest, Some("pages go back")); // #journal-open
    journal
}

impl Journal {
    /// Says that a section begins.
    fn begin(&mut self, section: &'static str) -> &'static str {
        println!("{}: {section}", self.title);
        self.sections.push(section);
        section
    }

    /// Compares, and remembers the first difference.
    fn check<T: PartialEq + core::fmt::Debug>(
        &mut self,
        section: &'static str,
        what: &str,
        found: T,
        expected: T,
    ) {
        let outcome = if found == expected {
            Outcome::Passed
        } else {
            Outcome::Failed {
                expected: format!("{expected:?}"),
                found: format!("{found:?}"),
            }
        };
        let (passed, all) = self.tally.entry(section).or_insert((0, 0));
        *all += 1;
        match outcome {
            Outcome::Passed => *passed += 1,
            Outcome::Failed {
                ref expected,
                ref found,
            } => {
                println!("  FAILED {what}: expected {expected}, found {found}");
                self.first_failure.get_or_insert_with(|| Box::new(outcome));
            }
        }
    }
}

/// What a system call returns.
type SysResult = Result<u32, SysError>;

/// A check of a system call: what it shows, the call, its arguments, its result.
type Case = (&'static str, Syscall, [u32; 5], SysResult);

/// Calls the kernel with arguments no wrapper would let through.
fn raw(call: Syscall, arguments: [u32; 5]) -> SysResult {
    // SAFETY: the addresses used are UTEMP's, which nothing else uses, or ones the kernel refuses.
    unsafe { syscall(call as u32, arguments) }
}

/// The system calls, with arguments good and bad. Those on pages first: the heap stands on them.
fn system_calls(journal: &mut Journal) {
    let section = journal.begin("system calls");
    const RO: u32 = PTE_P | PTE_U;
    const RW: u32 = RO | PTE_W;
    const STRANGER: u32 = 0x1000_1234;
    const OK: SysResult = Ok(0);
    const INVAL: SysResult = Err(SysError::Inval);
    const BAD_ENV: SysResult = Err(SysError::BadEnv);
    const NOT_RECV: SysResult = Err(SysError::IpcNotRecv);
    let (first, second) = (UTEMP, UTEMP + PGSIZE);

    //   what                                        call             arguments                            expected
    #[rustfmt::skip]
    let cases: [Case; 16] = [
        ("page_alloc maps a page",                   PageAlloc,       [0, first, RW, 0, 0],                OK),
        ("page_alloc refuses an unaligned address",  PageAlloc,       [0, first + 1, RW, 0, 0],            INVAL),
        ("page_alloc refuses UTOP",                  PageAlloc,       [0, UTOP, RW, 0, 0],                 INVAL),
        ("page_alloc refuses the kernel's memory",   PageAlloc,       [0, KERNBASE, RW, 0, 0],             INVAL),
        ("page_alloc refuses a page not for users",  PageAlloc,       [0, second, PTE_P, 0, 0],            INVAL),
        ("page_alloc refuses a kernel bit",          PageAlloc,       [0, second, RW | PTE_PS, 0, 0],      INVAL),
        ("page_alloc refuses a stranger",            PageAlloc,       [STRANGER, second, RW, 0, 0],        BAD_ENV),
        ("page_map shares a page read-only",         PageMap,         [0, first, 0, second, RO],           OK),
        ("page_map gives no more than there is",     PageMap,         [0, second, 0, first, RW],           INVAL),
        ("page_map refuses what is not mapped",      PageMap,         [0, second + PGSIZE, 0, first, RO],  INVAL),
        ("page_unmap refuses an unaligned address",  PageUnmap,       [0, second + 4, 0, 0, 0],            INVAL),
        ("page_unmap refuses a stranger",            PageUnmap,       [STRANGER, second, 0, 0, 0],         BAD_ENV),
        ("env_set_status refuses ENV_FREE",          EnvSetStatus,    [0, 0, 0, 0, 0],                     INVAL),
        ("env_set_trapframe refuses a stranger",     EnvSetTrapframe, [STRANGER, first, 0, 0, 0],          BAD_ENV),
        ("ipc_try_send finds nobody waiting",        IpcTrySend,      [0, 1, UTOP, 0, 0],                  NOT_RECV),
        ("ipc_recv refuses an unaligned address",    IpcRecv,         [first + 1, 0, 0, 0, 0],             INVAL),
    ];
    for (what, call, arguments, expected) in &cases {
        let result = raw(*call, *arguments); // #system-call
        println!("  {what}: {result:?}");
        journal.check(section, what, result, *expected);
    }

    // Both addresses lead to one page: what is written at one is read at the other.
    let (writable, shared) = (first as *mut u32, second as *const u32);
    // SAFETY: mapped above, and used by nothing else.
    let (before, after) = unsafe {
        let before = shared.read_volatile();
        writable.write_volatile(0x6828);
        (before, shared.read_volatile())
    };
    journal.check(section, "a new page is zero", before, 0);
    journal.check(section, "a shared page is shared", after, 0x6828);
    journal.check(
        section,
        "it has two references",
        pageref(VirtAddr(first)),
        2,
    );
    for va in [first, second, second] {
        journal.check(
            section,
            "page_unmap also takes what is not mapped",
            raw(PageUnmap, [0, va, 0, 0, 0]),
            Ok(0),
        );
    }
    journal.check(section, "it is gone", uvpt(VirtAddr(first)) & PTE_P, 0);
    // SAFETY: there is no such call.
    let unknown = unsafe { syscall(1000, [0; 5]) };
    journal.check(
        section,
        "an unknown call is refused",
        unknown,
        Err(SysError::Inval),
    );
}

/// Each size class: more objects than a slab holds, aligned, apart from each other, and the slabs
/// given back.
fn size_classes(journal: &mut Journal) {
    let section = journal.begin("size classes");
    for size in CLASSES {
        let pages_before = HEAP.stats().slab_pages;
        let count = PAGE_SIZE / size + 1; // more than a slab has room for
        let mut objects: Vec<Box<[u8]>> = Vec::with_capacity(count);
        for index in 0..count {
            let pattern = (index % 251) as u8;
            objects.push(vec![pattern; size].into_boxed_slice()); // #size-class
        }
        let pages_used = HEAP.stats().slab_pages - pages_before;
        let intact = objects.iter().enumerate().all(|(index, object)| {
            let pattern = (index % 251) as u8;
            object.first() == Some(&pattern) && object.last() == Some(&pattern)
        });
        println!("  {size:>4} bytes: {count:>3} objects took {pages_used} more slabs");
        journal.check(section, "objects keep their contents", intact, true);
        journal.check(section, "the cache has grown", pages_used >= 1, true);
        drop(objects);
        let left = HEAP.stats().slab_pages - pages_before;
        journal.check(
            section,
            "empty slabs went back, but for a reserve",
            left <= 2 * EMPTY_RESERVE,
            true,
        );
    }
    for align in [8, 64, 512, PAGE_SIZE, 4 * PAGE_SIZE] {
        let layout = Layout::from_size_align(24, align).expect("a layout");
        // SAFETY: the size is not 0; what was allocated is freed.
        let misaligned = unsafe {
            let object = alloc(layout);
            let misaligned = object as usize % align;
            dealloc(object, layout);
            misaligned
        };
        journal.check(section, "alignment is honoured", misaligned, 0);
    }
}

/// A vector that outgrows every class and becomes a run of pages; then it shrinks.
fn growth(journal: &mut Journal) {
    let section = journal.begin("growth");
    let mut numbers: Vec<u32> = Vec::new();
    let mut capacity = 0;
    for number in 0..3000 {
        numbers.push(number * number);
        if numbers.capacity() != capacity {
            capacity = numbers.capacity(); // #growth
            let stats = HEAP.stats();
            println!(
                "  room for {capacity:>5} numbers: {} slabs, {} pages in runs",
                stats.slab_pages, stats.run_pages
            );
        }
    }
    let intact = (0..3000).all(|number: u32| numbers[number as usize] == number * number);
    journal.check(section, "all numbers survived every move", intact, true);
    journal.check(
        section,
        "4096 numbers take 4 pages",
        HEAP.stats().run_pages,
        4,
    );
    numbers.truncate(700);
    numbers.shrink_to_fit();
    journal.check(section, "700 numbers take 1", HEAP.stats().run_pages, 1);
    drop(numbers);
    journal.check(section, "and none afterwards", HEAP.stats().run_pages, 0);
}

/// The standard collections, which know nothing of JOS.
fn collections(journal: &mut Journal) {
    let section = journal.begin("collections");
    let text = "the kernel maps the page the program asked the kernel to map";
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for word in text.split(' ') {
        *count.entry(String::from(word)).or_default() += 1;
    }
    let most = count
        .iter()
        .max_by_key(|(_, times)| **times)
        .map(|(word, times)| format!("{word}={times}"));
    println!("  {} words, most often {most:?}", count.len());
    journal.check(
        section,
        "BTreeMap counts words",
        most.as_deref(),
        Some("the=4"),
    );

    let shared = Rc::new(Journal {
        title: String::from("shared"),
        sections: vec![section],
        tally: BTreeMap::new(),
        first_failure: None,
    });
    let owners: [Rc<Journal>; 3] = [shared.clone(), shared.clone(), shared];
    journal.check(section, "Rc counts owners", Rc::strong_count(&owners[0]), 3);
    let reversed: String = owners[1].title.chars().rev().collect();
    journal.check(section, "String collects", reversed.as_str(), "derahs"); // #collections
}

/// More than the heap's addresses is an error that a program can handle.
fn out_of_memory(journal: &mut Journal) {
    let section = journal.begin("out of memory");
    let mut bytes: Vec<u8> = Vec::new();
    let refused = bytes.try_reserve_exact(0x5000_0000).is_err();
    println!("  1.25 GiB refused: {refused}");
    journal.check(section, "too much is refused", refused, true);
    journal.check(
        section,
        "and then a little is not",
        bytes.try_reserve_exact(100).is_ok(),
        true,
    );
}

/// What is freed goes back to the kernel, page by page.
fn pages_go_back(journal: &mut Journal) {
    let section = journal.begin("pages go back");
    HEAP.trim();
    let before = free_pages();
    let blocks: Vec<Box<[u8]>> = (1..=12)
        .map(|pages| vec![0xA5; pages * PAGE_SIZE].into_boxed_slice())
        .collect();
    let during = free_pages();
    drop(blocks);
    HEAP.trim();
    let after = free_pages();
    println!("  free pages: {before} before, {during} during, {after} after");
    journal.check(section, "78 pages were taken", before - during >= 78, true);
    journal.check(section, "all came back", after, before); // #pages-back
}

/// Adds up, frees the journal, and looks whether anything is left behind.
fn close_journal(journal: Box<Journal>, free_at_start: usize) {
    let (passed, all) = journal
        .tally
        .values()
        .fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    let failure = journal
        .first_failure
        .as_deref()
        .map(|outcome| format!("{outcome:?}"));
    println!("{}: {passed} of {all} checks passed", journal.title);
    if let Some(failure) = failure {
        panic!("{failure}");
    }
    drop(journal);
    HEAP.trim();
    let stats = HEAP.stats();
    assert!(
        stats.live == 0 && stats.slab_pages == 0,
        "the heap still holds {stats:?}"
    );
    // What the kernel keeps for us is page tables: one for UTEMP, one for the heap.
    let kept = free_at_start - free_pages();
    println!("the heap is empty; {kept} page tables stay");
    assert!(kept <= 2, "{kept} pages did not come back");
}
