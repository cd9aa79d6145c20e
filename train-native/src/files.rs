//! Whole files and folders, written so that nobody ever sees half of one; and files that are read in
//! parts.

mod disk;

use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

pub use disk::DiskFile;

/// Ending of the name of a file that is being written.
const PARTIAL: &str = ".partial";

/// The name under which `path` is written before it is renamed.
fn partial_sibling(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}{PARTIAL}"))
}

/// Whether a file of this name is what a killed write left behind.
pub fn is_partial(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(PARTIAL)
}

/// Writes `path` so that it holds, at every moment, either its old content or all of `bytes`: the
/// sibling `.NAME.partial` is written and renamed over it.
///
/// # Errors
///
/// The system's; the sibling is removed.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_parts_atomically(path, &[bytes])
}

/// [`write_atomically`] for bytes that lie in several places, one after the other in the file.
fn write_parts_atomically(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let partial = partial_sibling(path);
    let written = File::create(&partial).and_then(|mut file| {
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()
    });
    written
        .and_then(|()| fs::rename(&partial, path))
        .inspect_err(|_| {
            // The first error is the one to tell; that the sibling may be left is harmless.
            let _ = fs::remove_file(&partial);
        })
}

/// [`write_atomically`] with an error that names the file.
///
/// # Errors
///
/// Naming the file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_parts(path, &[bytes])
}

/// [`write()`] for bytes that lie in several places, one after the other in the file.
///
/// # Errors
///
/// Naming the file.
pub fn write_parts(path: &Path, parts: &[&[u8]]) -> Result<()> {
    write_parts_atomically(path, parts).with_context(|| format!("cannot write {}", path.display()))
}

/// Creates the folder that a file is to lie in.
///
/// # Errors
///
/// Naming the folder.
pub fn create_parent(path: &Path) -> Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display())),
        _ => Ok(()),
    }
}

/// Writes a folder of files beside its final name, then renames it.
///
/// # Errors
///
/// If `folder` is there and `replace` is not set, or if something cannot be written.
pub fn write_folder(folder: &Path, files: &[(&str, &[u8])], replace: bool) -> Result<()> {
    fill_folder(folder, replace, |draft| {
        files.iter().try_for_each(|(name, bytes)| {
            let path = draft.join(name);
            fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
        })
    })
}

/// Lets `fill` write a folder beside its final name, then renames it.
///
/// # Errors
///
/// Those of `fill`; if `folder` is there and `replace` is not set, or if something cannot be written.
pub fn fill_folder(
    folder: &Path,
    replace: bool,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    if folder.exists() && !replace {
        bail!(
            "{} is already there: choose another --output, or --force to replace it",
            folder.display()
        );
    }
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&parent).with_context(|| format!("cannot create {}", parent.display()))?;
    let draft = tempfile::Builder::new()
        .prefix(".underpaint-")
        .tempdir_in(&parent)
        .with_context(|| format!("cannot write into {}", parent.display()))?;
    fill(draft.path())?;
    share(draft.path())?;
    if folder.exists() {
        let old = parent.join(format!(".underpaint-old-{}", std::process::id()));
        fs::rename(folder, &old).with_context(|| format!("cannot replace {}", folder.display()))?;
        fs::rename(draft.keep(), folder)
            .with_context(|| format!("cannot write {}", folder.display()))?;
        return fs::remove_dir_all(&old)
            .with_context(|| format!("cannot remove {}", old.display()));
    }
    fs::rename(draft.keep(), folder).with_context(|| format!("cannot write {}", folder.display()))
}

/// Temporary folders are for their owner alone; a bundle is for whoever serves it.
fn share(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("cannot write {}", folder.display()))?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Bytes that go to and come from a disk at once.
pub(crate) const BUFFER: usize = 1 << 20;

/// SHA-256 of a file of any size, in lower-case hexadecimal.
///
/// # Errors
///
/// Naming the file, if it cannot be read.
pub fn sha256(path: &Path) -> Result<String> {
    let hash = || {
        let mut hashing = Hashing::new(io::sink());
        let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
        io::copy(&mut file, &mut hashing)?;
        Ok::<_, io::Error>(hashing.finish().1)
    };
    hash().with_context(|| format!("cannot read {}", path.display()))
}

/// Hashes what it passes on.
pub(crate) struct Hashing<W> {
    inner: W,
    hasher: Sha256,
}

impl<W: Write> Hashing<W> {
    /// Passes on to `inner`.
    pub(crate) fn new(inner: W) -> Self {
        let hasher = Sha256::new();
        Self { inner, hasher }
    }

    /// What it passed on to, and the SHA-256 of that in lower-case hexadecimal.
    pub(crate) fn finish(self) -> (W, String) {
        let bytes = self.hasher.finalize();
        let hash = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        (self.inner, hash)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_and_leaves_no_partial_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("page.html");
        write_atomically(&path, b"old").expect("written");
        write_parts(&path, &[b"n", b"ew"]).expect("replaced");
        assert_eq!(fs::read(&path).expect("read"), b"new");
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 1);
        assert!(is_partial(".page.html.partial") && !is_partial("page.html"));
    }

    #[test]
    fn a_folder_is_replaced_only_when_asked() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("bundle");
        write_folder(&folder, &[("a", b"1")], false).expect("written");
        let error = write_folder(&folder, &[("a", b"2")], false)
            .expect_err("there")
            .to_string();
        assert!(error.contains("--force"), "{error}");
        write_folder(&folder, &[("b", b"2")], true).expect("replaced");
        assert!(folder.join("b").exists() && !folder.join("a").exists());
        assert_eq!(fs::read_dir(parent.path()).expect("read").count(), 1);
    }
}
