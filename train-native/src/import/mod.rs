//! The original authors' weight files.

pub mod checkpoint;
mod container;
pub mod pgan;
pub mod pickle;
pub mod recognize;
mod tensors;

pub use checkpoint::{Checkpoint, PganCheckpoint, read_checkpoint, read_state_dict};
pub use pickle::{Attribute, Attributes};
