//! A child that never gives up the CPU, and a parent that ends it: needs preemption. JOS
//! `user/spin.c`.

#![no_std]
#![no_main]

use jos::EnvId;
use jos::fork::fork;
use jos::println;
use jos::syscall::{sys_env_destroy, sys_yield};

jos::program!(main);

fn main() {
    println!("I am the parent.  Forking the child...");
    let child = fork().expect("fork");
    if child == EnvId::NONE {
        println!("I am the child.  Spinning...");
        loop {
            core::hint::spin_loop();
        }
    }
    println!("I am the parent.  Running the child...");
    (0..8).for_each(|_| sys_yield());
    println!("I am the parent.  Killing the child...");
    sys_env_destroy(child).expect("a parent may destroy its child");
}
