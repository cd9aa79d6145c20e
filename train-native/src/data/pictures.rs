//! Pictures alone as a data set, at whatever size a growing generator is at.

use std::path::PathBuf;
use std::sync::Arc;

use crate::data::error::DataError;
use crate::data::layout::SampleFiles;
use crate::data::unconditional::{FaceCrop, load_picture};
use crate::data::{Dataset, Sample, SampleInput, SampleRng};

/// Photos of any size, each squashed to one square.
#[derive(Debug, Clone)]
pub struct PictureDataset {
    /// Names and files, shared by all sizes.
    files: Arc<Vec<(String, PathBuf)>>,
    crop: FaceCrop,
    side: usize,
}

impl PictureDataset {
    /// A data set of those files, `side` pixels square.
    #[must_use]
    pub fn new(samples: Vec<SampleFiles>, crop: FaceCrop, side: usize) -> Self {
        let files = samples.into_iter().map(|files| (files.name, files.input));
        Self {
            files: Arc::new(files.collect()),
            crop,
            side,
        }
    }
}

impl Dataset for PictureDataset {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn name(&self, index: usize) -> String {
        self.files[index].0.clone()
    }

    fn load(&self, index: usize, _rng: &mut SampleRng) -> Result<Sample, DataError> {
        let (name, path) = &self.files[index];
        Ok(Sample {
            name: name.clone(),
            input: SampleInput::Unconditional,
            instances: None,
            features: None,
            target: load_picture(path, self.side, self.crop)?,
        })
    }

    fn at_resolution(&self, side: usize) -> Option<Arc<dyn Dataset>> {
        Some(Arc::new(Self {
            side,
            ..self.clone()
        }))
    }
}
