//! Containers of weight files: which one a file is, and the pickle in it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use zip::ZipArchive;

use super::pickle::Pickle;

/// Largest pickle whose settings are read. A checkpoint's pickle holds names and shapes: some ten
/// thousand bytes for PGAN.
const MAX_PICKLE: u64 = 16 << 20;

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// safetensors.
    Safetensors,
    /// A zip archive: PyTorch 1.6 and later.
    Zip,
    /// Pickles one after the other: PyTorch up to 1.5. Or something else that
    /// `pytorch_reader` knows, or nothing that anybody does.
    Pickles,
}

impl Container {
    /// Tells by the first bytes.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn of(path: &Path) -> Result<Self> {
        let mut start = Vec::new();
        let read = File::open(path).and_then(|file| file.take(9).read_to_end(&mut start));
        read.with_context(|| format!("cannot read {}", path.display()))?;
        // Safetensors begin with the length of a JSON header and its brace.
        Ok(match start.get(8) {
            _ if start.starts_with(b"PK\x03\x04") => Self::Zip,
            Some(b'{') => Self::Safetensors,
            _ => Self::Pickles,
        })
    }
}

/// The pickle of the object that `torch.save` was given, in a zip or legacy container.
///
/// # Errors
///
/// If the container or the pickle is damaged, or too large for one that holds settings.
pub fn object_pickle(path: &Path) -> Result<Pickle> {
    let file = File::open(path)?;
    match Container::of(path)? {
        Container::Zip => zipped_pickle(file),
        Container::Pickles => legacy_pickle(file),
        Container::Safetensors => bail!("safetensors hold no pickle"),
    }
}

fn zipped_pickle(file: File) -> Result<Pickle> {
    let mut archive = ZipArchive::new(BufReader::new(file))?;
    let names = archive.file_names().collect::<Result<Vec<_>, _>>()?;
    // Everything lies in one folder, named as the file was.
    let folder = |name: &str| name.strip_suffix("data.pkl").map(str::len);
    let index = names
        .iter()
        .filter(|name| folder(name).is_some())
        .min_by_key(|name| name.len())
        .and_then(|name| archive.index_for_name(name));
    let index = index.context("no data.pkl in the archive")?;
    let mut bytes = Vec::new();
    let entry = archive.by_index(index)?;
    entry.take(MAX_PICKLE + 1).read_to_end(&mut bytes)?;
    ensure!(
        bytes.len() as u64 <= MAX_PICKLE,
        "data.pkl is larger than {MAX_PICKLE} bytes"
    );
    Ok(Pickle::read(&bytes)?.0)
}

/// Magic number, protocol and system come first, the weights' numbers last.
fn legacy_pickle(file: File) -> Result<Pickle> {
    let mut bytes = Vec::new();
    file.take(MAX_PICKLE).read_to_end(&mut bytes)?;
    let mut rest = bytes.as_slice();
    for header in ["magic number", "protocol", "system"] {
        let (_, length) = Pickle::read(rest).context(header)?;
        rest = &rest[length..];
    }
    Ok(Pickle::read(rest)?.0)
}
