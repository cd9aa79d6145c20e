//! ZIP archives: what PyTorch writes, and what a bundle lies in as one file.
//!
//! Read by range: the directory at the end first, then whatever of an entry is asked for. Written
//! without compression and with every entry at a multiple of 64 bytes, so that it can be read in the
//! same way.
//!
//! Source: APPNOTE.TXT 6.3.10 of PKWARE.

mod crc32;
mod layout;
mod read;

pub use crc32::Crc32;
pub use layout::{ALIGNMENT, Layout};
pub use read::{Archive, Entry};

/// What an archive begins with, if it holds anything.
pub const SIGNATURE: &[u8] = b"PK\x03\x04";

/// What one that holds nothing begins with.
pub const EMPTY_SIGNATURE: &[u8] = b"PK\x05\x06";
