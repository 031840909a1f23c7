//! Two environments pass a number to and fro. JOS `user/pingpong.c`.

#![no_std]
#![no_main]

use jos::fork::fork;
use jos::syscall::sys_getenvid;
use jos::{EnvId, ipc, println};

jos::program!(main);

const LAST: u32 = 10;

fn main() {
    let us = sys_getenvid();
    let other = fork().expect("fork");
    if other != EnvId::NONE {
        // Get the ball rolling.
        println!("send 0 from {:x} to {:x}", us.0, other.0);
        ipc::send(other, 0);
    }
    let us = sys_getenvid();
    loop {
        let ipc::Message { from, value, .. } = ipc::recv();
        println!("{:x} got {value} from {:x}", us.0, from.0);
        if value == LAST {
            return;
        }
        ipc::send(from, value + 1);
        if value + 1 == LAST {
            return;
        }
    }
}
