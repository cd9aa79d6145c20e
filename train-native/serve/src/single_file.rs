//! As much of a bundle in one file as it takes to offer it: the manifest, which comes first. The browser
//! checks everything.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Ending of the name of a bundle in one file.
pub const ENDING: &str = ".underpaint";

/// What the archive begins with: the header of the manifest's entry.
const SIGNATURE: &[u8] = b"PK\x03\x04";
const MANIFEST: &[u8] = b"manifest.json";
const HEADER: usize = 30;
/// Largest manifest that is read.
const MAX_MANIFEST: u64 = 16 << 20;

/// Whether a path ends as the name of a bundle in one file.
pub fn has_ending(path: &Path) -> bool {
    let ending = path.extension();
    ending.is_some_and(|it| it.eq_ignore_ascii_case(&ENDING[1..]))
}

/// The manifest of the bundle in a file, or what is wrong with it.
pub fn manifest(path: &Path) -> Result<Vec<u8>, String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let mut take = |count: u64| {
        let mut bytes = Vec::new();
        let read = file.by_ref().take(count).read_to_end(&mut bytes);
        match read {
            Ok(read) if read as u64 == count => Ok(bytes),
            Ok(_) => Err("cut short: copy it again".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    };
    let header = take(HEADER as u64)?;
    let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let size = [18, 20].map(|at| u64::from(short(at)));
    let size = size[0] | size[1] << 16;
    let [method, name, extra] = [8, 26, 28].map(|at| usize::from(short(at)));
    let names = take((name + extra) as u64)?;
    let is_first = header.starts_with(SIGNATURE) && &names[..name] == MANIFEST && method == 0;
    if !is_first || size > MAX_MANIFEST {
        return Err("not as `underpaint export --single-file` writes bundles".to_owned());
    }
    take(size)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The first entry of an archive.
    pub fn written(json: &str) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([0; 14]);
        bytes.extend([json.len() as u32; 2].map(u32::to_le_bytes).concat());
        bytes.extend([MANIFEST.len() as u16, 6].map(u16::to_le_bytes).concat());
        bytes.extend(MANIFEST);
        bytes.extend([0; 6]);
        bytes.extend(json.as_bytes());
        bytes
    }

    #[test]
    fn the_manifest_comes_first_or_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.underpaint");
        let told = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            manifest(&path)
        };
        assert!(has_ending(&path) && !has_ending(folder.path()));
        let whole = written("{}");
        assert_eq!(told(&whole).unwrap(), b"{}");
        for length in 0..whole.len() {
            assert!(told(&whole[..length]).is_err(), "{length}");
        }
        let mut other = whole.clone();
        other[HEADER] = b'M';
        assert!(told(&other).unwrap_err().contains("--single-file"));
    }
}
