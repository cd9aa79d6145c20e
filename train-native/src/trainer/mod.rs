//! The training loop, written once for every family, and what surrounds it.

pub mod checkpoint;
pub mod report;
mod run;
pub mod schedule;
pub mod together;

pub use run::{RunPlan, TrainOutcome, Validation, train};
