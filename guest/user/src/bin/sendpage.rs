//! Parent and child send each other a page with a greeting. JOS `user/sendpage.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "shares a page")]

use core::ffi::CStr;
use jos::fork::fork;
use jos::syscall::sys_page_alloc;
use jos::{EnvId, Perm, ipc, println};

jos::program!(main);

const PARENT_PAGE: *mut u8 = 0xA0_0000 as *mut u8;
const CHILD_PAGE: *mut u8 = 0xB0_0000 as *mut u8;

const TO_CHILD: &CStr = c"hello child environment! how are you?";
const TO_PARENT: &CStr = c"hello parent environment! I'm good.";

fn main() {
    let child = fork().expect("fork");
    if child == EnvId::NONE {
        let from = receive(CHILD_PAGE, TO_CHILD, "child");
        write(CHILD_PAGE, TO_PARENT);
        ipc::send_page(from, 0, CHILD_PAGE, Perm::WRITE);
        return;
    }
    // SAFETY: nothing is mapped there.
    unsafe { sys_page_alloc(EnvId::NONE, PARENT_PAGE, Perm::WRITE) }.expect("a page");
    write(PARENT_PAGE, TO_CHILD);
    ipc::send_page(child, 0, PARENT_PAGE, Perm::WRITE);
    receive(PARENT_PAGE, TO_PARENT, "parent");
}

fn write(page: *mut u8, text: &CStr) {
    let bytes = text.to_bytes_with_nul();
    // SAFETY: a page of ours, longer than any greeting.
    unsafe { page.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
}

/// Waits for a greeting, prints it, and returns who sent it.
fn receive(page: *mut u8, expected: &CStr, who: &str) -> EnvId {
    // SAFETY: what is mapped at `page` is not used any more.
    let message = unsafe { ipc::recv_page(page) };
    // SAFETY: the other side wrote a string there.
    let text = unsafe { CStr::from_ptr(page.cast()) };
    println!(
        "{:x} got message: {}",
        message.from.0,
        text.to_str().unwrap_or("(no text)")
    );
    if text == expected {
        println!("{who} received correct message");
    }
    message.from
}
