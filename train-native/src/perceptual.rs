//! Opening the frozen networks of [`underpaint_core::perceptual`]: their weights are other people's
//! files, which are never downloaded here.

mod cache;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use underpaint_core::perceptual::{Inception, Vgg19};
use underpaint_core::state_dict::{StateDict, state_dict};

use crate::import::{mindspore, read_state_dict};

pub use cache::{Cache, Stored};

/// A network of which the user brings the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrozenNetwork {
    /// What the perceptual loss compares pictures by.
    Vgg19,
    /// What FID compares sets of pictures by.
    Inception,
}

/// A weight file that the user has to bring.
struct Origin {
    network: &'static str,
    file: &'static str,
    /// What the SHA-256 of that file begins with, as its name says.
    sha256: &'static str,
    megabytes: usize,
    folder: &'static str,
}

const INCEPTION: Origin = Origin {
    network: "the Inception weights of pytorch-fid",
    file: "pt_inception-2015-12-05-6726825d.pth",
    sha256: "6726825d",
    megabytes: 91,
    folder: "https://github.com/mseitzer/pytorch-fid/releases",
};

const VGG19: Origin = Origin {
    network: "the VGG-19 weights of torchvision",
    file: "vgg19-dcbb9e9d.pth",
    sha256: "dcbb9e9d",
    megabytes: 548,
    folder: "https://download.pytorch.org/models",
};

impl FrozenNetwork {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Vgg19, Self::Inception];

    /// Its name on the command line and in the cache.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vgg19 => "vgg19",
            Self::Inception => "inception",
        }
    }

    /// Which file it is, and where that is to be had.
    pub fn where_to_get(self) -> String {
        let Origin {
            file,
            megabytes,
            folder,
            ..
        } = self.origin();
        format!("{file} ({megabytes} MB) from {folder}")
    }

    /// What the SHA-256 of the original file begins with.
    pub fn sha256_start(self) -> &'static str {
        self.origin().sha256
    }

    fn origin(self) -> &'static Origin {
        match self {
            Self::Vgg19 => &VGG19,
            Self::Inception => &INCEPTION,
        }
    }

    /// The weights of a file by the authors' keys, as far as the network uses them.
    fn open(self, path: &Path) -> Result<StateDict> {
        let device = Device::flex();
        Ok(match self {
            Self::Vgg19 => state_dict(&open_vgg19(path, &device)?),
            Self::Inception => state_dict(&open_inception(path, &device)?),
        })
    }
}

/// The weight file of VGG-19: the one given, else the one that `underpaint weights` has stored, else
/// `None`; [`needs_vgg19`] is what to say then.
///
/// # Errors
///
/// If the file given is not there, saying where it is to be had.
pub fn find_vgg19(explicit: Option<&Path>) -> Result<Option<PathBuf>> {
    find(FrozenNetwork::Vgg19, explicit)
}

/// As [`find_vgg19`] for Inception-v3; [`needs_inception`] is what to say.
///
/// # Errors
///
/// As [`find_vgg19`].
pub fn find_inception(explicit: Option<&Path>) -> Result<Option<PathBuf>> {
    find(FrozenNetwork::Inception, explicit)
}

fn find(network: FrozenNetwork, explicit: Option<&Path>) -> Result<Option<PathBuf>> {
    match explicit {
        Some(path) => network.origin().check(path).map(|()| Some(path.into())),
        None => Ok(Cache::open()?.find(network)),
    }
}

/// Said when training asks for the perceptual loss and there is no VGG-19.
pub fn needs_vgg19() -> String {
    format!(
        "the perceptual loss needs VGG-19: run `underpaint weights vgg19 FILE` once, where FILE is {}; \
         or train without that loss (--no-vgg-loss)",
        FrozenNetwork::Vgg19.where_to_get()
    )
}

/// Said when FID is asked for and there is no Inception.
pub fn needs_inception() -> String {
    format!(
        "FID needs Inception-v3: run `underpaint weights inception FILE` once, where FILE is {}",
        FrozenNetwork::Inception.where_to_get()
    )
}

impl Origin {
    fn check(&self, path: &Path) -> Result<()> {
        if path.is_file() {
            return Ok(());
        }
        bail!(
            "{}: expected {}, found no file; they do not come with underpaint: download {} ({} MB) from \
             {} and pass its path",
            path.display(),
            self.network,
            self.file,
            self.megabytes,
            self.folder
        )
    }

    /// Said of a file that holds something else.
    fn expected(&self, path: &Path) -> String {
        format!("{}: expected {}", path.display(), self.file)
    }
}

/// The weights in a file of any kind that frozen networks come in.
fn read_frozen(path: &Path) -> Result<StateDict> {
    match mindspore::is_checkpoint(path)? {
        true => mindspore::read(path),
        false => read_state_dict(path),
    }
}

/// Reads Inception-v3 from pytorch-fid's weight file, from safetensors with its keys, or from the MindSpore
/// checkpoint that the seed's converter makes of it.
///
/// # Errors
///
/// If it is not there, saying where it is to be had, or holds another network.
pub fn open_inception(path: &Path, device: &Device) -> Result<Inception> {
    INCEPTION.check(path)?;
    Inception::from_state_dict(read_frozen(path)?, device).with_context(|| INCEPTION.expected(path))
}

/// The file that a run reads VGG-19 from: the one that is given, or the one brought before.
///
/// # Errors
///
/// If there is neither, saying how the weights are brought, or how to do without.
pub fn vgg19_file(given: Option<&Path>) -> Result<PathBuf> {
    find_vgg19(given)?.ok_or_else(|| anyhow::anyhow!(needs_vgg19()))
}

/// Reads VGG-19 from torchvision's weight file, from safetensors with its keys, or from the MindSpore checkpoint
/// that the seed's converter makes of it.
///
/// # Errors
///
/// If it is not there, saying where it is to be had, or holds another network.
pub fn open_vgg19(path: &Path, device: &Device) -> Result<Vgg19> {
    VGG19.check(path)?;
    Vgg19::from_state_dict(read_frozen(path)?, device).with_context(|| VGG19.expected(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use underpaint_core::bundle::{WeightDtype, encode_weights};

    #[test]
    fn a_missing_file_is_told_with_where_to_get_it_and_another_networks_by_name() {
        let device = Device::flex();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("weights.safetensors");
        let (vgg, inception) = (open_vgg19(&path, &device), open_inception(&path, &device));
        for (error, file) in [
            (vgg.expect_err("no file"), VGG19.file),
            (inception.expect_err("no file"), INCEPTION.file),
        ] {
            let text = format!("{error:#}");
            assert!(
                text.contains(file) && text.contains("weights.safetensors"),
                "{text}"
            );
        }
        let dict = state_dict(&Vgg19::new(&device));
        let bytes = encode_weights(&dict, WeightDtype::F16).expect("safetensors");
        std::fs::write(&path, bytes).expect("written");
        assert_eq!(
            state_dict(&open_vgg19(&path, &device).expect("VGG-19")),
            dict
        );
        let error = open_inception(&path, &device).expect_err("VGG-19");
        let text = format!("{error:#}");
        assert!(
            text.contains(INCEPTION.file) && text.contains("features.0.bias"),
            "{text}"
        );
    }
}
