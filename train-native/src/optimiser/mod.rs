//! What moves weights along their gradients: below [`family`](crate::family), whose steps use it, and
//! above no other room.

mod adam;
mod loss_scale;
#[cfg(feature = "tch")]
#[allow(
    deprecated,
    reason = "burn-tch is what burn is pinned for: DECISIONS.md, 1"
)]
mod unscale;
#[cfg(not(feature = "tch"))]
mod unscale {
    use burn::tensor::{Gradients, Tensor};
    use underpaint_core::state_dict::AuthorsKeys;

    /// Without libtorch nothing trains in 16 bits, and no loss is scaled.
    pub fn unscale<M: AuthorsKeys>(_: &M, _: &Gradients, _: f64, _: &mut Option<Tensor<1>>) {}
}

pub use adam::{Adam, AdamConfig, NonFinite};
pub use loss_scale::LossScale;
pub use unscale::unscale;
