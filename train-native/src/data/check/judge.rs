//! What is wrong with files whose contents are known.

use std::collections::BTreeMap;
use std::path::Path;

use super::convertible::MapsToConvert;
use super::facts::{Facts, IdFacts};
use super::report::CheckReport;
use super::sizes::FinalSizes;
use super::statistics::{InstanceStatistics, LabelStatistics, kinds_of};
use super::{Read, mistaken, suspect};
use crate::data::augment::AugmentOptions;
use crate::data::error::{DataError, Size};
use crate::data::ids::IdRules;
use crate::data::layout::{Listing, SampleFiles};
use crate::data::paired::{split_sizes, too_narrow};
use crate::data::reading::{num_channels, photo_mismatch, same_size};
use crate::data::source::{CheckOptions, DataSource, InputSpec, Layout};
use crate::data::unconditional::{FaceCrop, face_region};

/// What the files of a data set should be.
#[derive(Debug, Clone)]
pub struct Expected {
    /// What the file of an input is.
    pub input: ExpectedInput,
    /// The transformation, where the sizes that it gives are of interest.
    pub augment: Option<AugmentOptions>,
}

/// What the file of an input is.
#[derive(Debug, Clone)]
pub enum ExpectedInput {
    /// An AB picture.
    Pair,
    /// A picture of its own, with a photo.
    Picture,
    /// A label map, with a photo.
    Labels {
        /// What its ids mean.
        rules: IdRules,
        /// Number of classes; none where they are only counted.
        num_classes: Option<usize>,
        /// Whether there is a channel for unknown pixels.
        dont_care: bool,
    },
    /// A photo alone.
    Single(FaceCrop),
}

impl Expected {
    /// What a run expects.
    ///
    /// # Errors
    /// [`DataError::InvalidSetting`], or what reading the table of ids can give.
    pub fn of(source: &DataSource) -> Result<Self, DataError> {
        let input = match (&source.layout, source.input) {
            (Layout::Pairs { .. }, _) => ExpectedInput::Pair,
            (Layout::Pictures { crop }, _) => ExpectedInput::Single(*crop),
            (
                _,
                InputSpec::Labels {
                    num_classes,
                    dont_care,
                    ade_shift,
                },
            ) => {
                num_channels(num_classes, dont_care)?;
                let remap = source.remap.as_deref();
                ExpectedInput::Labels {
                    rules: IdRules::new(remap, num_classes, dont_care, ade_shift)?,
                    num_classes: Some(num_classes),
                    dont_care,
                }
            }
            _ => ExpectedInput::Picture,
        };
        if !matches!(input, ExpectedInput::Single(_)) {
            source.augment.validate()?;
        }
        Ok(Self {
            input,
            augment: Some(source.augment),
        })
    }

    /// Files of that kind and of any size.
    #[must_use]
    pub fn files(input: ExpectedInput) -> Self {
        Self {
            input,
            augment: None,
        }
    }

    /// Label maps of any size, with raw ids.
    #[must_use]
    pub fn labels(num_classes: Option<usize>) -> Self {
        Self::files(ExpectedInput::Labels {
            rules: IdRules::default(),
            num_classes,
            dont_care: false,
        })
    }

    /// What the input of a sample is: pairs are AB pictures unless they lie in two files.
    fn input_of(&self, sample: &SampleFiles) -> &ExpectedInput {
        match (&self.input, &sample.target) {
            (ExpectedInput::Pair, Some(_)) => &ExpectedInput::Picture,
            (input, _) => input,
        }
    }

    /// Size of a sample's input in a file of that size, before the transformation.
    fn input_size(&self, sample: &SampleFiles, size: Size) -> Option<Size> {
        match self.input_of(sample) {
            ExpectedInput::Pair => Some(split_sizes(size)?.0),
            _ => Some(size),
        }
    }
}

/// Adds to the report what is wrong with the files; `files` are those of every sample, as `files_of` gives them.
pub(super) fn judge(
    report: &mut CheckReport,
    listing: &Listing,
    files: &[Vec<Read>],
    expected: &Expected,
    options: &CheckOptions<'_>,
) {
    let mut sizes = FinalSizes::default();
    let mut maps_to_convert = MapsToConvert::of(listing, files, expected);
    for (sample, files) in listing.samples.iter().zip(files) {
        judge_sample(report, sample, files, expected, &mut maps_to_convert);
        let size = files[0]
            .as_ref()
            .ok()
            .and_then(|facts| expected.input_size(sample, facts.size()));
        if let (Some(size), Some(augment)) = (size, expected.augment) {
            sizes.add(&sample.input, size, expected.input_of(sample), &augment);
        }
    }
    sizes.judge(report, expected, options);
    maps_to_convert.warn_of_masks(report);
    suspect::warn(report, listing, files, expected);
    if let ExpectedInput::Labels {
        rules,
        num_classes,
        dont_care,
    } = &expected.input
    {
        let maps = files.iter().filter_map(|files| files[0].as_ref().ok());
        report.labels = label_statistics(maps, rules, *num_classes, *dont_care);
        let folder = listing.folders.first().cloned().unwrap_or_default();
        mistaken::find_instance_maps(report, &folder, *num_classes);
        warn_about_labels(report, &folder, *num_classes, *dont_care);
    }
    let maps = listing
        .samples
        .iter()
        .zip(files)
        .filter_map(|(sample, files)| {
            let place = instances_place(sample)?;
            files.get(place)?.as_ref().ok()
        });
    report.instances = InstanceStatistics::new(maps);
}

/// Where among a sample's files the instance map is.
fn instances_place(sample: &SampleFiles) -> Option<usize> {
    sample
        .instances
        .as_ref()
        .map(|_| 1 + usize::from(sample.target.is_some()))
}

fn judge_sample(
    report: &mut CheckReport,
    sample: &SampleFiles,
    files: &[Read],
    expected: &Expected,
    maps_to_convert: &mut MapsToConvert,
) {
    for (place, file) in files.iter().enumerate() {
        match file {
            Ok(facts) => report.add_size(facts.size()),
            Err(error) if place == 0 => maps_to_convert.report(report, error),
            Err(error) => report.error(error),
        }
    }
    let Ok(input) = &files[0] else { return };
    let size = input.size();
    match expected.input_of(sample) {
        ExpectedInput::Pair => judge_halves(report, &sample.input, size, expected.augment),
        ExpectedInput::Single(crop) => {
            if let Err(error) = face_region(&sample.input, size, *crop) {
                report.error(&error);
            }
        }
        ExpectedInput::Labels {
            rules,
            num_classes: Some(num_classes),
            dont_care,
        } => {
            let limit = num_classes + usize::from(*dont_care);
            if let Some(error) = out_of_range(&sample.input, input, rules, limit) {
                maps_to_convert.report(report, &error);
            }
        }
        ExpectedInput::Picture | ExpectedInput::Labels { .. } => {}
    }
    judge_partners(report, sample, size, files);
}

/// All files of a sample have the size of its input.
fn judge_partners(report: &mut CheckReport, sample: &SampleFiles, size: Size, files: &[Read]) {
    let mut others = files[1..].iter();
    if let Some(Ok(photo)) = sample.target.as_ref().and_then(|_| others.next())
        && photo.size() != size
    {
        report.error(&photo_mismatch(sample, size, photo.size()));
    }
    let paths = [&sample.instances, &sample.features].into_iter().flatten();
    for (path, file) in paths.zip(others) {
        let found = file.as_ref().map(Facts::size);
        if let Ok(Err(error)) = found.map(|found| same_size(path, found, &sample.input, size)) {
            report.error(&error);
        }
    }
}

fn judge_halves(
    report: &mut CheckReport,
    path: &Path,
    size: Size,
    augment: Option<AugmentOptions>,
) {
    let Some((left, right)) = split_sizes(size) else {
        return report.error(&too_narrow(path, size));
    };
    if left == right {
        return;
    }
    let differ = |augment: AugmentOptions| augment.final_size(left) != augment.final_size(right);
    let message = format!(
        "{}: expected an even width, found {size}; the halves would be {left} and {right}",
        path.display()
    );
    if augment.is_some_and(differ) {
        report.error_about(path, message);
    } else {
        report.warn(path, message);
    }
}

/// The first pixel with an id that has no channel.
fn out_of_range(path: &Path, facts: &Facts, rules: &IdRules, limit: usize) -> Option<DataError> {
    let has_none = |facts: &&IdFacts| usize::from(rules.channel(facts.id)) >= limit;
    let first = facts
        .ids
        .iter()
        .filter(has_none)
        .min_by_key(|facts| facts.first)?;
    let width = facts.size().width as u64;
    Some(DataError::LabelOutOfRange {
        path: path.to_path_buf(),
        value: rules.channel(first.id),
        x: (first.first % width) as usize,
        y: (first.first / width) as usize,
        num_classes: limit,
    })
}

/// Ids of label maps after the user's table; none unless all of them were decoded.
fn label_statistics<'a>(
    maps: impl Iterator<Item = &'a Facts> + Clone,
    rules: &IdRules,
    num_classes: Option<usize>,
    dont_care: bool,
) -> Option<LabelStatistics> {
    let mut histogram = BTreeMap::new();
    for facts in maps.clone() {
        if !facts.decoded {
            return None;
        }
        for IdFacts { id, pixels, .. } in &facts.ids {
            *histogram.entry(rules.remapped(*id)).or_insert(0) += pixels;
        }
    }
    LabelStatistics::new(kinds_of(maps), histogram, num_classes, dont_care)
}

fn warn_about_labels(
    report: &mut CheckReport,
    folder: &Path,
    num_classes: Option<usize>,
    dont_care: bool,
) {
    let Some(labels) = &report.labels else { return };
    // Said already, with what to do about it.
    if labels.is_mask && num_classes.is_none_or(|num_classes| num_classes <= 255) {
        return;
    }
    let folder_name = folder.display();
    let message = match num_classes {
        Some(num_classes) if num_classes > labels.suggested_num_classes => {
            let found = format!("found ids up to {} only", labels.max_id);
            format!("{folder_name}: {num_classes} classes asked for, {found}")
        }
        None if labels.dont_care_pixels > 0 && !dont_care => format!(
            "{folder_name}: id 255 in {} pixels, usually \"don't care\": train with --contain-dontcare-label, or give it \
             another id with --remap FILE",
            labels.dont_care_pixels
        ),
        _ => return,
    };
    report.warn(folder, message);
}
