//! Opening the frozen networks of [`underpaint_core::perceptual`]: their weights are other people's
//! files, which are never downloaded here.

use std::path::Path;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use underpaint_core::perceptual::{Inception, Vgg19};

use crate::import::read_state_dict;

/// A weight file that the user has to bring.
struct Origin {
    network: &'static str,
    file: &'static str,
    megabytes: usize,
    folder: &'static str,
}

const INCEPTION: Origin = Origin {
    network: "the Inception weights of pytorch-fid",
    file: "pt_inception-2015-12-05-6726825d.pth",
    megabytes: 91,
    folder: "https://github.com/mseitzer/pytorch-fid/releases",
};

const VGG19: Origin = Origin {
    network: "the VGG-19 weights of torchvision",
    file: "vgg19-dcbb9e9d.pth",
    megabytes: 548,
    folder: "https://download.pytorch.org/models",
};

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

/// Reads Inception-v3 from pytorch-fid's weight file, or from safetensors with its keys.
///
/// # Errors
///
/// If it is not there, saying where it is to be had, or holds another network.
pub fn open_inception(path: &Path, device: &Device) -> Result<Inception> {
    INCEPTION.check(path)?;
    Inception::from_state_dict(read_state_dict(path)?, device)
        .with_context(|| INCEPTION.expected(path))
}

/// The file to read VGG-19 from: the one that is given.
///
/// # Errors
///
/// If none is given.
pub fn vgg19_file(given: Option<&Path>) -> Result<std::path::PathBuf> {
    match given {
        Some(path) => {
            VGG19.check(path)?;
            Ok(path.to_path_buf())
        }
        None => bail!(
            "the perceptual loss looks through VGG-19, whose weights do not come with underpaint: \
             --vgg FILE takes {} ({} MB, {}), --no-vgg-loss trains without",
            VGG19.file,
            VGG19.megabytes,
            VGG19.folder
        ),
    }
}

/// Reads VGG-19 from torchvision's weight file, or from safetensors with its keys.
///
/// # Errors
///
/// If it is not there, saying where it is to be had, or holds another network.
pub fn open_vgg19(path: &Path, device: &Device) -> Result<Vgg19> {
    VGG19.check(path)?;
    Vgg19::from_state_dict(read_state_dict(path)?, device).with_context(|| VGG19.expected(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use underpaint_core::bundle::{WeightDtype, encode_weights};
    use underpaint_core::state_dict::state_dict;

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
