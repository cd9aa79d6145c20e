//! The original authors' weight files.
//!
//! From the bytes of a file (`container`, `pickle`, `tensors`) to named tensors (`tree`, `contents`),
//! to the network that is wanted among them (`networks`, `checkpoint`), to a model (`family`,
//! `recognize`). `foreign` and `folder` say what else a file or folder is.

pub mod checkpoint;
mod container;
mod contents;
mod element;
mod family;
mod folder;
mod foreign;
pub mod hints;
mod networks;
pub mod pgan;
pub mod pickle;
pub mod recognize;
mod tensors;
mod tree;

pub use checkpoint::{
    Checkpoint, Choice, PganCheckpoint, Wanted, read_checkpoint, read_chosen, read_encoder,
    read_state_dict,
};
pub use family::FamilyName;
pub use networks::listed;
pub use pickle::{Attribute, Attributes};
