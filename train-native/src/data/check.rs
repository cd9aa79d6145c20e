//! Finds bad files before a training run does, and says what a data set holds.
//!
//! One check for all layouts: [`layout`] says which files there are, `facts` what is in them,
//! `judge` what a run would trip over, `sizes` among it, `convertible` which maps another command makes usable, and
//! `suspect` what is read as something else than was meant. `memory` keeps the facts, so that a second check reads only what has changed.

mod convertible;
mod facts;
mod judge;
mod memory;
mod mistaken;
mod report;
mod sizes;
mod statistics;
mod suspect;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::data::error::DataError;
use crate::data::layout::{self, Listing, SampleFiles};
use crate::data::paired::at_least_one;
use crate::data::source::{CheckOptions, DataSource};
use facts::{Facts, Role};
use memory::{Memory, Stamp};

pub use judge::{Expected, ExpectedInput};
pub use report::{CheckReport, Finding, Severity};
pub use statistics::{InstanceStatistics, LabelStatistics, Outside};

/// Up to this many files, the check at the start of a run decodes everything; above, it reads headers only.
pub const QUICK_FULL_READ_LIMIT: usize = 4000;

/// Checks a phase of what a run is about to read; see [`DataSource::check`].
#[must_use]
pub fn check_source(source: &DataSource, phase: &str, options: &CheckOptions<'_>) -> CheckReport {
    let listing = Expected::of(source).and_then(|expected| {
        let mut listing = layout::list(source, phase)?;
        listing.samples.truncate(at_least_one(source.max_size)?);
        Ok((expected, listing))
    });
    match listing {
        Ok((expected, listing)) => check_listing(&listing, &expected, options),
        Err(error) => CheckReport::refused(vec![source.root.clone()], &error),
    }
}

/// Checks the files of a listing.
#[must_use]
pub fn check_listing(
    listing: &Listing,
    expected: &Expected,
    options: &CheckOptions<'_>,
) -> CheckReport {
    let files = listing
        .samples
        .iter()
        .map(SampleFiles::count)
        .sum::<usize>();
    let decode = options.full || files + left_out(listing) <= QUICK_FULL_READ_LIMIT;
    check_with(listing, expected, options, decode)
}

fn check_with(
    listing: &Listing,
    expected: &Expected,
    options: &CheckOptions<'_>,
    decode: bool,
) -> CheckReport {
    let mut report = CheckReport::new(listing.folders.clone());
    listing
        .problems
        .iter()
        .for_each(|problem| report.error(problem));
    for (path, note) in &listing.notes {
        report.warn(path, note.clone());
    }
    let (files, failure) = read_all(listing, expected, options, decode);
    report.files = files.iter().map(Vec::len).sum::<usize>() + left_out(listing);
    let is_decoded = |file: &Read| file.as_ref().is_ok_and(|facts| facts.decoded);
    report.fully_read = decode || files.iter().flatten().all(is_decoded);
    judge::judge(&mut report, listing, &files, expected, options);
    if let Some(error) = failure {
        let path = error.path().unwrap_or(Path::new("")).to_path_buf();
        report.warn(
            &path,
            format!("the next check starts from nothing: {error}"),
        );
    }
    report.finished()
}

/// Number of files that belong to no sample.
fn left_out(listing: &Listing) -> usize {
    let is_file = |problem: &&DataError| {
        matches!(
            problem,
            DataError::MissingPartner { .. } | DataError::AmbiguousName { .. }
        )
    };
    listing.problems.iter().filter(is_file).count()
}

/// What became of one file.
type Read = Result<Facts, DataError>;

/// Reads the files of all samples, or remembers them: for every sample, what became of its files, in the order of
/// [`files_of`]. The error is that of writing the memory.
fn read_all(
    listing: &Listing,
    expected: &Expected,
    options: &CheckOptions<'_>,
    decode: bool,
) -> (Vec<Vec<Read>>, Option<DataError>) {
    let tasks: Vec<Vec<_>> = listing
        .samples
        .iter()
        .map(|files| files_of(files, expected))
        .collect();
    let total = tasks.iter().map(Vec::len).sum();
    let mut memory = options.memory.map(Memory::read).unwrap_or_default();
    let done = AtomicUsize::new(0);
    let read = |(path, role): &(&Path, Role)| {
        let stamp = options.memory.and_then(|_| Stamp::of(path));
        let known = stamp.and_then(|stamp| memory.facts(path, *role, stamp, decode));
        let (facts, is_new) = match known {
            Some(facts) => (Ok(facts.clone()), None),
            None => (Facts::read(path, *role, decode), stamp),
        };
        (options.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        (facts, is_new)
    };
    let read: Vec<Vec<(Read, Option<Stamp>)>> = tasks
        .par_iter()
        .map(|files| files.iter().map(read).collect())
        .collect();
    for ((path, role), (facts, stamp)) in tasks.iter().flatten().zip(read.iter().flatten()) {
        if let (Ok(facts), Some(stamp)) = (facts, stamp) {
            memory.keep(path, *role, *stamp, facts);
        }
    }
    let failure = options.memory.and_then(|path| memory.write(path).err());
    let facts = |files: Vec<(Read, _)>| files.into_iter().map(|(facts, _)| facts).collect();
    (read.into_iter().map(facts).collect(), failure)
}

/// The files of a sample: input, photo, instance map, feature map, as far as there are any.
fn files_of<'a>(files: &'a SampleFiles, expected: &Expected) -> Vec<(&'a Path, Role)> {
    let input = match expected.input {
        ExpectedInput::Labels { .. } => Role::Labels,
        _ => Role::Picture,
    };
    let others = [
        (&files.target, Role::Picture),
        (&files.instances, Role::Instances),
        (&files.features, Role::Picture),
    ];
    let others = others.into_iter();
    let others = others.filter_map(|(path, role)| Some((path.as_deref()?, role)));
    std::iter::once((files.input.as_path(), input))
        .chain(others)
        .collect()
}

#[cfg(test)]
mod folder_tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::decode::{LabelMap, Picture, write_label_map_png, write_picture_png};
    use crate::data::layout::Folders;

    fn check_pairs(root: &Path, phases: &[&str]) -> CheckReport {
        let listing = layout::list_pair_phases(root, phases);
        let expected = Expected::files(ExpectedInput::Pair);
        check_listing(&listing, &expected, &CheckOptions::files_only(true))
    }

    fn check_labelled(images: &Path, labels: &Path, num_classes: Option<usize>) -> CheckReport {
        let listing = layout::list_folders(&folders_of(images, labels)).unwrap();
        let expected = Expected::labels(num_classes);
        check_listing(&listing, &expected, &CheckOptions::files_only(true))
    }

    fn folders_of(images: &Path, labels: &Path) -> Folders {
        Folders {
            input: labels.to_path_buf(),
            target: Some(images.to_path_buf()),
            instances: None,
            features: None,
            is_labels: true,
        }
    }

    fn write_picture(root: &Path, name: &str, width: usize) {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let picture = Picture {
            width,
            height: 12,
            channels: 3,
            pixels: vec![77; width * 36],
        };
        write_picture_png(&path, &picture).unwrap();
    }

    fn write_labels(root: &Path, name: &str, ids: &[u16]) {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let ids: Vec<u16> = ids.iter().copied().cycle().take(12 * 12).collect();
        write_label_map_png(
            &path,
            &LabelMap {
                width: 12,
                height: 12,
                ids,
            },
        )
        .unwrap();
    }

    fn truncate(path: &Path) {
        let bytes = std::fs::read(path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    }

    #[test]
    fn good_pairs_of_all_phases_pass_and_other_layouts_are_left_alone() {
        let root = tempfile::tempdir().unwrap();
        for name in ["train/1.png", "train/2.png", "val/1.png", "train_img/1.png"] {
            write_picture(root.path(), name, 24);
        }
        let report = check_pairs(root.path(), &[]);
        assert!(report.is_ok() && report.findings.is_empty(), "{report}");
        assert_eq!(
            (report.files, report.folders.len(), report.sizes["24x12"]),
            (3, 2, 3)
        );
        assert_eq!(check_pairs(&root.path().join("train"), &[]).files, 2);
    }

    #[test]
    fn truncated_odd_narrow_and_foreign_pairs_are_found() {
        let root = tempfile::tempdir().unwrap();
        for (name, width) in [
            ("train/cut.png", 24),
            ("train/odd.png", 25),
            ("train/thin.png", 1),
        ] {
            write_picture(root.path(), name, width);
        }
        truncate(&root.path().join("train/cut.png"));
        std::fs::write(root.path().join("train/text.png"), "hello").unwrap();
        let report = check_pairs(root.path(), &["train", "test"]);
        assert_eq!(
            (
                report.count(Severity::Error),
                report.count(Severity::Warning)
            ),
            (4, 1),
            "{report}"
        );
        assert_eq!(report.findings[4].severity, Severity::Warning);
        let text = report.to_string();
        for part in [
            "cut.png",
            "odd.png",
            "25x12",
            "thin.png",
            "text.png",
            "test does not exist",
            "4 errors, 1 warnings",
        ] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
        assert!(
            serde_json::to_string(&report)
                .unwrap()
                .contains("\"severity\":\"error\"")
        );
    }

    #[test]
    fn an_empty_folder_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let report = check_pairs(root.path(), &[]);
        assert!(
            !report.is_ok() && report.to_string().contains("no pictures"),
            "{report}"
        );
    }

    #[test]
    fn label_histogram_suggests_classes_and_leaves_dont_care_out() {
        let root = tempfile::tempdir().unwrap();
        write_labels(root.path(), "l/1.png", &[0, 3, 255]);
        write_picture(root.path(), "i/1.png", 12);
        let report = check_labelled(&root.path().join("i"), &root.path().join("l"), None);
        let labels = report.labels.as_ref().unwrap();
        assert_eq!(
            (
                labels.max_id,
                labels.suggested_num_classes,
                labels.dont_care_pixels
            ),
            (3, 4, 48)
        );
        assert_eq!(
            labels.histogram,
            BTreeMap::from([(0, 48), (3, 48), (255, 48)])
        );
        assert!(report.is_ok() && report.count(Severity::Warning) == 1);
        assert!(
            report
                .to_string()
                .contains("suggested number of classes: 4"),
            "{report}"
        );
    }

    #[test]
    fn every_kind_of_bad_labelled_pair_is_found() {
        let root = tempfile::tempdir().unwrap();
        for name in ["range", "size", "alone", "cut"] {
            write_labels(
                root.path(),
                &format!("l/{name}.png"),
                if name == "range" { &[1, 9] } else { &[1, 2] },
            );
        }
        for (name, width) in [
            ("range", 12),
            ("size", 13),
            ("rgb", 12),
            ("cut", 12),
            ("single", 12),
        ] {
            write_picture(root.path(), &format!("i/{name}.png"), width);
        }
        write_picture(root.path(), "l/rgb.png", 12);
        truncate(&root.path().join("i/cut.png"));
        let report = check_labelled(&root.path().join("i"), &root.path().join("l"), Some(3));
        let text = report.to_string();
        for part in [
            "found 9 (3 classes)",
            "found 12x12",
            "alone.png has no partner",
            "found RGB",
            "cannot decode",
            "single.png",
        ] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
        assert_eq!(report.count(Severity::Error), 6, "{report}");
    }

    #[test]
    fn quick_check_reads_in_full_while_that_is_cheap_and_headers_beyond() {
        let root = tempfile::tempdir().unwrap();
        write_labels(root.path(), "l/1.png", &[0, 200]);
        write_picture(root.path(), "i/1.png", 12);
        let (images, labels) = (root.path().join("i"), root.path().join("l"));
        let listing = layout::list_folders(&folders_of(&images, &labels)).unwrap();
        let few = CheckOptions::files_only(false);
        assert!(!check_listing(&listing, &Expected::labels(Some(13)), &few).is_ok());
        let headers = |expected: &Expected| {
            let listing = layout::list_folders(&folders_of(&images, &labels)).unwrap();
            check_with(&listing, expected, &CheckOptions::files_only(false), false)
        };
        let expected = Expected::labels(Some(13));
        let found = headers(&expected);
        assert!(found.is_ok() && !found.fully_read && found.labels.is_none());
        write_picture(root.path(), "l/1.png", 13);
        assert_eq!(headers(&expected).count(Severity::Error), 1);
        let listing = layout::list_pair_phases(root.path(), &["i"]);
        let found = check_listing(&listing, &Expected::files(ExpectedInput::Pair), &few);
        assert!(found.is_ok() && found.fully_read);
    }
}
