//! The training loop, written once for every family, and what surrounds it.

mod adam;
pub mod checkpoint;
pub mod report;
mod run;
pub mod schedule;

pub use adam::{Adam, AdamConfig, NonFinite};
pub use run::{RunPlan, TrainOutcome, Validation, train};
