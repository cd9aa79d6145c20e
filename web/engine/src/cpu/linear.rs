//! A matrix times a vector: bound by how fast the matrix is read.

use underpaint_plan::Activation;

use super::memory::Memory;
use super::pointwise;
use super::simd::{F32x4, Quad};
use crate::Result;
use crate::pack::Packed;

/// A packed matrix: a row for each input.
#[derive(Debug)]
pub struct Matrix {
    rows: Memory,
    bias: Memory,
}

impl Matrix {
    /// Of what [`pack`](crate::pack::pack) has made.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::Error::OutOfMemory).
    pub fn of(packed: &Packed) -> Result<Self> {
        Ok(Self {
            rows: Memory::of(&packed.matrices[0])?,
            bias: Memory::of(&packed.bias)?,
        })
    }
}

/// Runs it over all numbers of the input.
pub fn multiply(
    matrix: &Matrix,
    input: &[Quad],
    activation: Option<Activation>,
    output: &mut [Quad],
) {
    let columns = matrix.bias.quads().len();
    let output = &mut output[..columns];
    output.copy_from_slice(matrix.bias.quads());
    let rows = matrix.rows.quads().chunks_exact(4 * columns.max(1));
    for (numbers, rows) in input.iter().zip(rows) {
        // Four rows at a time, so that sums are loaded and stored less often.
        let (a, rows) = rows.split_at(columns);
        let (b, rows) = rows.split_at(columns);
        let (c, d) = rows.split_at(columns);
        let factors = numbers.map(F32x4::splat);
        let rows = a.iter().zip(b).zip(c).zip(d);
        for (quad, (((a, b), c), d)) in output.iter_mut().zip(rows) {
            let mut sum = F32x4::load(quad);
            for (row, factor) in [a, b, c, d].into_iter().zip(factors) {
                sum = F32x4::load(row).times_plus(factor, sum);
            }
            sum.store(quad);
        }
    }
    if let Some(function) = activation {
        pointwise::activate(function, output);
    }
}
