//! Twenty environments that yield and count: nobody may lose a count or run on two CPUs at once.
//! JOS `user/stresssched.c`, whose counts are larger.

#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use jos::EnvId;
use jos::abi::EnvStatus;
use jos::fork::fork;
use jos::println;
use jos::syscall::{sys_getenvid, sys_yield};

jos::program!(main);

const CHILDREN: usize = 20;
const ROUNDS: u32 = 10;
const COUNTS: u32 = 1000;

static COUNTER: AtomicU32 = AtomicU32::new(0);

fn main() {
    let parent = sys_getenvid();
    // Fork several environments, each a copy of this one.
    let is_child = (0..CHILDREN).any(|_| fork().expect("fork") == EnvId::NONE);
    if !is_child {
        sys_yield();
        return;
    }
    // Wait for the parent to finish forking. (JOS spins, which takes a whole time slice each time.)
    while jos::env::lookup(parent).status != EnvStatus::Free {
        sys_yield();
    }
    // Check that one environment does not run on two CPUs at once.
    for _ in 0..ROUNDS {
        sys_yield();
        for _ in 0..COUNTS {
            COUNTER.store(COUNTER.load(Relaxed) + 1, Relaxed);
        }
    }
    let count = COUNTER.load(Relaxed);
    assert!(
        count == ROUNDS * COUNTS,
        "ran on two CPUs at once (counter is {count})"
    );
    println!("[{}] stresssched on CPU 0", sys_getenvid());
}
