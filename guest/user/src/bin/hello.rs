//! The first program. JOS `user/hello.c`.

#![no_std]
#![no_main]

use jos::println;

jos::program!(main);

fn main() {
    println!("hello, world");
    println!("i am environment {}", jos::env::this().id);
}
