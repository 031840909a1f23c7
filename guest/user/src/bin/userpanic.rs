//! Panics, to show what that looks like: the message, then `int3`.

#![no_std]
#![no_main]

use jos::println;

jos::program!(main);

fn main() {
    println!("about to panic");
    let answer = answer();
    assert!(answer == 42, "the answer is {answer}, not 42"); // #user-panic
}

fn answer() -> u32 {
    41
}
