//! What goes between ranks: bytes and sums over Gloo, gradients over whatever the device has or through
//! memory that the ranks of one machine share.

#[cfg(feature = "tch")]
#[allow(
    deprecated,
    reason = "burn-tch is what burn is pinned for: DECISIONS.md, 1"
)]
mod gradients;
#[cfg(feature = "tch")]
mod libtorch;
#[cfg(feature = "tch")]
mod memory;
#[cfg(not(feature = "tch"))]
mod none;

#[cfg(feature = "tch")]
pub(super) use libtorch::{Comm, join};
#[cfg(not(feature = "tch"))]
pub(super) use none::{Comm, join};

#[cfg(feature = "tch")]
pub use gradients::Averaging;
#[cfg(not(feature = "tch"))]
pub use none::Averaging;
