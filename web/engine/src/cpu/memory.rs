//! Numbers in groups of four that begin where a cache line can.

use super::simd::Quad;
use crate::{Error, Result};

/// Numbers that fill a group, and a group more to begin at.
const ALIGNMENT: usize = 16;

/// A piece of memory: a multiple of four numbers.
#[derive(Debug, Default)]
pub struct Memory {
    numbers: Vec<f32>,
    start: usize,
    len: usize,
}

impl Memory {
    /// Zeros, `len` filled to a multiple of four.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn zeros(len: usize) -> Result<Self> {
        let len = len.next_multiple_of(4);
        let room = len + ALIGNMENT / size_of::<f32>();
        let mut numbers = Vec::new();
        numbers.try_reserve_exact(room).map_err(|_| {
            let message = format!("expected room for {len} numbers, found none");
            Error::OutOfMemory(message)
        })?;
        // Loads of four numbers that straddle two cache lines are slower.
        let start = numbers
            .spare_capacity_mut()
            .as_ptr()
            .align_offset(ALIGNMENT);
        let start = if start <= room - len { start } else { 0 };
        numbers.resize(room, 0.0);
        Ok(Self {
            numbers,
            start,
            len,
        })
    }

    /// Those numbers, filled to a multiple of four with zeros.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn of(numbers: &[f32]) -> Result<Self> {
        let mut memory = Self::zeros(numbers.len())?;
        memory.numbers_mut()[..numbers.len()].copy_from_slice(numbers);
        Ok(memory)
    }

    /// All numbers.
    #[must_use]
    pub fn numbers(&self) -> &[f32] {
        &self.numbers[self.start..][..self.len]
    }

    /// All numbers.
    pub fn numbers_mut(&mut self) -> &mut [f32] {
        &mut self.numbers[self.start..][..self.len]
    }

    /// All numbers in groups of four.
    #[must_use]
    pub fn quads(&self) -> &[Quad] {
        self.numbers().as_chunks().0
    }

    /// All numbers in groups of four.
    pub fn quads_mut(&mut self) -> &mut [Quad] {
        self.numbers_mut().as_chunks_mut().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_begins_at_a_multiple_of_sixteen_bytes() {
        for len in [0, 1, 5, 64, 1000] {
            let memory = Memory::zeros(len).unwrap();
            assert_eq!(memory.quads().len(), len.div_ceil(4));
            assert_eq!(memory.numbers().as_ptr().align_offset(16), 0);
        }
    }

    #[test]
    fn there_is_no_room_for_everything() {
        assert!(matches!(
            Memory::zeros(usize::MAX / 8),
            Err(Error::OutOfMemory(_))
        ));
    }
}
