//! Compressed copies of files, made once, when they are first asked for.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::{NamedTempFile, TempDir};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

/// Files below this size are sent as they are: a packet is a packet.
const SMALLEST: u64 = 1024;

/// Gzip copies of files in a temporary folder that goes with this value. A WebAssembly module of
/// 20 MB takes most of a second to compress: too much for every request, nothing for the first.
pub struct Compressed {
    /// None where the system has no room for temporary files: then nothing is compressed.
    folder: Option<TempDir>,
    copies: Mutex<HashMap<Version, Arc<OnceCell<Option<PathBuf>>>>>,
}

/// A file as it was at one time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Version {
    path: PathBuf,
    bytes: u64,
    modified: SystemTime,
}

impl Compressed {
    /// No copies yet.
    pub fn new() -> Self {
        Self {
            folder: TempDir::with_prefix("underpaint-serve-").ok(),
            copies: Mutex::default(),
        }
    }

    /// The compressed copy of a file as it is now, with the file's own modification time; none where
    /// it would save nothing or could not be made.
    pub async fn copy_of(&self, path: &Path) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?.path().to_owned();
        let metadata = path.metadata().ok()?;
        if metadata.len() < SMALLEST {
            return None;
        }
        let version = Version {
            path: path.to_owned(),
            bytes: metadata.len(),
            modified: metadata.modified().ok()?,
        };
        let cell = {
            let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(copies.entry(version.clone()).or_default())
        };
        let make = || async { spawn_blocking(move || copy(&version, &folder)).await };
        let made = cell.get_or_init(|| async { make().await.ok()?.ok()? });
        made.await.clone()
    }
}

/// Compresses into a new file of `folder`. None where that saves less than a twentieth.
fn copy(version: &Version, folder: &Path) -> io::Result<Option<PathBuf>> {
    let mut encoder = GzEncoder::new(NamedTempFile::new_in(folder)?, Compression::default());
    io::copy(&mut File::open(&version.path)?, &mut encoder)?;
    let file = encoder.finish()?;
    if file.as_file().metadata()?.len() > version.bytes / 20 * 19 {
        return Ok(None);
    }
    // The time, with the size, becomes the copy's ETag, which so survives a new start.
    file.as_file().set_modified(version.modified)?;
    let (_, path) = file.keep()?;
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(future)
    }

    #[test]
    fn a_copy_is_made_once_for_each_version_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("module.wasm");
        fs::write(&path, [7; 50_000]).unwrap();
        let compressed = Compressed::new();
        let both = async { tokio::join!(compressed.copy_of(&path), compressed.copy_of(&path)) };
        let (first, second) = run(both);
        assert_eq!(first, second);
        let first = first.unwrap();
        assert!(fs::metadata(&first).unwrap().len() < 1000);
        assert_eq!(
            fs::metadata(&first).unwrap().modified().unwrap(),
            fs::metadata(&path).unwrap().modified().unwrap()
        );
        fs::write(&path, [8; 60_000]).unwrap();
        assert_ne!(run(compressed.copy_of(&path)), Some(first));
    }

    #[test]
    fn what_compression_does_not_shrink_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let compressed = Compressed::new();
        let small = folder.path().join("small.js");
        fs::write(&small, "let a = 1;".repeat(10)).unwrap();
        assert_eq!(run(compressed.copy_of(&small)), None);
        let noise = folder.path().join("noise.bin");
        let mut state = 1_u64;
        let bytes = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        });
        fs::write(&noise, bytes.take(20_000).collect::<Vec<u8>>()).unwrap();
        assert_eq!(run(compressed.copy_of(&noise)), None);
        assert_eq!(
            run(compressed.copy_of(&folder.path().join("missing"))),
            None
        );
    }

    #[test]
    fn copies_go_with_their_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        fs::write(&path, "<p>".repeat(2000)).unwrap();
        let compressed = Compressed::new();
        let copy = run(compressed.copy_of(&path)).unwrap();
        assert!(copy.is_file());
        drop(compressed);
        assert!(!copy.exists());
    }
}
