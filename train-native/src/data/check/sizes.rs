//! Which sizes samples have after the transformation, and whether networks and batches can take them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::judge::{Expected, ExpectedInput};
use super::report::CheckReport;
use crate::data::augment::AugmentOptions;
use crate::data::error::Size;
use crate::data::source::CheckOptions;

/// Files that are named of each size.
const TOLD_FILES: usize = 4;
/// Sizes that get a line of their own.
const TOLD_SIZES: usize = 8;

/// Samples of one size after the transformation.
#[derive(Debug, Default)]
struct OneSize {
    /// The first of them, with their sizes in the files.
    first: Vec<(PathBuf, Size)>,
    count: usize,
}

/// Samples by their size after the transformation.
#[derive(Debug, Default)]
pub(super) struct FinalSizes {
    sizes: BTreeMap<Size, OneSize>,
    /// Those that the transformation fills up with black.
    filled: OneSize,
}

impl OneSize {
    fn add(&mut self, path: &Path, size: Size) {
        if self.first.len() < TOLD_FILES {
            self.first.push((path.to_path_buf(), size));
        }
        self.count += 1;
    }

    /// `a.png (80x80), b.png (70x90) and 12 more`.
    fn in_words(&self) -> String {
        let files = self.first.iter();
        let files: Vec<String> = files
            .map(|(path, size)| format!("{} ({size})", path.display()))
            .collect();
        match self.count - files.len() {
            0 => files.join(", "),
            more => format!("{} and {more} more", files.join(", ")),
        }
    }
}

impl FinalSizes {
    /// Counts a sample whose input has that size before the transformation.
    pub fn add(
        &mut self,
        path: &Path,
        size: Size,
        input: &ExpectedInput,
        augment: &AugmentOptions,
    ) {
        let found = match input {
            ExpectedInput::Single(_) => Size::new(augment.crop_size, augment.crop_size),
            _ => {
                if augment.is_filled(size) {
                    self.filled.add(path, size);
                }
                augment.final_size(size)
            }
        };
        self.sizes.entry(found).or_default().add(path, size);
    }

    /// Adds to the report which samples cannot be trained on, or not together.
    pub fn judge(&self, report: &mut CheckReport, expected: &Expected, options: &CheckOptions<'_>) {
        let counts = self.sizes.iter();
        report.final_sizes = counts
            .map(|(size, samples)| (size.to_string(), samples.count))
            .collect();
        self.judge_fit(report, expected, options);
        self.judge_batch(report, options);
        if let (Some((path, _)), Some(augment)) = (self.filled.first.first(), expected.augment) {
            let message = format!(
                "{} samples are smaller than the cut-out of {crop}x{crop} and are filled up with black, as in the original: {}",
                self.filled.count,
                self.filled.in_words(),
                crop = augment.crop_size,
            );
            report.warn(path, message);
        }
    }

    fn judge_fit(&self, report: &mut CheckReport, expected: &Expected, options: &CheckOptions<'_>) {
        let unfit = self.sizes.iter().filter_map(|(size, samples)| {
            let reason = (options.fits)(*size).err()?;
            Some((*size, samples, reason))
        });
        let mut unfit: Vec<_> = unfit.collect();
        unfit.sort_by_key(|(_, samples, _)| std::cmp::Reverse(samples.count));
        for (size, samples, reason) in unfit.iter().take(TOLD_SIZES) {
            let (path, file_size) = &samples.first[0];
            let small = match expected.augment {
                Some(augment) if augment.stays_whole(*file_size) => format!(
                    "; smaller than the cut-out of {crop}x{crop}, and so left whole: enlarge or leave out such pictures, or \
                     use resize_and_crop",
                    crop = augment.crop_size
                ),
                _ => String::new(),
            };
            let message = format!(
                "{size} after the transformation does not fit ({} samples of that size: {}{small}): {reason}",
                samples.count,
                samples.in_words()
            );
            report.error_about(path, message);
        }
        if let Some((size, samples, _)) = unfit.get(TOLD_SIZES) {
            let rest = &unfit[TOLD_SIZES..];
            let count: usize = rest.iter().map(|(_, samples, _)| samples.count).sum();
            let message = format!(
                "{count} more samples of {} other sizes do not fit either, such as {} ({size} after the transformation)",
                rest.len(),
                samples.first[0].0.display()
            );
            report.error_about(&samples.first[0].0, message);
        }
    }

    fn judge_batch(&self, report: &mut CheckReport, options: &CheckOptions<'_>) {
        let mut by_count: Vec<_> = self.sizes.iter().collect();
        by_count.sort_by_key(|(_, samples)| std::cmp::Reverse(samples.count));
        let [(size, most), others @ ..] = by_count.as_slice() else {
            return;
        };
        if options.batch_size < 2 || others.is_empty() {
            return;
        }
        let told = others
            .iter()
            .take(TOLD_SIZES)
            .map(|(size, samples)| format!("{size} in {}", samples.in_words()));
        let mut told = told.collect::<Vec<_>>().join("; ");
        if let Some(more) = others.len().checked_sub(TOLD_SIZES + 1) {
            told += &format!("; and {} more sizes", more + 1);
        }
        let count: usize = others.iter().map(|(_, samples)| samples.count).sum();
        let message = format!(
            "a batch of {} needs samples of one size: expected {size} as in {} ({} samples), found {count} samples of {} \
             other sizes (in brackets those of the files): {told}. Use a preprocessing that fixes the size \
             (resize_and_crop), or batch size 1",
            options.batch_size,
            most.first[0].0.display(),
            most.count,
            others.len(),
        );
        report.error_about(&others[0].1.first[0].0, message);
    }
}
