//! Where the entries of an uncompressed archive lie, known before the first of them is there.

use std::ops::Range;

use super::SIGNATURE;
use crate::{Error, Result};

/// Every entry begins at a multiple of this.
pub const ALIGNMENT: u64 = 64;

const CENTRAL_SIGNATURE: &[u8] = b"PK\x01\x02";
const END_SIGNATURE: &[u8] = b"PK\x05\x06";

/// 2.0: stored entries.
const VERSION: u16 = 20;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// The first day that the format knows, so that equal contents are equal files.
const DATE: u16 = 0x0021;
/// The field in which Android's `zipalign` puts padding: two bytes of alignment, then zeros.
const PADDING_FIELD: u16 = 0xd935;

const HEADER: u64 = 30;
/// What a padding field takes at the least.
const PADDING: u64 = 6;

struct Placed {
    name: String,
    size: u32,
    header: u32,
    data: u32,
}

/// An archive that is about to be written.
///
/// Checksums come with the content, so that they are given last: what lies before and behind the
/// entries is asked for when they are known.
pub struct Layout {
    entries: Vec<Placed>,
    directory: u32,
    len: u64,
}

impl Layout {
    /// Of entries with these names and sizes, in this order.
    ///
    /// # Errors
    ///
    /// [`Error::Archive`] if it would be larger than 4 GB.
    pub fn new(entries: &[(&str, u64)]) -> Result<Self> {
        let mut at = 0;
        let mut placed = Vec::new();
        for &(name, size) in entries {
            let data = (at + HEADER + name.len() as u64 + PADDING).next_multiple_of(ALIGNMENT);
            placed.push(Placed {
                name: name.to_owned(),
                size: within(size)?,
                header: within(at)?,
                data: within(data)?,
            });
            at = within(data.saturating_add(size))?.into();
        }
        let mut layout = Self {
            entries: placed,
            directory: within(at)?,
            len: 0,
        };
        let (start, bytes) = layout.directory(&vec![0; entries.len()]);
        layout.len = start + bytes.len() as u64;
        within(layout.len).map(|_| layout)
    }

    /// Bytes of the whole.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where an entry's content lies.
    ///
    /// # Panics
    ///
    /// If there are fewer entries.
    pub fn data(&self, index: usize) -> Range<u64> {
        let entry = &self.entries[index];
        u64::from(entry.data)..u64::from(entry.data) + u64::from(entry.size)
    }

    /// What lies before an entry's content, and from where on.
    ///
    /// # Panics
    ///
    /// If there are fewer entries.
    pub fn header(&self, index: usize, crc32: u32) -> (u64, Vec<u8>) {
        let entry = &self.entries[index];
        let mut bytes = SIGNATURE.to_vec();
        let length = entry.data - entry.header;
        let extra = length as u16 - HEADER as u16 - entry.name.len() as u16;
        entry.describe(&mut bytes, crc32, extra);
        bytes.extend(entry.name.as_bytes());
        for number in [PADDING_FIELD, extra - 4, ALIGNMENT as u16] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.resize(length as usize, 0);
        (entry.header.into(), bytes)
    }

    /// What lies behind all entries, and from where on.
    ///
    /// # Panics
    ///
    /// If there is not one checksum of every entry.
    pub fn directory(&self, crc32: &[u32]) -> (u64, Vec<u8>) {
        assert_eq!(crc32.len(), self.entries.len(), "one of each entry");
        let mut bytes = Vec::new();
        for (entry, &crc32) in self.entries.iter().zip(crc32) {
            bytes.extend(CENTRAL_SIGNATURE);
            bytes.extend(VERSION.to_le_bytes());
            entry.describe(&mut bytes, crc32, 0);
            // Comment, disk, attributes of three kinds: none.
            bytes.extend([0; 10]);
            bytes.extend(entry.header.to_le_bytes());
            bytes.extend(entry.name.as_bytes());
        }
        let (count, length) = (self.entries.len() as u16, bytes.len() as u32);
        bytes.extend(END_SIGNATURE);
        bytes.extend([0; 4]);
        bytes.extend(count.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend(self.directory.to_le_bytes());
        bytes.extend([0; 2]);
        (self.directory.into(), bytes)
    }
}

impl Placed {
    /// What both headers of an entry say.
    fn describe(&self, bytes: &mut Vec<u8>, crc32: u32, extra: u16) {
        // Version, flags, method (stored), time, date.
        for number in [VERSION, FLAGS, 0, 0, DATE] {
            bytes.extend(number.to_le_bytes());
        }
        for number in [crc32, self.size, self.size] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes.extend(extra.to_le_bytes());
    }
}

fn within(bytes: u64) -> Result<u32> {
    u32::try_from(bytes).map_err(|_| {
        Error::Archive(
            "one file takes 4 GB at most, and this bundle is larger: write it as a folder, or its \
             weights as f16"
                .into(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Archive, Crc32};
    use super::*;

    fn written(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let sizes: Vec<(&str, u64)> = entries
            .iter()
            .map(|(name, bytes)| (*name, bytes.len() as u64))
            .collect();
        let layout = Layout::new(&sizes).expect("small");
        let mut file = vec![0; layout.len() as usize];
        let mut put = |at: u64, bytes: &[u8]| {
            file[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
        };
        let mut sums = Vec::new();
        for (index, (_, bytes)) in entries.iter().enumerate() {
            sums.push(Crc32::of(bytes));
            let (at, header) = layout.header(index, sums[index]);
            put(at, &header);
            put(layout.data(index).start, bytes);
        }
        let (at, directory) = layout.directory(&sums);
        put(at, &directory);
        file
    }

    #[test]
    fn what_is_written_is_read_and_aligned() {
        let entries: [(&str, &[u8]); 4] = [
            ("manifest.json", b"{}"),
            ("weights.safetensors", &[7; 1000]),
            ("empty", b""),
            ("\u{e4}/\u{4e2d}", b"1"),
        ];
        let file = written(&entries);
        let archive = Archive::open(file.as_slice()).expect("an archive");
        for (name, bytes) in entries {
            let entry = archive.entry(name).expect("there");
            let place = archive.stored(entry).expect("stored");
            assert_eq!(place.start % ALIGNMENT, 0, "{name}");
            assert_eq!(file[place.start as usize..place.end as usize], *bytes);
            let read = archive.read(entry, 0..entry.size).expect("read");
            assert_eq!(read, bytes);
        }
        assert_eq!(archive.names().count(), 4);
        // No byte of it can be gone.
        for length in 0..file.len() {
            let cut = Archive::open(&file[..length]);
            assert!(cut.is_err(), "{length}");
        }
    }

    #[test]
    fn what_is_larger_than_four_gigabytes_is_refused() {
        let told = Layout::new(&[("a", 1 << 31), ("b", (1 << 31) - 100)]);
        let told = told.err().expect("too large").to_string();
        assert!(told.contains("4 GB"), "{told}");
        assert!(Layout::new(&[("a", u64::MAX)]).is_err());
    }
}
