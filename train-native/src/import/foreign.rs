//! What a file is that holds no weights we read: people rename downloads, and downloads fail.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes that tell a file's kind: as many as a TAR archive's first header has.
const START: u64 = 512;

/// What kind of file it is, and what to do with it; `None` if nothing is known of it or it cannot be
/// read.
pub fn foreign_kind(path: &Path) -> Option<String> {
    if path.is_dir() {
        return Some("a folder: name the file in it".to_owned());
    }
    let mut start = Vec::new();
    let file = File::open(path).ok()?;
    file.take(START).read_to_end(&mut start).ok()?;
    kind_of(&start)
}

/// The kind of a file that begins like this.
fn kind_of(start: &[u8]) -> Option<String> {
    let tar = start.get(257..262) == Some(b"ustar");
    let kind = match start {
        [] => "an empty file: the download or the disk has failed",
        _ if start.starts_with(b"version https://git-lfs") => {
            "a Git LFS pointer, which only names the file: fetch that with `git lfs pull`"
        }
        _ if start.starts_with(b"\x89HDF\r\n") => {
            "an HDF5 file, as Keras writes, whose weights are of another tool"
        }
        [0x1f, 0x8b, ..] => "a gzip archive: unpack it (gunzip, tar -xzf)",
        _ if tar => "a TAR archive: unpack it (tar -xf)",
        // A protocol buffer that begins with a version and the name of what wrote it.
        [0x08, 1..=31, 0x12, ..] => "an ONNX model: the weights it was made from are needed",
        _ if is_html(start) => "an HTML page: the download has failed, look at it in a browser",
        _ => return text_kind(start),
    };
    Some(kind.to_owned())
}

fn is_html(start: &[u8]) -> bool {
    let text = start.trim_ascii_start().to_ascii_lowercase();
    [&b"<!doctype html"[..], b"<html", b"<?xml"]
        .iter()
        .any(|begin| text.starts_with(begin))
}

/// A text of some kind, told by how it begins.
fn text_kind(start: &[u8]) -> Option<String> {
    let printable = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    if !start.iter().all(printable) {
        return None;
    }
    let text = String::from_utf8_lossy(start);
    let first: String = text
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(60)
        .collect();
    Some(format!("a text that begins with {first:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_how_they_begin() {
        let mut tar = vec![0; 512];
        tar[..10].copy_from_slice(b"checkpoint");
        tar[257..263].copy_from_slice(b"ustar\0");
        for (start, part) in [
            (&b""[..], "an empty file"),
            (b"\n<!DOCTYPE html><html>", "an HTML page"),
            (b"<html lang=\"en\">", "an HTML page"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:ab",
                "git lfs pull",
            ),
            (b"\x89HDF\r\n\x1a\n\0\0", "an HDF5 file"),
            (b"\x1f\x8b\x08\0\0", "a gzip archive"),
            (b"\x08\x07\x12\x07pytorch\x1a", "an ONNX model"),
            (&tar, "a TAR archive"),
            (b"net_g = \"unet_256\"\n", "begins with \"net_g = "),
        ] {
            let told = kind_of(start).unwrap_or_default();
            assert!(told.contains(part), "{part}: {told}");
        }
        for unknown in [&b"\x80\x02}q\0."[..], b"PK\x03\x04", b"\x10\0\0\0\0\0\0\0{"] {
            assert_eq!(kind_of(unknown), None);
        }
    }
}
