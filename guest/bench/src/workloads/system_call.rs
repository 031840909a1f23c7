//! From ring 3 to ring 0 and back.

use crate::machine::trap;

const CALLS: u32 = 1_000;

/// A thousand times `int 0x30` and `iret`.
pub fn system_call(repetitions: u32) -> u32 {
    (0..repetitions).fold(0, |checksum: u32, _| {
        checksum.rotate_left(1).wrapping_add(trap::run_user(CALLS))
    })
}
