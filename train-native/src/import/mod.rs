//! The original authors' weight files.

pub mod checkpoint;
mod container;
pub mod pgan;
pub mod pickle;
mod tensors;

pub use checkpoint::{Checkpoint, PganCheckpoint, read_checkpoint, read_state_dict};
pub use pickle::{Attribute, Attributes};
