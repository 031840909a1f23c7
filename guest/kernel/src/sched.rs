//! Who runs next: round robin. JOS `kern/sched.c`.

use crate::env::run::env_run;
use crate::env::{ENVS, EnvTable, curenv, verdict};
use crate::monitor;
use crate::verdict::report;
use abi::{EnvId, EnvStatus};

/// Gives the CPU to the next runnable environment after the current one; to the current one if it
/// is alone.
pub fn sched_yield() -> ! {
    let next = choose(&ENVS.borrow());
    match next {
        Some(id) => env_run(id),
        None => sched_halt(),
    }
}

fn choose(envs: &EnvTable) -> Option<EnvId> {
    let used = envs.used();
    let after = curenv().map_or(0, |id| id.index() + 1);
    let (before, behind) = used.split_at(after.min(used.len()));
    let runnable = |env: &&_| {
        matches!(
            env,
            abi::Env {
                status: EnvStatus::Runnable,
                ..
            }
        )
    };
    let running = curenv().filter(|id| used[id.index()].status == EnvStatus::Running);
    behind
        .iter()
        .find(runnable)
        .or_else(|| before.iter().find(runnable))
        .map(|env| env.id)
        .or(running)
}

/// Nothing is left to run: says so, reports the verdict, and stays in the monitor.
fn sched_halt() -> ! {
    crate::println!("No runnable environments in the system!");
    report(verdict());
    loop {
        monitor::enter(None);
    }
}
