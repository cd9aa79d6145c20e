//! What a program needs, before its weights are there.

use underpaint_plan::Plan;

use super::winograd;
use crate::Result;
use crate::program::{PackId, Program};
use crate::sizes::numbers;

/// Bytes that a program of a plan can have: what a pointer addresses (4 GiB in WebAssembly), less what
/// the program around it needs.
pub const BYTES_AVAILABLE: u64 = usize::MAX as u64 - (64 << 20);

/// Bytes of weights and planes.
///
/// # Errors
///
/// [`Error::Input`](crate::Error::Input) if program and plan do not belong together.
pub fn bytes_needed(program: &Program, plan: &Plan) -> Result<u64> {
    let planes: usize = program.slot_sizes.iter().sum();
    let mut bytes = 4 * planes as u64;
    for (place, packing) in program.packs.iter().enumerate() {
        let [mut matrix, bias] = numbers(packing, plan)?;
        if winograd::suits(program, PackId(place)) {
            // Sixteen places of a tile for nine of a kernel.
            matrix = matrix / 9 * 16;
        }
        bytes += 4 * (matrix as u64 + bias as u64);
    }
    Ok(bytes)
}
