//! Forks a binary tree of environments, three deep. JOS `user/forktree.c`.

#![no_std]
#![no_main]

use jos::EnvId;
use jos::alloc::format;
use jos::fork::fork;
use jos::println;
use jos::syscall::sys_getenvid;

jos::program!(main);

/// Depth of the tree.
const DEPTH: usize = 3;

fn main() {
    forktree("");
}

/// `path` says left (0) or right (1) from the root.
fn forktree(path: &str) {
    println!("{:04x}: I am '{path}'", sys_getenvid().0);
    forkchild(path, '0');
    forkchild(path, '1');
}

fn forkchild(path: &str, branch: char) {
    if path.len() >= DEPTH {
        return;
    }
    if fork().expect("fork") == EnvId::NONE {
        forktree(&format!("{path}{branch}"));
        jos::exit();
    }
}
