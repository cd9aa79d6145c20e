//! How much of a package is downloaded.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::variant::{MODULE, READER_FILE, Variant};
use crate::project;

/// Prints the sizes of the modules and of their script: as they are, and compressed as web servers
/// do.
///
/// # Errors
/// When a file cannot be read.
pub fn print(root: &Path, variants: &[Variant]) -> Result<()> {
    eprintln!("compressing, to see how much is downloaded");
    println!(
        "{:<44}{:>12}{:>12}{:>12}",
        "file", "bytes", "gzip", "brotli"
    );
    let modules = variants.iter().map(|variant| variant.file());
    let others = [format!("{MODULE}.js"), READER_FILE.to_owned()];
    for name in modules.chain(others) {
        let path = root.join("www/pkg").join(name);
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        println!(
            "{:<44}{:>12}{:>12}{:>12}",
            project::short(&path, root).to_string(),
            bytes.len(),
            gzip_size(&bytes)?,
            brotli_size(&bytes)?
        );
    }
    Ok(())
}

/// Bytes after gzip at its best level, as a web server would send them.
fn gzip_size(bytes: &[u8]) -> io::Result<u64> {
    let mut encoder = GzEncoder::new(Counter(0), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.0)
}

/// Bytes after Brotli at its best level, as a web server would send them that compresses ahead.
fn brotli_size(bytes: &[u8]) -> io::Result<u64> {
    let best = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut counter = Counter(0);
    brotli::BrotliCompress(&mut &bytes[..], &mut counter, &best)?;
    Ok(counter.0)
}

struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_count_compressed_bytes() {
        let bytes = [7; 100_000];
        let gzip = gzip_size(&bytes).unwrap();
        let brotli = brotli_size(&bytes).unwrap();
        assert!((20..1000).contains(&gzip), "{gzip}");
        assert!((5..gzip).contains(&brotli), "{brotli}");
    }
}
