//! The original authors' weight files.

pub mod checkpoint;
mod container;
mod foreign;
pub mod pgan;
pub mod pickle;
pub mod recognize;
mod tensors;

pub use checkpoint::{
    Checkpoint, Choice, PganCheckpoint, read_checkpoint, read_chosen, read_state_dict,
};
pub use pickle::{Attribute, Attributes};
