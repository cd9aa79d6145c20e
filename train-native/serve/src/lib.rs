//! A small server of static files: the painting studio at `/`, model bundles at `/models/`.
//!
//! `underpaint serve` and `cargo xtask demo` are thin wrappers around [`serve`]. What files are, how
//! they are cached and read in part is tower-http's business; what may be read at all, and what the
//! studio is told about bundles, is decided here.
//!
//! Reading order: [`Site`] and [`Listen`] (what and where), `server` (from a port to Ctrl-C),
//! `connections` (how many, and for how long), `host` (under which names), `router` (from a request to a file), `folder` (no file but those meant), [`Catalogue`] (bundles).

#![warn(missing_docs)]

mod catalogue;
mod compressed;
mod connections;
mod error;
mod folder;
mod host;
mod listen;
mod router;
mod server;
mod single_file;

use std::path::PathBuf;

pub use catalogue::{Bundle, Catalogue};
pub use connections::Limits;
pub use error::{Error, Result};
pub use listen::{DEFAULT_PORT, Listen};
pub use server::{Server, serve};

/// What is served.
#[derive(Debug, Clone)]
pub struct Site {
    /// The built studio: a folder with `index.html`.
    pub studio: PathBuf,
    /// A folder of bundles, or one bundle, to serve at `/models/` in place of the studio's own
    /// `models` folder.
    pub models: Option<PathBuf>,
}
