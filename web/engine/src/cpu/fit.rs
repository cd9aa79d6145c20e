//! What a program needs, before its weights are there.

use underpaint_plan::Plan;

use crate::Result;
use crate::program::Program;
use crate::sizes::numbers;

/// Bytes that a program of a plan can have: in WebAssembly what 32 bits address, less what the module
/// needs for itself.
pub const BYTES_AVAILABLE: u64 = if cfg!(target_arch = "wasm32") {
    (4 << 30) - (64 << 20)
} else {
    u64::MAX
};

/// Bytes of weights and planes.
///
/// # Errors
///
/// [`Error::Input`](crate::Error::Input) if program and plan do not belong together.
pub fn bytes_needed(program: &Program, plan: &Plan) -> Result<u64> {
    let planes: usize = program.slot_sizes.iter().sum();
    let mut bytes = 4 * planes as u64;
    for packing in &program.packs {
        let [matrix, bias] = numbers(packing, plan)?;
        bytes += 4 * (matrix as u64 + bias as u64);
    }
    Ok(bytes)
}
