//! The files of one sample, read and transformed alike.

use std::path::Path;

use crate::data::augment::{
    AugmentOptions, TransformParams, signed_from_picture, transform_features, transform_instances,
    transform_labels, transform_picture,
};
use crate::data::decode::{Color, IdDepth, LabelMap, Picture, read_ids, read_picture};
use crate::data::error::{DataError, Size};
use crate::data::ids::IdRules;
use crate::data::layout::SampleFiles;
use crate::data::source::{DataSource, InputSpec};
use crate::data::{Dataset, Sample, SampleInput, SampleRng};

/// How the files of a sample are read.
#[derive(Debug, Clone)]
pub struct Reader {
    /// What the input is.
    pub(crate) input: ReadInput,
    /// Sizes, crop and flip, the same for all files of a sample.
    pub(crate) augment: AugmentOptions,
    /// What the photo becomes.
    pub(crate) output: Color,
}

/// What a reader makes of the input's file.
#[derive(Debug, Clone)]
pub(crate) enum ReadInput {
    /// A picture.
    Picture(Color),
    /// Class ids.
    Labels {
        /// From raw ids to channels.
        rules: IdRules,
        /// Every id must be below it.
        num_channels: usize,
    },
}

/// A file of an input before the transformation.
enum Input {
    Picture(Picture),
    Labels(LabelMap, IdDepth),
}

impl Input {
    fn size(&self) -> Size {
        match self {
            Self::Picture(picture) => picture.size(),
            Self::Labels(labels, _) => labels.size(),
        }
    }

    fn transformed(&self, augment: &AugmentOptions, params: &TransformParams) -> SampleInput {
        match self {
            Self::Picture(picture) => {
                let picture = transform_picture(picture, augment, params);
                SampleInput::Image(signed_from_picture(&picture))
            }
            Self::Labels(labels, depth) => {
                let LabelMap { width, height, ids } =
                    transform_labels(labels, *depth, augment, params);
                SampleInput::Labels { width, height, ids }
            }
        }
    }
}

impl Reader {
    /// A reader of what `source` says.
    ///
    /// # Errors
    /// [`DataError::InvalidSetting`], or what reading the table of ids can give.
    pub fn new(source: &DataSource) -> Result<Self, DataError> {
        source.augment.validate()?;
        let input = match source.input {
            InputSpec::Picture { channels } => ReadInput::Picture(Color::from_channels(channels)?),
            InputSpec::Labels {
                num_classes,
                dont_care,
                ade_shift,
            } => {
                let num_channels = num_channels(num_classes, dont_care)?;
                let remap = source.remap.as_deref();
                let rules = IdRules::new(remap, num_classes, dont_care, ade_shift)?;
                ReadInput::Labels {
                    rules,
                    num_channels,
                }
            }
            InputSpec::Nothing => {
                return Err(DataError::InvalidSetting {
                    setting: "input",
                    expected: "label maps or pictures".into(),
                    found: "none".into(),
                });
            }
        };
        Ok(Self {
            input,
            augment: source.augment,
            output: Color::from_channels(source.output_channels)?,
        })
    }

    /// Reads the files of a sample and transforms all of them alike; `params_of` gives the draws for their size.
    ///
    /// # Errors
    /// [`DataError::LabelOutOfRange`] for an id without a channel, [`DataError::SizeMismatch`] unless all files have
    /// one size, and what reading a file can give.
    ///
    /// Source: model specification 3.8 and 4.6; instance ids stay raw, of 8 as of 16 bits (B-5, B-6).
    pub fn read(
        &self,
        files: &SampleFiles,
        params_of: impl FnOnce(Size) -> TransformParams,
    ) -> Result<Sample, DataError> {
        let input = self.read_input(&files.input)?;
        let target = files.target.as_deref().unwrap_or(&files.input);
        let photo = read_picture(target, self.output)?;
        let size = input.size();
        if photo.size() != size {
            return Err(photo_mismatch(files, size, photo.size()));
        }
        let instances = files.instances.as_deref().map(|path| {
            let (ids, depth) = read_ids(path)?;
            same_size(path, ids.size(), &files.input, size).map(|()| (ids, depth))
        });
        let instances = instances.transpose()?;
        let features = files.features.as_deref().map(|path| {
            let features = read_picture(path, Color::Rgb)?;
            same_size(path, features.size(), &files.input, size).map(|()| features)
        });
        let features = features.transpose()?;
        let (augment, params) = (&self.augment, params_of(size));
        Ok(Sample {
            name: files.name.clone(),
            input: input.transformed(augment, &params),
            instances: instances
                .map(|(ids, depth)| transform_instances(&ids, depth, augment, &params)),
            features: features
                .map(|map| signed_from_picture(&transform_features(&map, augment, &params))),
            target: signed_from_picture(&transform_picture(&photo, augment, &params)),
        })
    }

    fn read_input(&self, path: &Path) -> Result<Input, DataError> {
        match &self.input {
            ReadInput::Picture(color) => read_picture(path, *color).map(Input::Picture),
            ReadInput::Labels {
                rules,
                num_channels,
            } => {
                let (mut labels, depth) = read_ids(path)?;
                rules.apply(&mut labels);
                labels.check_range(path, *num_channels)?;
                Ok(Input::Labels(labels, depth))
            }
        }
    }
}

/// Number of channels of the one-hot label map: the classes, and the unknown one where it is asked for.
///
/// # Errors
/// [`DataError::InvalidSetting`] for no class, and for more than ids of sixteen bits can tell apart.
pub(crate) fn num_channels(num_classes: usize, dont_care: bool) -> Result<usize, DataError> {
    let channels = num_classes.saturating_add(usize::from(dont_care));
    if num_classes == 0 || channels > 1 << 16 {
        return Err(DataError::InvalidSetting {
            setting: "number of classes",
            expected: format!("1 to {}", (1 << 16) - usize::from(dont_care)),
            found: num_classes.to_string(),
        });
    }
    Ok(channels)
}

/// The error of an input and a photo of different sizes.
pub(crate) fn photo_mismatch(files: &SampleFiles, input: Size, photo: Size) -> DataError {
    let target = files.target.as_ref().unwrap_or(&files.input);
    DataError::SizeMismatch {
        path: files.input.clone(),
        expected: photo,
        expected_of: format!("as its photo {}", target.display()),
        found: input,
    }
}

/// Makes sure that a further file has the size of its input.
pub(crate) fn same_size(
    path: &Path,
    found: Size,
    input: &Path,
    expected: Size,
) -> Result<(), DataError> {
    if found == expected {
        return Ok(());
    }
    Err(DataError::SizeMismatch {
        path: path.to_path_buf(),
        expected,
        expected_of: format!("as its label map {}", input.display()),
        found,
    })
}

/// Samples of one or more files each.
#[derive(Debug)]
pub struct FilesDataset {
    samples: Vec<SampleFiles>,
    reader: Reader,
}

impl FilesDataset {
    /// A data set of those files.
    #[must_use]
    pub fn new(samples: Vec<SampleFiles>, reader: Reader) -> Self {
        Self { samples, reader }
    }
}

impl Dataset for FilesDataset {
    fn len(&self) -> usize {
        self.samples.len()
    }

    fn name(&self, index: usize) -> String {
        self.samples[index].name.clone()
    }

    fn load(&self, index: usize, rng: &mut SampleRng) -> Result<Sample, DataError> {
        self.reader.read(&self.samples[index], |size| {
            TransformParams::draw(&self.reader.augment, size, rng)
        })
    }
}
