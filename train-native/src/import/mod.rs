//! The original authors' weight files, by their paths: [`underpaint_core::checkpoint`] reads them.

pub mod checkpoint;
mod folder;
pub mod mindspore;

pub use checkpoint::{read_checkpoint, read_chosen, read_encoder, read_state_dict};
pub use underpaint_core::checkpoint::{
    Attribute, Attributes, Checkpoint, Choice, FamilyName, Hints, PganCheckpoint, PganNetwork,
    Recognized, Wanted, listed, recognize,
};
