//! A file on a disk, read by range.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};
use underpaint_core::Error;
use underpaint_core::bundle::FileBytes;

/// A file on a disk, of which parts are read when they are asked for.
#[derive(Debug)]
pub struct DiskFile {
    file: File,
    length: u64,
}

impl DiskFile {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// Naming the file.
    pub fn open(path: &Path) -> Result<Self> {
        let cannot = || format!("cannot read {}", path.display());
        let file = File::open(path).with_context(cannot)?;
        let length = file.metadata().with_context(cannot)?.len();
        Ok(Self { file, length })
    }
}

impl FileBytes for DiskFile {
    fn len(&self) -> u64 {
        self.length
    }

    fn read(&self, range: Range<u64>) -> underpaint_core::Result<Cow<'_, [u8]>> {
        let told = |error: std::io::Error| Error::File(error.to_string());
        let mut file = &self.file;
        file.seek(SeekFrom::Start(range.start)).map_err(told)?;
        let length = range.end - range.start;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).map_err(told)?;
        if bytes.len() as u64 == length {
            return Ok(bytes.into());
        }
        let end = range.start + bytes.len() as u64;
        Err(Error::File(format!("it ends after {end} bytes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_and_what_is_beyond_the_end_is_an_error() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("a");
        std::fs::write(&path, b"0123456789").expect("written");
        let file = DiskFile::open(&path).expect("there");
        assert_eq!(file.len(), 10);
        assert_eq!(&*file.read(7..10).expect("within"), b"789");
        assert_eq!(&*file.read(0..2).expect("within"), b"01");
        let told = file.read(8..12).expect_err("beyond").to_string();
        assert!(told.contains("ends after 10 bytes"), "{told}");
        let told = format!(
            "{:#}",
            DiskFile::open(&place.path().join("b")).expect_err("none")
        );
        assert!(told.contains("cannot read"), "{told}");
    }
}
