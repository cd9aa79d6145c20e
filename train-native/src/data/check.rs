//! Finds bad files before a training run does, and says what a folder of label maps holds.

mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::data::decode::{
    Color, LabelMap, read_label_map, read_label_map_size, read_picture, read_picture_size,
};
use crate::data::error::{DataError, Size};
use crate::data::files::{list_pictures_of, subfolder_names};
use crate::data::labelled::{LabelledPair, pair_files, size_mismatch};
use crate::data::paired::{split_sizes, too_narrow};

pub use report::{CheckReport, Finding, LabelStatistics, Severity};

/// Up to this many files, [`quick_check`] decodes everything; above, it reads headers only.
pub const QUICK_FULL_READ_LIMIT: usize = 4000;

/// Reads every AB picture below `root` in full: unreadable and truncated files, halves that are not equal.
///
/// With no `phases`, all folders of `root` with pictures in them are checked (those named `…_label`, `…_img`,
/// `…_inst`, `…_feat` belong to another layout and are not), or `root` itself if it has no such folder.
#[must_use]
pub fn check_pairs(root: &Path, phases: &[&str]) -> CheckReport {
    let folders = if phases.is_empty() {
        phase_folders(root)
    } else {
        phases.iter().map(|phase| root.join(phase)).collect()
    };
    check_pair_folders(folders, usize::MAX)
}

/// Reads every label map and photo of two folders in full, and counts the ids.
///
/// Finds unreadable and truncated files, files without partner, different sizes, label maps that are not
/// single-channel, and, if `num_classes` is given, ids that are not below it.
#[must_use]
pub fn check_labelled(images: &Path, labels: &Path, num_classes: Option<usize>) -> CheckReport {
    check_labelled_folders(images, labels, num_classes, usize::MAX)
}

/// What a run is about to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckSource {
    /// AB pictures in `{root}/{phase}`.
    Pairs {
        /// Root of the data set.
        root: PathBuf,
        /// Name of the phase.
        phase: String,
    },
    /// Label maps with photos in two folders.
    Labelled {
        /// Folder of the photos.
        images: PathBuf,
        /// Folder of the label maps.
        labels: PathBuf,
        /// Number of classes; every id must be below it.
        num_classes: usize,
    },
}

/// The check at the start of a run: in full up to [`QUICK_FULL_READ_LIMIT`] files, headers only above (the loader then
/// finds the rest as it reads).
#[must_use]
pub fn quick_check(source: &CheckSource) -> CheckReport {
    match source {
        CheckSource::Pairs { root, phase } => {
            check_pair_folders(vec![root.join(phase)], QUICK_FULL_READ_LIMIT)
        }
        CheckSource::Labelled {
            images,
            labels,
            num_classes,
        } => check_labelled_folders(images, labels, Some(*num_classes), QUICK_FULL_READ_LIMIT),
    }
}

fn phase_folders(root: &Path) -> Vec<PathBuf> {
    let other_layout = |name: &str| {
        ["_label", "_img", "_inst", "_feat"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let names = subfolder_names(root).unwrap_or_default();
    let folders = names
        .iter()
        .filter(|name| !other_layout(name))
        .map(|name| root.join(name));
    let phases: Vec<_> = folders
        .filter(|folder| list_pictures_of(folder, "AB pictures").is_ok())
        .collect();
    if phases.is_empty() {
        vec![root.to_path_buf()]
    } else {
        phases
    }
}

fn check_pair_folders(folders: Vec<PathBuf>, full_read_limit: usize) -> CheckReport {
    let mut report = CheckReport::new(folders, true);
    let mut files = Vec::new();
    for folder in report.folders.clone() {
        match list_pictures_of(&folder, "AB pictures (A left, B right)") {
            Ok(found) => files.extend(found),
            Err(error) => report.error(&error),
        }
    }
    report.files = files.len();
    report.fully_read = files.len() <= full_read_limit;
    let read = |path: &PathBuf| {
        if report.fully_read {
            read_picture(path, Color::Rgb).map(|picture| picture.size())
        } else {
            read_picture_size(path)
        }
    };
    let sizes: Vec<_> = files.par_iter().map(read).collect();
    for (path, size) in files.iter().zip(sizes) {
        match size {
            Err(error) => report.error(&error),
            Ok(size) => note_pair_size(&mut report, path, size),
        }
    }
    report.finished()
}

fn note_pair_size(report: &mut CheckReport, path: &Path, size: Size) {
    report.add_size(size);
    match split_sizes(size) {
        None => report.error(&too_narrow(path, size)),
        Some((left, right)) if left != right => {
            let halves = format!("the halves would be {left} and {right}");
            report.warn(
                path,
                format!(
                    "{}: expected an even width, found {size}; {halves}",
                    path.display()
                ),
            );
        }
        Some(_) => {}
    }
}

/// What one label map and its photo gave.
#[derive(Default)]
struct PairFindings {
    sizes: Vec<Size>,
    errors: Vec<DataError>,
    histogram: BTreeMap<u16, u64>,
}

fn check_labelled_folders(
    images: &Path,
    labels: &Path,
    num_classes: Option<usize>,
    full_read_limit: usize,
) -> CheckReport {
    let mut report = CheckReport::new(vec![labels.to_path_buf(), images.to_path_buf()], true);
    let pairing = match pair_files(images, labels) {
        Ok(pairing) => pairing,
        Err(error) => {
            report.error(&error);
            return report;
        }
    };
    pairing
        .problems
        .iter()
        .for_each(|problem| report.error(problem));
    report.files = 2 * pairing.pairs.len() + pairing.problems.len();
    report.fully_read = report.files <= full_read_limit;
    let full = report.fully_read;
    let check = |pair: &LabelledPair| {
        if full {
            check_pair_fully(pair, num_classes)
        } else {
            check_pair_headers(pair)
        }
    };
    let checked: Vec<PairFindings> = pairing.pairs.par_iter().map(check).collect();
    let mut histogram = BTreeMap::new();
    for findings in checked {
        findings
            .sizes
            .into_iter()
            .for_each(|size| report.add_size(size));
        findings.errors.iter().for_each(|error| report.error(error));
        for (id, count) in findings.histogram {
            *histogram.entry(id).or_insert(0) += count;
        }
    }
    report.labels = LabelStatistics::from_histogram(histogram);
    warn_about_labels(&mut report, labels, num_classes);
    report.finished()
}

fn warn_about_labels(report: &mut CheckReport, folder: &Path, num_classes: Option<usize>) {
    let Some(labels) = &report.labels else { return };
    if let Some(num_classes) =
        num_classes.filter(|num_classes| *num_classes > labels.suggested_num_classes)
    {
        let found = format!("found ids up to {} only", labels.max_id);
        let message = format!(
            "{}: {num_classes} classes asked for, {found}",
            folder.display()
        );
        report.warn(folder, message);
    } else if num_classes.is_none() && labels.dont_care_pixels > 0 {
        let share = format!("{} pixels", labels.dont_care_pixels);
        let message = format!(
            "{}: id 255 in {share}, usually \"don't care\"",
            folder.display()
        );
        report.warn(folder, message);
    }
}

fn check_pair_fully(pair: &LabelledPair, num_classes: Option<usize>) -> PairFindings {
    let mut findings = PairFindings::default();
    let label = read_label_map(&pair.label).map(|label| {
        findings.histogram = histogram_of(&label);
        let limit = num_classes.unwrap_or(usize::MAX);
        // A label map with bad ids still has a size worth comparing.
        if let Err(error) = label.check_range(&pair.label, limit) {
            findings.errors.push(error);
        }
        label.size()
    });
    let image = read_picture(&pair.image, Color::Rgb).map(|image| image.size());
    compare_sizes(pair, label, image, &mut findings);
    findings
}

fn check_pair_headers(pair: &LabelledPair) -> PairFindings {
    let mut findings = PairFindings::default();
    compare_sizes(
        pair,
        read_label_map_size(&pair.label),
        read_picture_size(&pair.image),
        &mut findings,
    );
    findings
}

fn compare_sizes(
    pair: &LabelledPair,
    label: Result<Size, DataError>,
    image: Result<Size, DataError>,
    findings: &mut PairFindings,
) {
    if let (Ok(label), Ok(image)) = (&label, &image)
        && label != image
    {
        findings.errors.push(size_mismatch(pair, *label, *image));
    }
    for size in [label, image] {
        match size {
            Ok(size) => findings.sizes.push(size),
            Err(error) => findings.errors.push(error),
        }
    }
}

fn histogram_of(labels: &LabelMap) -> BTreeMap<u16, u64> {
    let mut counts = vec![0u64; 1 << 16];
    labels
        .ids
        .iter()
        .for_each(|id| counts[usize::from(*id)] += 1);
    (0..=u16::MAX)
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::decode::{Picture, write_label_map_png, write_picture_png};

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
        let source = CheckSource::Labelled {
            images: images.clone(),
            labels: labels.clone(),
            num_classes: 13,
        };
        assert!(!quick_check(&source).is_ok());
        let headers = check_labelled_folders(&images, &labels, Some(13), 1);
        assert!(headers.is_ok() && !headers.fully_read && headers.labels.is_none());
        write_picture(root.path(), "l/1.png", 13);
        assert_eq!(
            check_labelled_folders(&images, &labels, Some(13), 1).count(Severity::Error),
            1
        );
        let source = CheckSource::Pairs {
            root: root.path().into(),
            phase: "i".into(),
        };
        assert!(quick_check(&source).is_ok() && quick_check(&source).fully_read);
        assert!(!check_pair_folders(vec![images], 0).fully_read);
    }
}
