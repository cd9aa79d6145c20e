//! Containers of weight files: which one a file is, the pickle in it, and where the numbers lie.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::checkpoint::failure::{Context, Failure, Result, bail, ensure};

use super::foreign::{TORCHSCRIPT, archive_kind};
use super::pickle::{Attribute, Object, Pickle};
use super::tensors::storages;
use crate::archive::{Archive, EMPTY_SIGNATURE, SIGNATURE};
use crate::bundle::FileBytes;

/// Largest pickle that is read. It holds names and shapes: some ten thousand bytes for a generator,
/// and more for what people save beside it.
const MAX_PICKLE: u64 = 16 << 20;

/// Largest header of safetensors, by the format's own rule.
pub const MAX_HEADER: u64 = 100_000_000;

/// What the legacy container begins with, as a pickle writes it.
const LEGACY_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// The same, as the oldest protocols of pickle write it.
const LEGACY_MAGIC_TEXT: &[u8] = b"119547037146038801333356";

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// safetensors.
    Safetensors,
    /// A zip archive: PyTorch 1.6 and later.
    Zip,
    /// Pickles one after the other: PyTorch up to 1.5. Or one pickle, or nothing that anybody knows.
    Pickles,
}

impl Container {
    /// Tells by the first bytes.
    pub fn of(start: &[u8]) -> Self {
        // Safetensors begin with the length of a JSON header and its brace.
        let length = start.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        let header = length.is_some_and(|length| length <= MAX_HEADER);
        match start.get(8) {
            _ if start.starts_with(SIGNATURE) || start.starts_with(EMPTY_SIGNATURE) => Self::Zip,
            Some(b'{') if header => Self::Safetensors,
            _ => Self::Pickles,
        }
    }
}

/// A file that PyTorch has written: the pickle of the object that `torch.save` was given, and the
/// numbers of its tensors.
pub struct Pytorch<B> {
    /// The object.
    pub pickle: Pickle,
    numbers: Numbers<B>,
}

enum Numbers<B> {
    Zip {
        archive: Archive<B>,
        /// Everything lies in one folder, named as the file was; with its slash.
        folder: String,
    },
    Legacy {
        bytes: B,
        /// First byte and length of every storage.
        places: HashMap<String, (u64, u64)>,
    },
    /// A pickle by itself.
    None,
}

impl<B: FileBytes> Pytorch<B> {
    /// Reads everything but the numbers.
    ///
    /// # Errors
    ///
    /// If the container or the pickle is damaged, or larger than one that holds names and shapes.
    pub fn open(source: B, container: Container) -> Result<Self> {
        if container == Container::Zip {
            return Self::open_zip(source);
        }
        let bytes = source.read(0..source.len().min(MAX_PICKLE))?.into_owned();
        let start = &bytes[..bytes.len().min(64)];
        let holds = |magic: &[u8]| start.windows(magic.len()).any(|window| window == magic);
        if holds(&LEGACY_MAGIC) || holds(LEGACY_MAGIC_TEXT) {
            return Self::open_legacy(source, &bytes);
        }
        Ok(Self {
            pickle: Pickle::read(&bytes)?.0,
            numbers: Numbers::None,
        })
    }

    fn open_zip(source: B) -> Result<Self> {
        let archive = Archive::open(source)
            .context("a ZIP archive that is damaged or cut short: download or copy it again")?;
        let names: Vec<String> = archive.names().map(str::to_owned).collect();
        let folders = names
            .iter()
            .filter_map(|name| name.strip_suffix("data.pkl"));
        let folder = folders
            .filter(|folder| folder.is_empty() || folder.ends_with('/'))
            .min_by_key(|folder| folder.len())
            .map(str::to_owned);
        let Some(folder) = folder else {
            bail!("found {}", archive_kind(&names));
        };
        let code = format!("{folder}code/");
        let constants = format!("{folder}constants.pkl");
        if names
            .iter()
            .any(|name| *name == constants || name.starts_with(&code))
        {
            bail!("found {TORCHSCRIPT}");
        }
        let byte_order = read_entry(&archive, &format!("{folder}byteorder"), 16)?;
        if byte_order.is_some_and(|order| order.starts_with(b"big")) {
            bail!("{BIG_ENDIAN}");
        }
        let bytes = read_entry(&archive, &format!("{folder}data.pkl"), MAX_PICKLE)?;
        let bytes = bytes.context("no data.pkl in the archive")?;
        Ok(Self {
            pickle: Pickle::read(&bytes)?.0,
            numbers: Numbers::Zip { archive, folder },
        })
    }

    /// Magic number, protocol and system come first, then the object, the names of its storages, and
    /// their numbers.
    fn open_legacy(source: B, bytes: &[u8]) -> Result<Self> {
        let mut position = 0;
        let mut next = |what: &'static str| {
            let read = Pickle::read(&bytes[position..]).context(what);
            let (pickle, length) = read.context(DAMAGED)?;
            position += length;
            Ok::<_, Failure>(pickle)
        };
        next("magic number")?;
        next("protocol")?;
        let system = next("system")?;
        let little = system.entry(system.root(), "little_endian");
        let little = little.map(|place| system.object(place));
        if matches!(little, Some(Object::Plain(Attribute::Bool(false)))) {
            bail!("{BIG_ENDIAN}");
        }
        let pickle = next("object")?;
        let names = next("names of the storages")?;
        let names = names.items(names.root()).and_then(|items| {
            let names = items.iter().map(|name| names.key(*name));
            names.collect::<Option<Vec<String>>>()
        });
        let names = names.context("expected the names of the storages")?;
        let sizes = storages(&pickle);
        let end = source.len();
        let mut places = HashMap::new();
        let mut at = position as u64;
        for name in names {
            let count = (at + 8 <= end)
                .then(|| source.read(at..at + 8))
                .transpose()?;
            let count = count.as_deref().and_then(|bytes| bytes.first_chunk::<8>());
            let count = *count.context(DAMAGED)?;
            let size = sizes.get(&name).copied().flatten();
            let size = size.with_context(|| format!("storage {name}: of an unknown type"))?;
            let length = u64::from_le_bytes(count).checked_mul(size as u64);
            let first = at + 8;
            let last = length.and_then(|length| first.checked_add(length));
            at = last
                .filter(|last| *last <= end)
                .with_context(|| format!("{DAMAGED}: storage {name}"))?;
            places.insert(name, (first, at - first));
        }
        Ok(Self {
            pickle,
            numbers: Numbers::Legacy {
                bytes: source,
                places,
            },
        })
    }

    /// Bytes of a storage, and how many of the file had to be read for them.
    ///
    /// # Errors
    ///
    /// If there are fewer, or more than `limit` would have to be read.
    pub fn read(
        &self,
        key: &str,
        first: u64,
        length: u64,
        limit: u64,
    ) -> Result<(Cow<'_, [u8]>, u64)> {
        let too_much = |needed: u64| {
            ensure!(needed <= limit, "more numbers than this file can hold");
            Ok(needed)
        };
        let end = first.checked_add(length).context("cut short")?;
        match &self.numbers {
            Numbers::Zip { archive, folder } => {
                let name = format!("{folder}data/{key}");
                let entry = archive.entry(&name);
                let entry = entry.with_context(|| format!("no {name} in the archive"))?;
                ensure!(end <= entry.size, "cut short");
                // Compressed bytes come in order only.
                let read = too_much(if entry.compressed { end } else { length })?;
                let bytes = archive.read(entry, first..end)?;
                Ok((bytes.into(), read))
            }
            Numbers::Legacy { bytes, places } => {
                let place = places.get(key).copied();
                let (start, size) = place.with_context(|| format!("no storage {key}"))?;
                ensure!(end <= size, "cut short");
                too_much(length)?;
                Ok((bytes.read(start + first..start + end)?, length))
            }
            Numbers::None => bail!("a pickle by itself, without the numbers of its tensors"),
        }
    }
}

const DAMAGED: &str = "a file of PyTorch that is damaged or cut short: download or copy it again";

const BIG_ENDIAN: &str = "Big-endian numbers, which are not read: save the state dict on a \
                          little-endian machine";

/// An entry of an archive, if it is there.
fn read_entry<B: FileBytes>(
    archive: &Archive<B>,
    name: &str,
    limit: u64,
) -> Result<Option<Vec<u8>>> {
    let Some(entry) = archive.entry(name) else {
        return Ok(None);
    };
    ensure!(entry.size <= limit, "{name} is larger than {limit} bytes");
    Ok(Some(archive.read(entry, 0..entry.size)?))
}
