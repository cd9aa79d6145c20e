//! The original authors' weight files, from their bytes.
//!
//! From the bytes of a file (`container`, `pickle`, `tensors`) to named tensors (`tree`, `contents`),
//! to the network that is wanted among them (`networks`, [`open`]), to a model (`family`,
//! [`recognize`]). `foreign` says what else a file is. Keys and shapes are enough for all of that:
//! values are read afterwards ([`Opened::read`], [`CheckpointWeights`]), where they are needed.
//!
//! Nothing that a pickle says is executed, and what a file can make this code allocate is bounded by the
//! file's size.

mod choose;
mod container;
mod contents;
mod element;
mod failure;
mod family;
mod foreign;
mod hints;
mod networks;
mod numpy;
mod pickle;
mod recognize;
mod settings;
mod tensors;
mod tree;
mod unread;
mod weights;
mod words;

pub use choose::{Checkpoint, Choice, EXPECTED, Opened, PganCheckpoint, Wanted, open};
pub use contents::{Budget, Contents};
pub use failure::{Failure, Result};
pub use family::FamilyName;
pub use foreign::is_mindspore;
pub use hints::{DEFAULT_SIZE, Hints, Naming, PganNetwork, Setting};
pub use networks::listed;
pub use numpy::{is_numpy, read_clusters};
pub use pickle::{Attribute, Attributes};
pub use recognize::{Recognized, recognize};
pub use settings::{alpha, class_attributes, discriminator_config, generator_config};
pub use unread::Unread;
pub use weights::CheckpointWeights;
pub use words::{architecture, summary};
