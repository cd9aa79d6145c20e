//! What a run reads: one value says where a data set lies, in which layout, and how its files become samples.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::data::augment::AugmentOptions;
use crate::data::check::{self, CheckReport};
use crate::data::error::{DataError, Size};
use crate::data::paired::{Direction, PairedDataset, PairedOptions, at_least_one};
use crate::data::pictures::PictureDataset;
use crate::data::reading::{FilesDataset, Reader};
use crate::data::unconditional::FaceCrop;
use crate::data::{Dataset, layout};

/// How the files of a data set lie in folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// `{root}/{phase}/`: AB pictures, both halves in one file; or whole pictures in two folders, `{phase}_A` and
    /// `{phase}_B`, `{phase}A` and `{phase}B`, `{phase}/A` and `{phase}/B`, or `A/{phase}` and `B/{phase}`.
    Pairs {
        /// Which half, or folder, is the input.
        direction: Direction,
    },
    /// pix2pixHD's flat folders: `{phase}_label` and `{phase}_img` (or `{phase}_A` and `{phase}_B` where the input is a
    /// picture, or those that pairs have), `{phase}_inst`, `{phase}_feat`. SPADE's `coco` and `facades` lie so too.
    Flat {
        /// Whether there are instance maps in `{phase}_inst`.
        instances: bool,
        /// Whether there are feature maps in `{phase}_feat`.
        features: bool,
    },
    /// The tree of `ADEChallengeData2016`.
    Ade20k,
    /// The raw tree of Cityscapes: `leftImg8bit` and `gtFine`.
    Cityscapes {
        /// Whether instance maps are read.
        instances: bool,
    },
    /// Folders with names of any kind; there is no phase in them.
    Custom {
        /// Label maps, or pictures that are inputs.
        labels: PathBuf,
        /// Photos.
        images: PathBuf,
        /// Instance maps.
        instances: Option<PathBuf>,
    },
    /// Pictures alone, nested or flat, for a generator that starts from noise.
    Pictures {
        /// Which part of them.
        crop: FaceCrop,
    },
}

/// What a generator's input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputSpec {
    /// A picture of that many channels.
    Picture {
        /// 1 or 3.
        channels: usize,
    },
    /// A label map.
    Labels {
        /// Number of classes.
        num_classes: usize,
        /// Whether a raw 255 becomes the id `num_classes`.
        dont_care: bool,
        /// Whether ids are shifted as ADE20K's post-processing means to: 1 becomes 0, and 0 "unknown".
        ade_shift: bool,
    },
    /// Nothing.
    Nothing,
}

/// The data side of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSource {
    /// Folder of the data set; of no meaning to [`Layout::Custom`].
    pub root: PathBuf,
    /// How its files lie.
    pub layout: Layout,
    /// Sizes, crop and flip.
    pub augment: AugmentOptions,
    /// What a generator's input is.
    pub input: InputSpec,
    /// Channels of the photos, 1 or 3.
    pub output_channels: usize,
    /// Use only that many samples, the first in order.
    pub max_size: Option<usize>,
    /// Table of old ids and new ones that every label map goes through.
    pub remap: Option<PathBuf>,
}

/// What a check asks for besides readable files.
#[derive(Clone, Copy)]
pub struct CheckOptions<'a> {
    /// Whether to decode every file however many there are.
    pub full: bool,
    /// File that remembers, by size and time of change, what was found in which files.
    pub memory: Option<&'a Path>,
    /// Samples in a batch: more than one must have one size.
    pub batch_size: usize,
    /// Whether a sample of that size, after the transformation, fits the networks; else why not.
    pub fits: &'a (dyn Fn(Size) -> Result<(), String> + Sync),
    /// Told how many of how many files are done.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

impl CheckOptions<'static> {
    /// Asks for readable files and nothing else; `full` is whether to decode every one.
    #[must_use]
    pub fn files_only(full: bool) -> Self {
        Self {
            full,
            memory: None,
            batch_size: 1,
            fits: &|_| Ok(()),
            progress: &|_, _| {},
        }
    }
}

impl DataSource {
    /// The data set in words, for those who get a model that was trained on it: its folder's name, not the path on
    /// the machine.
    #[must_use]
    pub fn title(&self) -> String {
        let name = |path: &Path| {
            path.file_name().map_or_else(
                || ".".to_owned(),
                |name| name.to_string_lossy().into_owned(),
            )
        };
        let root = name(&self.root);
        match &self.layout {
            Layout::Pairs { .. } => format!("pairs of pictures in {root}"),
            Layout::Flat { .. } => format!("label maps and photos in {root}"),
            Layout::Ade20k => format!("ADE20K scene parsing in {root}"),
            Layout::Cityscapes { .. } => format!("Cityscapes in {root}"),
            Layout::Custom { labels, images, .. } => {
                format!("{} and {}", name(labels), name(images))
            }
            Layout::Pictures { .. } => format!("pictures in {root}"),
        }
    }

    /// Lists the files of a phase and pairs them; they are read later.
    ///
    /// SPADE's rule holds for the layouts with phases in them: who asks for `test` gets `val` where there is no `test`.
    /// [`Layout::Custom`] and [`Layout::Pictures`] know no phases.
    ///
    /// # Errors
    /// Naming the folder or file that is missing, or the setting that makes no sense.
    pub fn open(&self, phase: &str) -> Result<Arc<dyn Dataset>, DataError> {
        if let (Layout::Pairs { direction }, InputSpec::Picture { channels }) =
            (&self.layout, self.input)
            && layout::is_joined(&self.root, phase)
        {
            let options = PairedOptions {
                direction: *direction,
                augment: self.augment,
                input_channels: channels,
                output_channels: self.output_channels,
                max_size: self.max_size,
            };
            return Ok(Arc::new(PairedDataset::open(&self.root, phase, options)?));
        }
        let mut samples = layout::list(self, phase)?.samples()?;
        samples.truncate(at_least_one(self.max_size)?);
        if let Layout::Pictures { crop } = self.layout {
            let side = self.square_side()?;
            return Ok(Arc::new(PictureDataset::new(samples, crop, side)));
        }
        Ok(Arc::new(FilesDataset::new(samples, Reader::new(self)?)))
    }

    /// Side of the squares that pictures alone become.
    fn square_side(&self) -> Result<usize, DataError> {
        let invalid = |setting, expected: &str, found: usize| DataError::InvalidSetting {
            setting,
            expected: expected.into(),
            found: found.to_string(),
        };
        match (self.output_channels, self.augment.crop_size) {
            (3, 1..=65_536) => Ok(self.augment.crop_size),
            (3, side) => Err(invalid("size", "1 to 65536 pixels", side)),
            (channels, _) => Err(invalid(
                "picture channels",
                "3 for pictures alone",
                channels,
            )),
        }
    }

    /// Reads the files of a phase and reports what a run would trip over.
    ///
    /// A folder of up to [`QUICK_FULL_READ_LIMIT`](crate::data::check::QUICK_FULL_READ_LIMIT) files is decoded, of a
    /// larger one only headers are read unless [`CheckOptions::full`] is set (the loader then finds the rest as it
    /// reads).
    #[must_use]
    pub fn check(&self, phase: &str, options: &CheckOptions<'_>) -> CheckReport {
        check::check_source(self, phase, options)
    }

    /// The same at another place, or in other folders of [`Layout::Custom`].
    ///
    /// # Errors
    /// [`DataError::InvalidSetting`] for a place of folders that have none in common.
    pub fn moved_to(&self, root: Option<PathBuf>) -> Result<Self, DataError> {
        match (root, &self.layout) {
            (None, _) => Ok(self.clone()),
            (Some(root), Layout::Custom { labels, images, .. }) => Err(DataError::InvalidSetting {
                setting: "--data",
                expected: format!(
                    "--images and --labels, as the run has ({} and {})",
                    images.display(),
                    labels.display()
                ),
                found: root.display().to_string(),
            }),
            (Some(root), _) => Ok(Self {
                root,
                ..self.clone()
            }),
        }
    }

    /// The same of other folders, those of a [`Layout::Custom`].
    ///
    /// # Errors
    /// [`DataError::InvalidSetting`] if they lack what is read, or if nothing is read from such folders.
    pub fn in_folders(&self, folders: Layout) -> Result<Self, DataError> {
        let invalid = |setting, expected: &str, found: &str| DataError::InvalidSetting {
            setting,
            expected: expected.into(),
            found: found.into(),
        };
        let needs_instances = match &self.layout {
            Layout::Pictures { .. } => {
                let expected = "none: the run reads pictures alone (--data)";
                return Err(invalid("--images and --labels", expected, "folders"));
            }
            Layout::Flat { features: true, .. } => {
                let expected = "a data set with features (--data)";
                return Err(invalid("--images and --labels", expected, "folders"));
            }
            Layout::Flat { instances, .. } | Layout::Cityscapes { instances } => *instances,
            Layout::Custom { instances, .. } => instances.is_some(),
            Layout::Pairs { .. } | Layout::Ade20k => false,
        };
        match (needs_instances, &folders) {
            (
                true,
                Layout::Custom {
                    instances: None, ..
                },
            ) => {
                let expected = "a folder of instance maps, which the run reads";
                Err(invalid("--instances", expected, "none"))
            }
            (
                false,
                Layout::Custom {
                    instances: Some(_), ..
                },
            ) => {
                let expected = "none: the run reads no instance maps";
                Err(invalid("--instances", expected, "a folder"))
            }
            _ => Ok(Self {
                root: PathBuf::new(),
                layout: folders,
                ..self.clone()
            }),
        }
    }

    /// The folder that a file about the whole data set lies in: beside its label maps where they have any name.
    #[must_use]
    pub fn folder(&self) -> &Path {
        match &self.layout {
            Layout::Custom { labels, .. } if self.root.as_os_str().is_empty() => {
                labels.parent().unwrap_or(labels)
            }
            _ => &self.root,
        }
    }

    /// The first of `val` and `test` that the data set has, other than `phase`, with files of every kind that is read.
    #[must_use]
    pub fn held_out_phase(&self, phase: &str) -> Option<&'static str> {
        let held_out = ["val", "test"].into_iter();
        let mut others = held_out.filter(|other| *other != phase);
        others.find(|other| layout::has_phase(self, other) && layout::is_whole(self, other))
    }

    /// The same without chance, as the authors test.
    #[must_use]
    pub fn for_evaluation(&self) -> Self {
        Self {
            augment: self.augment.for_evaluation(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests;
