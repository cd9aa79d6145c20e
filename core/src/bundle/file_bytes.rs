//! Bytes of a file, wherever they lie.

use std::borrow::Cow;
use std::ops::Range;

use crate::{Error, Result};

/// The bytes of a file, read in parts: they may lie in memory or elsewhere.
pub trait FileBytes {
    /// How many there are.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of them; `range` ends within the file.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if they cannot be read.
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>>;
}

impl FileBytes for [u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        // What lies in memory is no larger than memory.
        let part = self.get(range.start as usize..range.end as usize);
        part.map(Cow::Borrowed)
            .ok_or_else(|| cut(self.len() as u64))
    }
}

impl<B: FileBytes + ?Sized> FileBytes for &B {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        (**self).read(range)
    }
}

/// A file within a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<B> {
    bytes: B,
    range: Range<u64>,
}

impl<B: FileBytes> Part<B> {
    /// These bytes of the file.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if the file ends before them.
    pub fn new(bytes: B, range: Range<u64>) -> Result<Self> {
        if range.start > range.end || range.end > bytes.len() {
            return Err(cut(bytes.len()));
        }
        Ok(Self { bytes, range })
    }
}

impl<B: FileBytes> FileBytes for Part<B> {
    fn len(&self) -> u64 {
        self.range.end - self.range.start
    }

    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        if range.end > self.len() {
            return Err(cut(self.len()));
        }
        let start = self.range.start;
        self.bytes.read(start + range.start..start + range.end)
    }
}

fn cut(length: u64) -> Error {
    Error::File(format!("it ends after {length} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_a_file_of_its_own() {
        let whole: &[u8] = b"0123456789";
        let part = Part::new(whole, 2..6).expect("within");
        assert_eq!(part.len(), 4);
        assert_eq!(&*part.read(1..3).expect("within"), b"34");
        assert!(part.read(3..5).is_err());
        assert!(Part::new(whole, 8..11).is_err());
    }
}
