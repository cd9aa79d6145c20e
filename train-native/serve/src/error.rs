//! What can be wrong before the first request is answered.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a site cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The studio's folder holds no page.
    #[error("{}: not a built studio: expected index.html in it, found {}", .folder.display(), if .folder.is_dir() { "none" } else { "no such folder" })]
    NoStudio {
        /// The folder that was given.
        folder: PathBuf,
    },
    /// A folder cannot be read.
    #[error("cannot read the folder {}", .folder.display())]
    Folder {
        /// The folder that was given.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is nothing to paint with.
    #[error(
        "{}: no model bundle found: expected manifest.json with its weights in it, or in folders below it",
        .folder.display()
    )]
    NoBundles {
        /// The folder that was given.
        folder: PathBuf,
    },
    /// Another program listens there.
    #[error(
        "port {} is taken by another program: choose another with --port, or any free one with --port 0",
        .address.port()
    )]
    PortTaken {
        /// Where the server was to listen.
        address: SocketAddr,
    },
    /// The system does not allow listening there.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where the server was to listen.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The server broke down while it ran.
    #[error("the server stopped")]
    Stopped(#[source] io::Error),
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, Error>;
