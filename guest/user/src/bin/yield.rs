//! Gives up the CPU five times. JOS `user/yield.c`.

#![no_std]
#![no_main]

use jos::println;
use jos::syscall::sys_yield;

jos::program!(main);

fn main() {
    let id = jos::env::this().id;
    println!("Hello, I am environment {id}.");
    for iteration in 0..5 {
        sys_yield();
        println!("Back in environment {id}, iteration {iteration}.");
    }
    println!("All done in environment {id}.");
}
