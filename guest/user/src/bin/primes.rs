//! The sieve of Eratosthenes as a pipeline of environments, one per prime. It ends when a resource
//! does. JOS `user/primes.c`; Hoare, "Communicating Sequential Processes" (1978).

#![no_std]
#![no_main]

use jos::fork::fork;
use jos::{EnvId, ipc, print};

jos::program!(main);

fn main() {
    let first = fork().expect("fork");
    if first == EnvId::NONE {
        filter();
    }
    // Feed all the integers through.
    for number in 2.. {
        ipc::send(first, number);
    }
}

/// One stage: takes the first number it gets for a prime, and passes on what that does not divide.
fn filter() -> ! {
    // `fork` returns in the child at the same place: the loop makes the child a stage of its own.
    loop {
        let prime = ipc::recv().value;
        print!("CPU 0: {prime} ");
        let right = fork().expect("fork");
        if right == EnvId::NONE {
            continue;
        }
        loop {
            let number = ipc::recv().value;
            if !number.is_multiple_of(prime) {
                ipc::send(right, number);
            }
        }
    }
}
