//! `run`: starts a program from the modules.

use super::{Context, Then};
use crate::env::{ENVS, env_create};
use crate::multiboot::BOOT;
use crate::panic::PANICKED;
use crate::println;
use crate::sched::sched_yield;
use core::sync::atomic::Ordering;

pub fn run(context: &Context<'_>) -> Then {
    let [name, ..] = context.arguments else {
        BOOT.borrow()
            .modules()
            .iter()
            .for_each(|module| println!("  {}", module.name.as_str()));
        return Then::Prompt;
    };
    let Some(module) = BOOT.borrow().find(name) else {
        println!("No program '{name}'; 'run' lists what there is.");
        return Then::Prompt;
    };
    if context.trapframe.is_some() || PANICKED.load(Ordering::Relaxed) {
        println!("Not while a program is interrupted, nor after a kernel panic.");
        return Then::Prompt;
    }
    let created = env_create(&mut ENVS.borrow(), module.name, module.bytes);
    match created {
        Ok(_) => sched_yield(),
        Err(error) => println!("{name}: {error}"),
    }
    Then::Prompt
}
