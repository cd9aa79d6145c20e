//! The folder in which the weights of frozen networks lie once a person has brought them.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use etcetera::BaseStrategy;
use underpaint_core::bundle::{LENGTH_BYTES, WeightDtype, decode_note, encode_weights_with_note};

use super::FrozenNetwork;

/// Names another folder than the system's for what is kept between runs.
const VARIABLE: &str = "UNDERPAINT_CACHE";
/// What a stored file says of the file that it was made from.
const SOURCE: &str = "source_sha256";
/// What no header comes near.
const MAX_HEADER: u64 = 1 << 20;

/// Weights of frozen networks, as safetensors.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
}

/// Weights in a [`Cache`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The safetensors file.
    pub path: PathBuf,
    /// SHA-256 of the file that it was made from.
    pub source_sha256: String,
    /// Whether that was the very file that the network's authors give out.
    pub original: bool,
    /// Bytes of the safetensors file.
    pub size: u64,
}

impl Cache {
    /// The folder `weights` in `$UNDERPAINT_CACHE`, or else in `underpaint` in the user's cache
    /// (`$XDG_CACHE_HOME`, `~/.cache`). It need not be there.
    ///
    /// # Errors
    ///
    /// If the variable is not set and the user has no home.
    pub fn open() -> Result<Self> {
        let named = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        let folder = match named {
            Some(folder) => PathBuf::from(folder),
            None => etcetera::choose_base_strategy()
                .with_context(|| format!("no home folder to keep weights in; set {VARIABLE}"))?
                .cache_dir()
                .join("underpaint"),
        };
        Ok(Self::at(folder.join("weights")))
    }

    /// The cache in a folder.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a network, if there is one.
    pub fn find(&self, network: FrozenNetwork) -> Option<PathBuf> {
        Some(self.path(network)).filter(|path| path.is_file())
    }

    /// What is stored of a network.
    ///
    /// # Errors
    ///
    /// Naming the file, if it cannot be read or is not one of ours.
    pub fn look_up(&self, network: FrozenNetwork) -> Result<Option<Stored>> {
        let Some(path) = self.find(network) else {
            return Ok(None);
        };
        let note = read_note(&path).with_context(|| {
            format!(
                "{}: damaged; run `underpaint weights {} FILE` again",
                path.display(),
                network.name()
            )
        });
        let (source_sha256, size) = note?;
        Ok(Some(Stored {
            original: source_sha256.starts_with(network.sha256_start()),
            path,
            source_sha256,
            size,
        }))
    }

    /// Converts the weights of a network and keeps them, whole or not at all.
    ///
    /// # Errors
    ///
    /// If the file is not there, holds another network or numbers that are not finite, or if the cache
    /// cannot be written.
    pub fn store(&self, network: FrozenNetwork, file: &Path) -> Result<Stored> {
        let dict = network.open(file)?;
        let source_sha256 = crate::files::sha256(file)?;
        let bytes = encode_weights_with_note(&dict, WeightDtype::F32, [SOURCE, &source_sha256])?;
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot create {}", self.folder.display()))?;
        let path = self.path(network);
        crate::files::write(&path, &bytes)?;
        Ok(Stored {
            path,
            original: source_sha256.starts_with(network.sha256_start()),
            source_sha256,
            size: bytes.len() as u64,
        })
    }

    fn path(&self, network: FrozenNetwork) -> PathBuf {
        self.folder.join(format!("{}.safetensors", network.name()))
    }
}

/// The hash that a stored file carries, and its size.
fn read_note(path: &Path) -> Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut length = [0; LENGTH_BYTES];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER {
        bail!("not a safetensors file");
    }
    let mut json = vec![0; length as usize];
    file.read_exact(&mut json)?;
    let hash = decode_note(&json, SOURCE)?.context("it does not say what it was made from")?;
    Ok((hash, file.metadata()?.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use underpaint_core::bundle::encode_weights;
    use underpaint_core::perceptual::Vgg19;
    use underpaint_core::state_dict::{StateDict, StateTensor, state_dict};

    use crate::perceptual::{needs_inception, needs_vgg19, open_vgg19};

    /// VGG-19 by a formula, in the seed's keys, with a classifier that is to be left out; values that
    /// 16 bits hold exactly.
    fn seed_file() -> StateDict {
        let numbered = |(key, mut tensor): (String, StateTensor)| {
            for (index, value) in tensor.values.iter_mut().enumerate() {
                *value = (index % 61) as f32 / 64.0;
            }
            (key["features.".len()..].to_owned(), tensor)
        };
        let dict = state_dict(&Vgg19::new(&Device::flex()));
        dict.into_iter().map(numbered).collect()
    }

    fn write(path: &Path, dict: &StateDict) {
        let bytes = encode_weights(dict, WeightDtype::F16).expect("safetensors");
        fs::write(path, bytes).expect("written");
    }

    #[test]
    fn weights_are_stored_once_whole_and_with_their_origin() {
        let place = tempfile::tempdir().expect("a folder");
        let cache = Cache::at(place.path().join("cache/weights"));
        let file = place.path().join("vgg.safetensors");
        assert_eq!(cache.look_up(FrozenNetwork::Vgg19).expect("none"), None);
        let mut dict = seed_file();
        write(&file, &dict);
        let stored = cache.store(FrozenNetwork::Vgg19, &file).expect("stored");
        assert!(!stored.original);
        assert_eq!(
            stored.source_sha256,
            crate::files::sha256(&file).expect("hashed")
        );
        let found = cache.look_up(FrozenNetwork::Vgg19).expect("readable");
        assert_eq!(found, Some(stored.clone()));
        let opened = open_vgg19(&stored.path, &Device::flex()).expect("VGG-19");
        let opened = state_dict(&opened);
        assert_eq!(opened.len(), dict.len());
        for (key, tensor) in &dict {
            assert_eq!(opened[&format!("features.{key}")], *tensor, "{key}");
        }
        // What does not fit replaces nothing.
        let bias = dict.get_mut("28.bias").expect("conv5_1");
        bias.values[7] = f32::NAN;
        write(&file, &dict);
        let error = cache.store(FrozenNetwork::Vgg19, &file).expect_err("NaN");
        assert!(
            format!("{error:#}").contains("28.bias: holds NaN"),
            "{error:#}"
        );
        dict.remove("28.bias");
        write(&file, &dict);
        let error = cache.store(FrozenNetwork::Vgg19, &file).expect_err("cut");
        assert!(
            format!("{error:#}").contains("features.28.bias"),
            "{error:#}"
        );
        assert_eq!(
            cache.look_up(FrozenNetwork::Vgg19).expect("there"),
            Some(stored)
        );
        assert_eq!(fs::read_dir(cache.folder()).expect("a folder").count(), 1);
    }

    #[test]
    fn what_the_seeds_converters_write_is_taken() {
        let place = tempfile::tempdir().expect("a folder");
        let cache = Cache::at(place.path().join("weights"));
        let file = place.path().join("vgg.ckpt");
        let dict = seed_file();
        fs::write(&file, crate::import::mindspore::encode(&dict)).expect("written");
        let stored = cache.store(FrozenNetwork::Vgg19, &file).expect("stored");
        let opened = open_vgg19(&stored.path, &Device::flex()).expect("VGG-19");
        let opened = state_dict(&opened);
        assert!(
            dict.iter()
                .all(|(key, tensor)| opened[&format!("features.{key}")] == *tensor)
        );
        let told = cache.store(FrozenNetwork::Inception, &file).unwrap_err();
        let told = format!("{told:#}");
        assert!(
            told.contains("vgg.ckpt") && told.contains("Inception-v3"),
            "{told}"
        );
    }

    #[test]
    fn a_damaged_file_is_told_with_what_to_do() {
        let place = tempfile::tempdir().expect("a folder");
        let cache = Cache::at(place.path().to_path_buf());
        fs::write(place.path().join("inception.safetensors"), b"half").expect("written");
        let error = cache
            .look_up(FrozenNetwork::Inception)
            .expect_err("damaged");
        let told = format!("{error:#}");
        assert!(told.contains("weights inception FILE"), "{told}");
    }

    #[test]
    fn what_is_missing_is_told_with_command_file_size_and_place() {
        for (told, parts) in [
            (
                needs_vgg19(),
                ["weights vgg19 FILE", "548 MB", "--no-vgg-loss"],
            ),
            (
                needs_inception(),
                ["weights inception FILE", "91 MB", "6726825d"],
            ),
        ] {
            for part in parts {
                assert!(told.contains(part), "{told}");
            }
        }
    }
}
