//! A bundle in one file: an uncompressed ZIP archive of what the folder holds, the manifest first and
//! every file at a multiple of 64 bytes, so that it is read by range; and written while the weights
//! come.

use std::borrow::Cow;
use std::ops::Range;

use sha2::{Digest, Sha256};
use underpaint_plan::WeightSource;

use super::header::encode_header_as;
use super::weights::{encode_f16, hexadecimal};
use super::{
    ENCODER_FILE, FileBytes, MANIFEST_FILE, Manifest, WEIGHTS_FILE, WeightDtype, WeightFile,
};
use crate::archive::{Archive, Crc32, EMPTY_SIGNATURE, Layout, SIGNATURE};
use crate::{Error, Result};

/// Ending of the name of a bundle in one file.
pub const BUNDLE_EXTENSION: &str = "underpaint";

/// Largest manifest that is read: some ten thousand bytes for a model of many classes.
const MAX_MANIFEST: u64 = 16 << 20;

/// Bytes that are handed over at once.
const CHUNK: usize = 1 << 20;

/// A bundle in one file, with its manifest read.
#[derive(Debug)]
pub struct BundleFile<B> {
    archive: Archive<B>,
    /// The folder that everything lies in, with its slash; nothing where we wrote it.
    folder: String,
    json: Vec<u8>,
    manifest: Manifest,
}

impl<B: FileBytes> BundleFile<B> {
    /// Whether a file that begins so can be one.
    pub fn is_one(start: &[u8]) -> bool {
        start.starts_with(SIGNATURE) || start.starts_with(EMPTY_SIGNATURE)
    }

    /// Reads where everything lies, and the manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Archive`] if it is no archive, a damaged one or one without a manifest;
    /// [`Error::Manifest`] as [`Manifest::from_json`] says.
    pub fn open(bytes: B) -> Result<Self> {
        let archive = Archive::open(bytes).map_err(|error| match error {
            Error::Archive(why) => Error::Archive(format!(
                "expected a bundle in one file, a ZIP archive; this one is none, damaged or cut short \
                 ({why})"
            )),
            other => other,
        })?;
        let folders = archive
            .names()
            .filter_map(|name| name.strip_suffix(MANIFEST_FILE));
        let folder = folders
            .filter(|folder| folder.is_empty() || folder.ends_with('/'))
            .min_by_key(|folder| folder.len());
        let Some(folder) = folder.map(str::to_owned) else {
            return Err(Error::Archive(format!(
                "expected a bundle in one file, found a ZIP archive without {MANIFEST_FILE}"
            )));
        };
        let name = format!("{folder}{MANIFEST_FILE}");
        let entry = archive.entry(&name).filter(|it| it.size <= MAX_MANIFEST);
        let entry =
            entry.ok_or_else(|| Error::Manifest(format!("larger than {MAX_MANIFEST} bytes")))?;
        let json = archive.read(entry, 0..entry.size)?;
        Ok(Self {
            manifest: Manifest::from_json(&json)?,
            json,
            archive,
            folder,
        })
    }

    /// What it is.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest as it stands there.
    pub fn manifest_json(&self) -> &[u8] {
        &self.json
    }

    /// Where a weight file lies.
    ///
    /// # Errors
    ///
    /// [`Error::Archive`] if it is not there, or compressed.
    pub fn place(&self, file: &WeightFile) -> Result<Range<u64>> {
        let entry = self.archive.entry(&format!("{}{}", self.folder, file.file));
        let missing = || Error::Archive(format!("expected {} in it, found none", file.file));
        let entry = entry.ok_or_else(missing)?;
        if entry.compressed {
            return Err(Error::Archive(format!(
                "{} is compressed in it: a bundle in one file is packed without compression (zip -0)",
                file.file
            )));
        }
        self.archive.stored(entry)
    }
}

/// One file of what a folder would hold, in parts that follow one another.
///
/// # Errors
///
/// [`Error::Archive`] if it would be larger than 4 GB.
pub fn pack<'a>(files: &[(&str, &'a [u8])]) -> Result<Vec<Cow<'a, [u8]>>> {
    let sizes: Vec<(&str, u64)> = files
        .iter()
        .map(|(name, bytes)| (*name, bytes.len()))
        .collect();
    let layout = Layout::new(&sizes)?;
    let mut parts = Vec::new();
    let mut checksums = Vec::new();
    for (index, &(_, bytes)) in files.iter().enumerate() {
        let crc32 = Crc32::of(bytes);
        parts.push(Cow::Owned(layout.header(index, crc32).1));
        parts.push(Cow::Borrowed(bytes));
        checksums.push(crc32);
    }
    parts.push(Cow::Owned(layout.directory(&checksums).1));
    Ok(parts)
}

/// The weights of a network that are to be written.
pub struct Network<'a> {
    /// Key and shape of every weight, by ascending key.
    pub shapes: Vec<(&'a str, &'a [usize])>,
    /// Where their values come from.
    pub values: &'a dyn WeightSource,
}

/// Writes a bundle in one file, one tensor at a time: `write` is given bytes and the place in the file
/// that they are for, each place once and not in order, because what lies in front says how what follows
/// ends. `progress` is given the share of the weights that is written.
///
/// Gives the manifest as it was written.
///
/// # Errors
///
/// [`Error::Archive`] if it would be larger than 4 GB, [`Error::Weights`] if a value does not fit
/// `dtype`; what the source of the values and `write` say.
pub fn write_bundle_file(
    mut manifest: Manifest,
    generator: &Network<'_>,
    encoder: Option<&Network<'_>>,
    dtype: WeightDtype,
    write: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
    progress: &mut dyn FnMut(f64),
) -> Result<Manifest> {
    let mut networks = vec![Draft::new(WEIGHTS_FILE, generator, dtype)?];
    if let Some(encoder) = encoder {
        networks.push(Draft::new(ENCODER_FILE, encoder, dtype)?);
    }
    let digests = vec![hexadecimal(Sha256::digest(b"")); networks.len()];
    let json = described(&mut manifest, &networks, &digests);
    let mut entries = vec![(MANIFEST_FILE, json.len() as u64)];
    entries.extend(networks.iter().map(|draft| (draft.name, draft.bytes)));
    let layout = Layout::new(&entries)?;
    let all: u64 = networks.iter().map(|draft| draft.bytes).sum();
    let mut done = 0;
    let mut digests = Vec::new();
    let mut checksums = vec![0];
    for (index, draft) in networks.iter().enumerate() {
        let mut at = layout.data(index + 1).start;
        let (mut digest, mut crc32) = (Sha256::new(), Crc32::default());
        draft.each(dtype, &mut |bytes| {
            digest.update(bytes);
            crc32.update(bytes);
            write(at, bytes)?;
            at += bytes.len() as u64;
            done += bytes.len() as u64;
            progress(done as f64 / all.max(1) as f64);
            Ok(())
        })?;
        digests.push(hexadecimal(digest.finalize()));
        checksums.push(crc32.value());
    }
    let json = described(&mut manifest, &networks, &digests);
    checksums[0] = Crc32::of(json.as_bytes());
    for (index, &crc32) in checksums.iter().enumerate() {
        let (at, header) = layout.header(index, crc32);
        write(at, &header)?;
    }
    write(layout.data(0).start, json.as_bytes())?;
    let (at, directory) = layout.directory(&checksums);
    write(at, &directory)?;
    Ok(manifest)
}

/// A weight file that is to be written.
struct Draft<'a> {
    name: &'static str,
    network: &'a Network<'a>,
    dtype: WeightDtype,
    header: Vec<u8>,
    bytes: u64,
}

impl<'a> Draft<'a> {
    fn new(name: &'static str, network: &'a Network<'a>, dtype: WeightDtype) -> Result<Self> {
        let header = encode_header_as(dtype, network.shapes.iter().copied())?;
        let numbers = network.shapes.iter().map(|(_, shape)| numbers(shape));
        let size = match dtype {
            WeightDtype::F32 => 4,
            WeightDtype::F16 => 2,
        };
        let bytes = header.len() as u64 + size * numbers.sum::<u64>();
        Ok(Self {
            name,
            network,
            dtype,
            header,
            bytes,
        })
    }

    /// Every byte of the file, in order.
    fn each(&self, dtype: WeightDtype, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        take(&self.header)?;
        for &(key, shape) in &self.network.shapes {
            let tensor = self.network.values.read(key)?;
            if tensor.values.len() as u64 != numbers(shape) {
                return Err(Error::Weights(format!(
                    "{key}: expected {} numbers, found {}",
                    numbers(shape),
                    tensor.values.len()
                )));
            }
            for values in tensor.values.chunks(CHUNK / 4) {
                let bytes = match dtype {
                    WeightDtype::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
                    WeightDtype::F16 => encode_f16(key, values)?,
                };
                take(&bytes)?;
            }
        }
        Ok(())
    }
}

fn numbers(shape: &[usize]) -> u64 {
    shape.iter().map(|&axis| axis as u64).product()
}

/// Writes into a manifest what it has to say of its weights; gives it as JSON, which is as long whatever
/// the digests are.
fn described(manifest: &mut Manifest, networks: &[Draft<'_>], digests: &[String]) -> String {
    let files = networks.iter().zip(digests);
    let mut files = files.map(|(draft, digest)| WeightFile {
        file: draft.name.to_owned(),
        dtype: draft.dtype,
        bytes: draft.bytes,
        sha256: digest.clone(),
    });
    if let Some(weights) = files.next() {
        manifest.weights = weights;
    }
    manifest.encoder_weights = files.next();
    manifest.to_json()
}

#[cfg(test)]
mod tests {
    use super::super::tests::manifest_of;
    use super::super::{DictWeights, FileWeights, InputKind, Part, decode_weights, encode_weights};
    use super::*;
    use crate::label::Palette;
    use crate::pix2pix::GeneratorConfig;
    use crate::state_dict::{HasShape, StateDict, StateTensor};

    fn dict() -> StateDict {
        let tensor = |count: usize| StateTensor {
            shape: vec![count],
            values: (0..count).map(|n| n as f32 / 8.0).collect(),
        };
        [
            ("b.weight", tensor(600_000)),
            ("a.bias", tensor(3)),
            ("c", tensor(0)),
        ]
        .map(|(key, tensor)| (key.to_owned(), tensor))
        .into()
    }

    fn manifest() -> Manifest {
        let labels = InputKind::Labels {
            num_classes: 3,
            classes: Palette::numbered(3).classes,
            dont_care: false,
            edges: false,
        };
        manifest_of(GeneratorConfig::default(), labels)
    }

    fn streamed(dict: &StateDict, dtype: WeightDtype) -> (Manifest, Vec<u8>) {
        let network = Network {
            shapes: dict.iter().map(|(k, t)| (k.as_str(), t.shape())).collect(),
            values: &DictWeights(dict),
        };
        let mut file = Vec::new();
        let mut write = |at: u64, bytes: &[u8]| {
            let end = at as usize + bytes.len();
            file.resize(file.len().max(end), 0);
            file[at as usize..end].copy_from_slice(bytes);
            Ok(())
        };
        let written = write_bundle_file(manifest(), &network, None, dtype, &mut write, &mut |_| {});
        (written.expect("written"), file)
    }

    #[test]
    fn a_file_that_is_written_piece_by_piece_is_the_one_that_is_packed() {
        for dtype in [WeightDtype::F32, WeightDtype::F16] {
            let (manifest, file) = streamed(&dict(), dtype);
            let weights = encode_weights(&dict(), dtype).expect("small numbers");
            let json = manifest.to_json();
            let packed = pack(&[
                (MANIFEST_FILE, json.as_bytes()),
                (WEIGHTS_FILE, weights.as_slice()),
            ]);
            assert!(file == packed.expect("small").concat());
            let bundle = BundleFile::open(file.as_slice()).expect("a bundle");
            assert_eq!(bundle.manifest(), &manifest);
            let place = bundle.place(&manifest.weights).expect("there");
            assert_eq!(place.start % 64, 0);
            let part = Part::new(file.as_slice(), place.clone()).expect("within");
            manifest.weights.verify(&part).expect("its digest");
            let read = FileWeights::new(part).expect("safetensors");
            assert_eq!(
                read.read("a.bias").expect("there").values,
                [0.0, 0.125, 0.25]
            );
            let bytes = &file[place.start as usize..place.end as usize];
            assert_eq!(decode_weights(bytes).expect("weights").len(), 3);
        }
    }

    #[test]
    fn what_is_no_bundle_is_told() {
        let told = |bytes: &[u8]| BundleFile::open(bytes).unwrap_err().to_string();
        assert!(told(b"hello").contains("none, damaged or cut short"));
        let other = pack(&[("a.txt", b"1".as_slice())]).expect("small").concat();
        assert!(
            told(&other).contains("without manifest.json"),
            "{}",
            told(&other)
        );
        let (_, file) = streamed(&dict(), WeightDtype::F16);
        assert!(told(&file[..file.len() - 30]).contains("cut short"));
        // Somebody packed the folder: everything lies in it.
        let json = manifest().to_json();
        let folder = pack(&[("mine/manifest.json", json.as_bytes())]).expect("small");
        let bundle = folder.concat();
        let bundle = BundleFile::open(bundle.as_slice()).expect("a bundle");
        let told = bundle.place(&bundle.manifest().weights).unwrap_err();
        assert!(
            told.to_string().contains("expected weights.safetensors"),
            "{told}"
        );
    }

    #[test]
    fn what_f16_cannot_hold_is_an_error_that_names_it() {
        let mut dict = dict();
        dict.get_mut("a.bias").expect("there").values[1] = 1e6;
        let network = Network {
            shapes: dict.iter().map(|(k, t)| (k.as_str(), t.shape())).collect(),
            values: &DictWeights(&dict),
        };
        let told = write_bundle_file(
            manifest(),
            &network,
            None,
            WeightDtype::F16,
            &mut |_, _| Ok(()),
            &mut |_| {},
        );
        let told = told.unwrap_err().to_string();
        assert!(told.contains("a.bias") && told.contains("f32"), "{told}");
    }
}
