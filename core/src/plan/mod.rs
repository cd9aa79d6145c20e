//! A generator as a list of steps, read off the network itself.
//!
//! A network of this crate is run once on burn's capture device, which computes nothing and records
//! every operation; what was recorded becomes a [`Plan`]: a few dozen [steps](underpaint_plan::Step)
//! of a closed set, with every constant an expression over the authors' keys. A plan holds no weights
//! and needs no burn: engines run it, ONNX is written from it.
//!
//! # Reading order
//!
//! 1. [`generator`] and [`encoder`]: the plans of a bundle.
//! 2. [`capture`]: the same for any module written with burn.
//! 3. `lower`: what each recorded operation becomes. `draft`: the plan while it is made.

mod capture;
mod draft;
mod expressions;
mod finish;
mod lower;
mod request;

pub(crate) use capture::shapes;
pub use capture::{Scope, capture};
pub use request::{Request, encoder, generator};
#[doc(no_inline)]
pub use underpaint_plan::Plan;

#[cfg(test)]
mod tests;
