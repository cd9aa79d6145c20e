//! What is done to one number after the other.

use underpaint_plan::Activation;

use super::simd::{F32x4, Quad};

/// Applies a function of groups of four.
#[inline(always)]
pub fn map(quads: &mut [Quad], function: impl Fn(F32x4) -> F32x4) {
    for quad in quads {
        function(F32x4::load(quad)).store(quad);
    }
}

/// Applies a function of groups of four to as many pairs.
#[inline(always)]
pub fn zip(quads: &mut [Quad], others: &[Quad], function: impl Fn(F32x4, F32x4) -> F32x4) {
    for (quad, other) in quads.iter_mut().zip(others) {
        function(F32x4::load(quad), F32x4::load(other)).store(quad);
    }
}

/// Applies an activation.
pub fn activate(function: Activation, quads: &mut [Quad]) {
    match function {
        Activation::Relu => map(quads, |x| x.max(F32x4::zero())),
        Activation::LeakyRelu { slope } => {
            let slope = F32x4::splat(slope);
            map(quads, |x| x.leaky(slope));
        }
        Activation::Tanh => map(quads, F32x4::tanh),
    }
}
