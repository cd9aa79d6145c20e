//! Archives, read by range.

use std::collections::HashMap;
use std::ops::Range;

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

use super::{Crc32, EMPTY_SIGNATURE, SIGNATURE};
use crate::bundle::FileBytes;
use crate::{Error, Result};

/// Largest directory that is read: some hundred bytes for every entry.
const MAX_DIRECTORY: u64 = 64 << 20;

/// The record at the end, and the longest comment behind it.
const END: u64 = 22;
const MAX_COMMENT: u64 = 0xffff;

const CENTRAL_SIGNATURE: &[u8] = b"PK\x01\x02";
const END_64_SIGNATURE: &[u8] = b"PK\x06\x06";
const LOCATOR_64_SIGNATURE: &[u8] = b"PK\x06\x07";

/// How an entry is stored.
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Bytes of its content.
    pub size: u64,
    /// Whether its content is compressed.
    pub compressed: bool,
    method: u16,
    encrypted: bool,
    crc32: u32,
    packed: u64,
    header: u64,
}

/// An archive whose directory has been read.
#[derive(Debug)]
pub struct Archive<B> {
    bytes: B,
    entries: HashMap<String, Entry>,
    /// In the order of the directory.
    names: Vec<String>,
}

impl<B: FileBytes> Archive<B> {
    /// Reads the directory.
    ///
    /// # Errors
    ///
    /// [`Error::Archive`] if there is none, or it is damaged; [`Error::File`] if it cannot be read.
    pub fn open(bytes: B) -> Result<Self> {
        let place = directory(&bytes)?;
        let listed = bytes.read(place)?;
        let mut rest = Fields(&listed);
        let mut entries = HashMap::new();
        let mut names = Vec::new();
        while !rest.0.is_empty() {
            let (name, entry) = central(&mut rest)?;
            if entries.insert(name.clone(), entry).is_none() {
                names.push(name);
            }
        }
        drop(listed);
        Ok(Self {
            bytes,
            entries,
            names,
        })
    }

    /// Names of all entries, in the order of the directory.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The entry of that name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Where the content of an entry lies as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Archive`] if it is compressed, or the archive is damaged.
    pub fn stored(&self, entry: &Entry) -> Result<Range<u64>> {
        if entry.method != STORED || entry.packed != entry.size {
            return Err(damaged("compressed, where bytes as they are are needed"));
        }
        self.packed(entry)
    }

    /// Some bytes of an entry's content; of compressed ones, all that come before have to be made as
    /// well. Where everything is read, the checksum is compared (one of 0 is none: `torch.save` can
    /// leave them out).
    ///
    /// # Errors
    ///
    /// [`Error::Archive`] if the archive is damaged or the entry is of a kind that is not read;
    /// [`Error::File`] if it cannot be read.
    pub fn read(&self, entry: &Entry, range: Range<u64>) -> Result<Vec<u8>> {
        if range.start > range.end || range.end > entry.size {
            return Err(damaged("cut short"));
        }
        let (whole, end) = (range == (0..entry.size), range.end);
        let content = match entry.method {
            STORED => {
                let start = self.stored(entry)?.start;
                let part = self.bytes.read(start + range.start..start + end)?;
                part.into_owned()
            }
            _ => {
                let packed = self.bytes.read(self.packed(entry)?)?;
                let mut content = inflated(&packed, end)?;
                content.drain(..range.start as usize);
                content
            }
        };
        if whole && entry.crc32 != 0 && Crc32::of(&content) != entry.crc32 {
            return Err(damaged("Invalid checksum"));
        }
        Ok(content)
    }

    /// Where the bytes of an entry lie.
    fn packed(&self, entry: &Entry) -> Result<Range<u64>> {
        if entry.encrypted {
            return Err(damaged("encrypted"));
        }
        if ![STORED, DEFLATED].contains(&entry.method) {
            return Err(Error::Archive(format!(
                "compressed in a way that is not read ({})",
                entry.method
            )));
        }
        let after = |at: u64, count: u64| {
            let end = at.checked_add(count).filter(|&end| end <= self.bytes.len());
            end.ok_or_else(|| damaged("cut short"))
        };
        let header = self.bytes.read(entry.header..after(entry.header, 30)?)?;
        let mut fields = Fields(&header);
        if fields.take(4)? != SIGNATURE {
            return Err(damaged("an entry without a header"));
        }
        fields.take(22)?;
        let (name, extra) = (fields.short()?, fields.short()?);
        let start = entry.header + 30 + u64::from(name) + u64::from(extra);
        Ok(start..after(start, entry.packed)?)
    }
}

/// At least `end` bytes, where there are so many.
fn inflated(packed: &[u8], end: u64) -> Result<Vec<u8>> {
    let limit = usize::try_from(end).map_err(|_| damaged("more than memory holds"))?;
    let mut content = match decompress_to_vec_with_limit(packed, limit) {
        Ok(content) => content,
        Err(error) if error.status == TINFLStatus::HasMoreOutput => error.output,
        Err(_) => return Err(damaged("damaged")),
    };
    if content.len() < limit {
        return Err(damaged("cut short"));
    }
    content.truncate(limit);
    Ok(content)
}

/// Where the directory lies.
fn directory<B: FileBytes>(bytes: &B) -> Result<Range<u64>> {
    let length = bytes.len();
    let from = length.saturating_sub(END + MAX_COMMENT);
    let tail = bytes.read(from..length)?;
    let is_end = |at: &usize| {
        let record = &tail[*at..];
        let comment = record
            .get(20..22)
            .map(|two| u16::from_le_bytes([two[0], two[1]]));
        let whole = comment.is_some_and(|comment| record.len() == 22 + usize::from(comment));
        whole && record.starts_with(EMPTY_SIGNATURE)
    };
    let end = (0..tail.len()).rev().find(is_end);
    let end = end.ok_or_else(|| damaged("Could not find EOCD"))?;
    let mut fields = Fields(&tail[end + 12..]);
    let (size, start) = (fields.long()?, fields.long()?);
    let limit = from + end as u64;
    let (size, start, limit) = match wide_end(bytes, limit)? {
        Some(wide) => wide,
        None => (u64::from(size), u64::from(start), limit),
    };
    let end = start.checked_add(size).filter(|&end| end <= limit);
    match end {
        Some(_) if size > MAX_DIRECTORY => Err(damaged("more entries than any checkpoint has")),
        Some(end) => Ok(start..end),
        None => Err(damaged("a directory beyond its end")),
    }
}

/// What stands before the end of archives that are larger than 4 GB, or written as such: size and start
/// of the directory, and where it ends at the latest.
fn wide_end<B: FileBytes>(bytes: &B, end: u64) -> Result<Option<(u64, u64, u64)>> {
    let Some(at) = end.checked_sub(20) else {
        return Ok(None);
    };
    let locator = bytes.read(at..end)?;
    let mut fields = Fields(&locator);
    if fields.take(4)? != LOCATOR_64_SIGNATURE {
        return Ok(None);
    }
    fields.take(4)?;
    let record = fields.wide()?;
    let record_end = record
        .checked_add(56)
        .filter(|&record_end| record_end <= at);
    let record_end = record_end.ok_or_else(|| damaged("an end beyond its end"))?;
    let content = bytes.read(record..record_end)?;
    let mut fields = Fields(&content);
    if fields.take(4)? != END_64_SIGNATURE {
        return Err(damaged("an end without a record"));
    }
    fields.take(36)?;
    Ok(Some((fields.wide()?, fields.wide()?, record)))
}

/// An entry of the directory.
fn central(fields: &mut Fields<'_>) -> Result<(String, Entry)> {
    if fields.take(4)? != CENTRAL_SIGNATURE {
        return Err(damaged("a directory of something else"));
    }
    fields.take(4)?;
    let (flags, method) = (fields.short()?, fields.short()?);
    fields.take(4)?;
    let crc32 = fields.long()?;
    let mut numbers = [fields.long()?, fields.long()?, 0].map(u64::from);
    let [name, extra, comment] = [fields.short()?, fields.short()?, fields.short()?];
    fields.take(8)?;
    numbers[2] = u64::from(fields.long()?);
    let name = String::from_utf8_lossy(fields.take(usize::from(name))?).into_owned();
    let mut extras = Fields(fields.take(usize::from(extra))?);
    fields.take(usize::from(comment))?;
    while let (Ok(kind), Ok(length)) = (extras.short(), extras.short()) {
        let mut field = Fields(extras.take(usize::from(length))?);
        // Only what does not fit in 32 bits stands there, size first.
        let order = [1, 0, 2].into_iter().filter(|_| kind == 1);
        for index in order {
            if numbers[index] == u64::from(u32::MAX) {
                numbers[index] = field.wide()?;
            }
        }
    }
    let [packed, size, header] = numbers;
    let entry = Entry {
        size,
        compressed: method != STORED,
        method,
        encrypted: flags & 1 != 0,
        crc32,
        packed,
        header,
    };
    Ok((name, entry))
}

/// Little-endian numbers, one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let split = self.0.split_at_checked(count);
        let (taken, rest) = split.ok_or_else(|| damaged("cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N]> {
        let first = self.0.first_chunk::<N>().copied();
        self.take(N)?;
        first.ok_or_else(|| damaged("cut short"))
    }

    fn short(&mut self) -> Result<u16> {
        self.number().map(u16::from_le_bytes)
    }

    fn long(&mut self) -> Result<u32> {
        self.number().map(u32::from_le_bytes)
    }

    fn wide(&mut self) -> Result<u64> {
        self.number().map(u64::from_le_bytes)
    }
}

fn damaged(what: &str) -> Error {
    Error::Archive(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of `a.txt` with a hundred times "paint ", deflated.
    const DEFLATED_ARCHIVE: &[u8] = include_bytes!("deflated.zip");

    #[test]
    fn compressed_entries_are_read_to_wherever_is_asked() {
        let archive = Archive::open(DEFLATED_ARCHIVE).expect("an archive");
        let entry = archive.entry("a.txt").expect("there");
        assert!(entry.compressed);
        let all = archive.read(entry, 0..600).expect("read");
        assert_eq!(all, b"paint ".repeat(100));
        assert_eq!(archive.read(entry, 6..11).expect("read"), b"paint");
        assert!(archive.stored(entry).is_err());
        assert!(archive.read(entry, 0..601).is_err());
    }

    #[test]
    fn no_damage_makes_it_panic() {
        let mut state = 1u64;
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for _ in 0..20_000 {
            let mut bytes = DEFLATED_ARCHIVE.to_vec();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                match random(3) {
                    0 => bytes[at] = random(256) as u8,
                    1 => bytes.insert(at, random(256) as u8),
                    _ => drop(bytes.remove(at)),
                }
            }
            let Ok(archive) = Archive::open(bytes.as_slice()) else {
                continue;
            };
            for name in archive.names() {
                let entry = archive.entry(name).expect("listed");
                let _ = archive.read(entry, 0..entry.size.min(1 << 20));
            }
        }
    }
}
