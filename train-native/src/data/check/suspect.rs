//! What is read as something else than was probably meant: whole pictures as pairs, label maps nobody reads, pictures that
//! come out black. Only warnings, and only from what is cheap to know.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::facts::Facts;
use super::judge::{Expected, ExpectedInput};
use super::report::CheckReport;
use super::{Read, files_of};
use crate::data::error::Size;
use crate::data::files::is_picture_name;
use crate::data::layout::Listing;
use crate::data::paired::split_sizes;

/// What folders of label maps are called.
const ANNOTATION_NAMES: [&str; 16] = [
    "annot",
    "annotation",
    "annotations",
    "label",
    "labels",
    "label_maps",
    "labelmaps",
    "mask",
    "masks",
    "seg",
    "segmentation",
    "segmentations",
    "segmentationclass",
    "gt",
    "ground_truth",
    "groundtruth",
];
/// Entries of a folder that are looked at to see whether it holds pictures.
const LOOKED_AT: usize = 200;

/// Adds the warnings to the report; `files` are those of every sample, as [`files_of`] gives them.
pub(super) fn warn(
    report: &mut CheckReport,
    listing: &Listing,
    files: &[Vec<Read>],
    expected: &Expected,
) {
    // Pairs may lie in two files each: then nothing is cut.
    let in_one_file = listing.samples.iter().all(|sample| sample.target.is_none());
    if in_one_file && matches!(expected.input, ExpectedInput::Pair) {
        warn_of_whole_pictures(report, listing, files);
        warn_of_sides(report, listing);
    }
    if !matches!(expected.input, ExpectedInput::Labels { .. }) {
        warn_of_maps_among_pictures(report, listing);
        warn_of_maps_beside(report, listing);
    }
    warn_of_low_bits(report, listing, files, expected);
}

/// AB pictures whose halves would be less than three quarters as wide as high.
fn warn_of_whole_pictures(report: &mut CheckReport, listing: &Listing, files: &[Vec<Read>]) {
    let is_narrow = |size: Size| size.width > 1 && 2 * size.width < 3 * size.height;
    let samples = listing.samples.iter().zip(files);
    let narrow = samples.filter_map(|(sample, files)| {
        let size = files[0].as_ref().ok()?.size();
        is_narrow(size).then_some((&sample.input, size))
    });
    let narrow: Vec<(&PathBuf, Size)> = narrow.collect();
    let Some((path, size)) = narrow.first() else {
        return;
    };
    let Some((half, _)) = split_sizes(*size) else {
        return;
    };
    let message = format!(
        "{} of {} AB pictures are not much wider than high, such as {} ({size}): A is taken from the left half and B from \
         the right, here {half} each. If these are whole pictures, put A and B into folders train_A and train_B with the \
         same names, or join them with `underpaint dataset combine`",
        narrow.len(),
        listing.samples.len(),
        path.display()
    );
    report.warn(path, message);
}

/// Folders A and B of AB pictures.
fn warn_of_sides(report: &mut CheckReport, listing: &Listing) {
    for folder in listing
        .folders
        .iter()
        .filter(|_| listing.problems.is_empty())
    {
        let mut counts = [0usize; 2];
        for sample in &listing.samples {
            let inner = sample
                .input
                .strip_prefix(folder)
                .ok()
                .and_then(Path::parent);
            let first = inner.and_then(|inner| inner.components().next());
            let name = first.map(|first| first.as_os_str().to_string_lossy().to_lowercase());
            match name.as_deref() {
                Some("a" | "traina" | "train_a") => counts[0] += 1,
                Some("b" | "trainb" | "train_b") => counts[1] += 1,
                _ => {}
            }
        }
        let [a, b] = counts;
        if a > 0 && b > 0 {
            let message = format!(
                "{}: folders A ({a} pictures) and B ({b} pictures) are read as AB pictures, each of which is cut into two \
                 halves. If they hold the two sides of pairs, give both the same names; `underpaint dataset combine` \
                 joins them",
                folder.display()
            );
            report.warn(folder, message);
        }
    }
}

/// Folders of label maps within what is read as pictures.
fn warn_of_maps_among_pictures(report: &mut CheckReport, listing: &Listing) {
    let mut counts: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for sample in &listing.samples {
        let folder = listing
            .folders
            .iter()
            .find(|folder| sample.input.starts_with(folder));
        let Some(folder) = folder else { continue };
        let inner = sample.input.strip_prefix(folder).unwrap_or(&sample.input);
        let mut place = folder.clone();
        for part in inner.parent().into_iter().flat_map(Path::components) {
            place.push(part);
            if is_annotation_name(&part.as_os_str().to_string_lossy()) {
                *counts.entry(place).or_default() += 1;
                break;
            }
        }
    }
    // Where everything lies in such a folder, it is what was meant.
    counts.retain(|_, count| *count < listing.samples.len());
    for (folder, count) in counts {
        let message = format!(
            "{}: {count} of {} pictures lie in a folder named as one of label maps, and are read as pictures like all others",
            folder.display(),
            listing.samples.len()
        );
        report.warn(&folder, message);
    }
}

/// Folders of label maps beside the pictures, which nothing reads.
fn warn_of_maps_beside(report: &mut CheckReport, listing: &Listing) {
    for folder in &listing.folders {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        let (Some(name), Some(parent)) = (folder.file_name(), folder.parent()) else {
            continue;
        };
        let name = name.to_string_lossy().to_lowercase();
        if is_annotation_name(&name) {
            continue;
        }
        // `train_label` beside `train_img` is the other layout of the same data set.
        let has_images = parent.join(format!("{name}_img")).is_dir();
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        let beside = entries.map(|entry| entry.path()).filter(|path| {
            let other = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .to_lowercase();
            let of_it = other.strip_prefix(&name);
            let is_map = match of_it {
                Some(ending) => {
                    !has_images && is_annotation_name(ending.trim_start_matches(['_', '-', '.']))
                }
                None => is_annotation_name(&other),
            };
            is_map && path.is_dir() && holds_pictures(path)
        });
        let mut beside: Vec<PathBuf> = beside.collect();
        beside.sort();
        if let Some(maps) = beside.first() {
            let message = format!(
                "{}: beside it lies {}, which looks like label maps of these pictures and is not read. Label maps as input: \
                 folders train_label and train_img with `underpaint train pix2pix --label-nc N`, or `underpaint train spade \
                 --dataset-mode custom --label-dir {} --image-dir {} --label-nc N`",
                folder.display(),
                maps.display(),
                maps.display(),
                folder.display()
            );
            report.warn(&folder, message);
        }
    }
}

fn is_annotation_name(name: &str) -> bool {
    ANNOTATION_NAMES
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

fn holds_pictures(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .take(LOOKED_AT)
        .any(|entry| is_picture_name(&entry.path()))
}

/// Pictures of 16 bits whose samples fit into fewer: only the high byte is read.
fn warn_of_low_bits(
    report: &mut CheckReport,
    listing: &Listing,
    files: &[Vec<Read>],
    expected: &Expected,
) {
    let samples = listing.samples.iter().zip(files);
    let all = samples.flat_map(|(sample, files)| files_of(sample, expected).into_iter().zip(files));
    let low = all.filter_map(|((path, _), file)| {
        Some((path, file.as_ref().ok().and_then(Facts::brightest_of_low)?))
    });
    let low: Vec<(&Path, u16)> = low.collect();
    let Some((path, _)) = low.first() else { return };
    let brightest = low
        .iter()
        .map(|(_, brightest)| *brightest)
        .max()
        .unwrap_or(0);
    let message = format!(
        "{} pictures of 16 bits use low values only, such as {}: the brightest is {brightest} of 65535, so that they are \
         read as black or nearly so. Save them with 8 bits, or scaled to 65535",
        low.len(),
        path.display()
    );
    report.warn(path, message);
}
