//! A generator's forward pass as data: a short list of steps over planes, and how each weight is made
//! from the tensors of a weight file.
//!
//! A [`Plan`] holds no weights and depends on no tensor library. `underpaint-core` captures one from a
//! network written with burn; `underpaint-engine` runs one on a GPU or a CPU; the command line writes
//! one as ONNX.
//!
//! # Reading order
//!
//! 1. [`plan`]: what a plan is; values, inputs.
//! 2. [`step`]: the steps, a closed set.
//! 3. [`weight`]: constant expressions over the tensors of a weight file; [`evaluate`]: their numbers.
//! 4. [`check`]: what may be relied on; [`mod@reference`]: what a plan means; [`cost`], [`display`]: a look
//!    at it; [`mod@reach`]: how far it looks.

pub mod check;
pub mod cost;
pub mod display;
pub mod error;
pub mod evaluate;
#[cfg(test)]
mod fixture;
pub mod plan;
pub mod reach;
pub mod reference;
pub mod step;
pub mod weight;

pub use cost::{Cost, StepCost};
pub use error::{Error, Result};
pub use plan::{Input, Plan, Shape, ValueId};
pub use reach::{Reach, Whole, reach};
pub use step::{Activation, Operand, Operation, PadMode, Sides, Statistics, Step};
pub use weight::{Expression, ExpressionId, Tensor, Weight, WeightId, WeightSource};
