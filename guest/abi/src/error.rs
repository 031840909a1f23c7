//! What a system call can fail with. JOS `inc/error.h`; the texts are JOS's `lib/printfmt.c`.

use core::fmt;

/// JOS's error numbers, without their sign.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum SysError {
    /// E_UNSPECIFIED
    Unspecified = 1,
    /// E_BAD_ENV: the environment does not exist, or is none of the caller's business.
    BadEnv = 2,
    /// E_INVAL
    Inval = 3,
    /// E_NO_MEM
    NoMem = 4,
    /// E_NO_FREE_ENV
    NoFreeEnv = 5,
    /// E_FAULT
    Fault = 6,
    /// E_IPC_NOT_RECV: the target is not receiving.
    IpcNotRecv = 7,
    /// E_EOF
    Eof = 8,
}

//  error                    JOS's name         JOS's text
const TABLE: [(SysError, &str, &str); 8] = [
    (SysError::Unspecified, "E_UNSPECIFIED", "unspecified error"),
    (SysError::BadEnv, "E_BAD_ENV", "bad environment"),
    (SysError::Inval, "E_INVAL", "invalid parameter"),
    (SysError::NoMem, "E_NO_MEM", "out of memory"),
    (SysError::NoFreeEnv, "E_NO_FREE_ENV", "out of environments"),
    (SysError::Fault, "E_FAULT", "segmentation fault"),
    (SysError::IpcNotRecv, "E_IPC_NOT_RECV", "env is not recving"),
    (SysError::Eof, "E_EOF", "unexpected end of file"),
];

impl SysError {
    /// JOS's name, `E_INVAL`.
    pub fn name(self) -> &'static str {
        TABLE[self as usize - 1].1
    }

    /// What goes into `%eax`: the value, or the error's number negated.
    pub const fn encode(result: Result<u32, SysError>) -> u32 {
        match result {
            Ok(value) => value,
            Err(error) => (error as u32).wrapping_neg(),
        }
    }

    /// The reverse of `encode`. A negative number that is no error of ours is `Unspecified`.
    pub fn decode(register: u32) -> Result<u32, SysError> {
        if (register as i32) >= 0 {
            return Ok(register);
        }
        let index = register.wrapping_neg() as usize - 1;
        Err(TABLE.get(index).map_or(SysError::Unspecified, |row| row.0))
    }
}

impl fmt::Debug for SysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for SysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(TABLE[*self as usize - 1].2)
    }
}
