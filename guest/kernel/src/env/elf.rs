//! Reads an ELF executable, trusting nothing in it. System V ABI, "Object Files" and "Program
//! Loading".

use crate::env::load::LoadError;

const EM_386: u16 = 3;
const ET_EXEC: u16 = 2;
const PT_LOAD: u32 = 1;
const HEADER_SIZE: usize = 52;
const PROGRAM_HEADER_SIZE: usize = 32;

/// An executable for this machine.
pub struct Elf<'file> {
    file: &'file [u8],
    /// First instruction.
    pub entry: u32,
    headers_at: usize,
    headers_count: usize,
}

/// Part of the file that goes to memory.
pub struct Segment<'file> {
    /// Where to.
    pub va: u32,
    /// What is in the file.
    pub bytes: &'file [u8],
    /// How much memory it takes; what is not in the file is zero.
    pub memory_size: u32,
}

impl<'file> Elf<'file> {
    /// Checks the header.
    pub fn parse(file: &'file [u8]) -> Result<Elf<'file>, LoadError> {
        let header = file.get(..HEADER_SIZE).ok_or(LoadError::NotElf)?;
        if !header.starts_with(b"\x7fELF") {
            return Err(LoadError::NotElf);
        }
        // Class: 32 bits; data: little endian.
        if !header[4..].starts_with(&[1, 1])
            || half(header, 16) != ET_EXEC
            || half(header, 18) != EM_386
        {
            return Err(LoadError::OtherMachine);
        }
        if usize::from(half(header, 42)) != PROGRAM_HEADER_SIZE {
            return Err(LoadError::Truncated);
        }
        let headers_at = word(header, 28) as usize;
        Ok(Elf {
            file,
            entry: word(header, 24),
            headers_at,
            headers_count: half(header, 44).into(),
        })
    }

    /// The segments to load; an `Err` where the file does not hold what its headers promise.
    pub fn segments(&self) -> impl Iterator<Item = Result<Segment<'file>, LoadError>> {
        (0..self.headers_count).filter_map(|index| self.segment(index).transpose())
    }

    fn segment(&self, index: usize) -> Result<Option<Segment<'file>>, LoadError> {
        let start = self.headers_at.saturating_add(index * PROGRAM_HEADER_SIZE);
        let header = self.bytes(start, PROGRAM_HEADER_SIZE)?;
        if word(header, 0) != PT_LOAD {
            return Ok(None);
        }
        let (offset, file_size) = (word(header, 4) as usize, word(header, 16) as usize);
        let segment = Segment {
            va: word(header, 8),
            bytes: self.bytes(offset, file_size)?,
            memory_size: word(header, 20),
        };
        if file_size > segment.memory_size as usize {
            return Err(LoadError::Truncated);
        }
        Ok(Some(segment))
    }

    fn bytes(&self, start: usize, len: usize) -> Result<&'file [u8], LoadError> {
        let end = start.checked_add(len).ok_or(LoadError::Truncated)?;
        self.file.get(start..end).ok_or(LoadError::Truncated)
    }
}

/// The 16 bits at `offset` of a header whose length was checked.
fn half(header: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes([header[offset], header[offset + 1]])
}

/// The 32 bits at `offset` of a header whose length was checked.
fn word(header: &[u8], offset: usize) -> u32 {
    u32::from(half(header, offset)) | u32::from(half(header, offset + 2)) << 16
}
