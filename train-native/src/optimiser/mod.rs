//! What moves weights along their gradients: below [`family`](crate::family), whose steps use it, and
//! above no other room.

mod adam;

pub use adam::{Adam, AdamConfig, NonFinite};
