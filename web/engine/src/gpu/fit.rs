//! What a program needs of a device, known before weights are downloaded or anything is allocated.

use underpaint_plan::Plan;

use super::bounds::Bounds;
use super::lower::lower;
use super::tune::Tuning;
use crate::program::Program;
use crate::sizes::numbers;
use crate::{Error, Result};

/// Bytes that a program needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Planes and sums between steps.
    pub planes: u64,
    /// Weights, if none of them can be kept as f16.
    pub weights: u64,
    /// Inputs and outputs on their way.
    pub transfers: u64,
    /// The largest single buffer.
    pub largest: u64,
}

impl Needs {
    /// Counts what a program of a plan needs on a device that allows `bounds`.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if the device does not allow it, with what it needs and what is allowed.
    pub fn of(program: &Program, plan: &Plan, bounds: &Bounds, tuning: &Tuning) -> Result<Self> {
        let mut needs = Self {
            planes: 0,
            weights: 0,
            transfers: 0,
            largest: 0,
        };
        let largest = |bytes: u64, what: &str, available: u64| {
            if bytes > available {
                return Err(Error::TooLarge {
                    what: what.into(),
                    needed: bytes,
                    available,
                });
            }
            Ok(bytes)
        };
        for &size in &program.slot_sizes {
            let bytes = 4 * size as u64;
            needs.planes += largest(bytes, "planes of a picture", bounds.buffer)?;
            needs.largest = needs.largest.max(bytes);
        }
        for packing in &program.packs {
            let [matrix, bias] = numbers(packing, plan)?;
            let bytes = 4 * matrix as u64;
            // f16 halves it, where every number is one.
            let available = 2 * bounds.binding.min(bounds.buffer);
            needs.weights += largest(bytes, "the weights of one layer", available)?;
            needs.weights += 4 * bias as u64;
            needs.largest = needs.largest.max(bytes);
        }
        for labels in &program.labels {
            let codes = labels.gather.rows.len() * labels.gather.columns.len();
            needs.transfers += largest(4 * codes as u64, "label codes", bounds.buffer)?;
        }
        for output in &program.outputs {
            let bytes = 4 * output.view.len() as u64;
            needs.transfers += largest(bytes, "the picture", bounds.buffer)?;
        }
        needs.planes += lower(program, bounds, tuning, &[])?.scratch;
        Ok(needs)
    }

    /// All of it.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.planes + self.weights + self.transfers
    }
}
