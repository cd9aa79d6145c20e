//! Folders of any names that a run reads in the place of `--data`, as `dataset check` does.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

use super::{RunConfig, absolute, absolute_if_some};
use crate::data::source::Layout;

/// Photos, label maps (or pictures that are inputs) and instance maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// `--images`.
    pub images: PathBuf,
    /// `--labels`.
    pub labels: PathBuf,
    /// `--instances`.
    pub instances: Option<PathBuf>,
}

impl Folders {
    /// The folders that were given, if any were.
    ///
    /// # Errors
    ///
    /// If one is missing, or if something is given that folders do not go with.
    pub fn from_flags(
        images: Option<&PathBuf>,
        labels: Option<&PathBuf>,
        instances: Option<&PathBuf>,
        run: &RunConfig,
    ) -> Result<Option<Self>> {
        let (images, labels) = match (images, labels) {
            (None, None) => {
                ensure!(
                    instances.is_none(),
                    "--instances: expected --images and --labels beside it; a data set in --data has {{phase}}_inst"
                );
                return Ok(None);
            }
            (Some(images), Some(labels)) => (images.clone(), labels.clone()),
            (Some(_), None) => bail!("--images: expected --labels beside it, found nothing"),
            (None, Some(_)) => bail!("--labels: expected --images beside it, found nothing"),
        };
        ensure!(
            run.data.as_os_str().is_empty(),
            "--data: the data set lies in --images and --labels; leave either out"
        );
        ensure!(
            run.phase == "train",
            "--phase: --images and --labels have no phases; leave it out"
        );
        Ok(Some(Self {
            images,
            labels,
            instances: instances.cloned(),
        }))
    }

    /// Makes the paths independent of the current folder.
    ///
    /// # Errors
    ///
    /// If there is no current folder.
    pub fn make_absolute(&mut self) -> Result<()> {
        absolute(&mut self.images, "--images")?;
        absolute(&mut self.labels, "--labels")?;
        absolute_if_some(&mut self.instances, "--instances")
    }

    /// How the data set lies.
    pub fn layout(&self) -> Layout {
        Layout::Custom {
            labels: self.labels.clone(),
            images: self.images.clone(),
            instances: self.instances.clone(),
        }
    }
}
