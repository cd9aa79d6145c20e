//! Joins a folder of A pictures and a folder of B pictures into AB pictures, as the authors' `combine_A_and_B` does.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use image::ExtendedColorType;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::data::decode::{Color, Picture, read_picture, write_picture_png};
use crate::data::error::DataError;
use crate::data::files::{
    is_jpeg_name, list_pictures_of, sample_name, subfolder_names, write_atomically,
};

/// JPEG quality of [`CombineFormat::Same`], 1 to 100.
const JPEG_QUALITY: u8 = 95;

/// File format of the AB pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CombineFormat {
    /// PNG, which loses nothing.
    #[default]
    Png,
    /// JPEG (quality 95) where A is `.jpg` or `.jpeg`, PNG otherwise.
    Same,
}

/// How to combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CombineOptions {
    /// Match `x_A.*` with `x_B.*` instead of equal names.
    pub use_ab: bool,
    /// File format. Default PNG.
    pub format: CombineFormat,
    /// At most that many pairs per split, the first by name. Default: all.
    pub max_pairs: Option<usize>,
}

/// What came of one split.
#[derive(Debug)]
pub struct CombinedSplit {
    /// Name of the split's folder: `train`, `val`, …
    pub split: String,
    /// Number of AB pictures written.
    pub written: usize,
    /// One error per picture that was left out.
    pub failures: Vec<DataError>,
}

/// What came of the whole job.
#[derive(Debug)]
pub struct CombineReport {
    /// One entry per split of the A folder.
    pub splits: Vec<CombinedSplit>,
}

impl CombineReport {
    /// AB pictures written in all splits.
    #[must_use]
    pub fn written(&self) -> usize {
        self.splits.iter().map(|split| split.written).sum()
    }

    /// Errors of all splits.
    pub fn failures(&self) -> impl Iterator<Item = &DataError> {
        self.splits.iter().flat_map(|split| &split.failures)
    }
}

impl fmt::Display for CombineReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for split in &self.splits {
            writeln!(
                formatter,
                "{}: {} AB pictures written, {} left out",
                split.split,
                split.written,
                split.failures.len()
            )?;
        }
        for failure in self.failures() {
            writeln!(formatter, "  {failure}")?;
        }
        Ok(())
    }
}

/// Writes `{fold_ab}/{split}/{name}.*` for every split folder of `fold_a`: A left, B right, sizes equal.
///
/// A picture that cannot be combined does not stop the others; it is in the report.
///
/// # Errors
/// [`DataError::MissingFolder`] or [`DataError::EmptyFolder`] if a root, every split, or the B side of a split is not
/// there, [`DataError::Io`] if a folder cannot be made.
pub fn combine_ab(
    fold_a: &Path,
    fold_b: &Path,
    fold_ab: &Path,
    options: &CombineOptions,
) -> Result<CombineReport, DataError> {
    let missing = |path: &Path, expected: &str| DataError::MissingFolder {
        path: path.to_path_buf(),
        expected: expected.into(),
        found: "nothing of that name".into(),
    };
    for (folder, side) in [(fold_a, "A"), (fold_b, "B")] {
        if !folder.is_dir() {
            return Err(missing(
                folder,
                &format!("split folders of {side} pictures"),
            ));
        }
    }
    let splits = subfolder_names(fold_a)?;
    if splits.is_empty() {
        return Err(DataError::EmptyFolder {
            path: fold_a.to_path_buf(),
            expected: "a folder per split (train, val, …) with the A pictures in it".into(),
            found: "no folders".into(),
        });
    }
    let combined = splits
        .into_iter()
        .map(|split| combine_split(fold_a, fold_b, fold_ab, split, options));
    Ok(CombineReport {
        splits: combined.collect::<Result<_, _>>()?,
    })
}

fn combine_split(
    fold_a: &Path,
    fold_b: &Path,
    fold_ab: &Path,
    split: String,
    options: &CombineOptions,
) -> Result<CombinedSplit, DataError> {
    let mut failures = Vec::new();
    let (folder_a, folder_b) = (fold_a.join(&split), fold_b.join(&split));
    let mut a_files = keyed(&folder_a, "A", options.use_ab, &mut failures)?;
    let mut b_files = keyed(&folder_b, "B", options.use_ab, &mut failures)?;
    let mut jobs = Vec::new();
    for (name, a) in std::mem::take(&mut a_files) {
        match b_files.remove(&name) {
            Some(b) => jobs.push((name, a, b)),
            None => failures.push(lonely(
                a,
                &folder_b,
                &name,
                if options.use_ab { "_B" } else { "" },
            )),
        }
    }
    let suffix = if options.use_ab { "_A" } else { "" };
    failures.extend(
        b_files
            .into_iter()
            .map(|(name, b)| lonely(b, &folder_a, &name, suffix)),
    );
    jobs.truncate(options.max_pairs.unwrap_or(usize::MAX));
    let folder = fold_ab.join(&split);
    let results: Vec<_> = jobs
        .par_iter()
        .map(|(name, a, b)| combine_pair(a, b, &folder, name, options.format))
        .collect();
    let written = results.iter().filter(|result| result.is_ok()).count();
    failures.extend(results.into_iter().filter_map(Result::err));
    Ok(CombinedSplit {
        split,
        written,
        failures,
    })
}

fn lonely(path: PathBuf, folder: &Path, name: &str, suffix: &str) -> DataError {
    let expected = format!("{}/{name}{suffix}.*", folder.display());
    DataError::MissingPartner {
        path,
        expected,
        found: "no such file".into(),
    }
}

/// The pictures of one side by the name they share with the other side.
fn keyed(
    folder: &Path,
    side: &str,
    use_ab: bool,
    failures: &mut Vec<DataError>,
) -> Result<BTreeMap<String, PathBuf>, DataError> {
    let mut files = BTreeMap::new();
    for path in list_pictures_of(folder, &format!("{side} pictures"))? {
        let name = sample_name(folder, &path);
        let suffix = format!("_{side}");
        let key = if use_ab {
            name.strip_suffix(&suffix).map(String::from)
        } else {
            Some(name)
        };
        let Some(key) = key else {
            let (expected, found) = (
                format!("a name that ends in {suffix}"),
                "another name".into(),
            );
            failures.push(DataError::MissingPartner {
                path,
                expected,
                found,
            });
            continue;
        };
        if let Some(first) = files.insert(key, path.clone()) {
            failures.push(DataError::AmbiguousName {
                first,
                second: path,
            });
        }
    }
    Ok(files)
}

fn combine_pair(
    a: &Path,
    b: &Path,
    folder: &Path,
    name: &str,
    format: CombineFormat,
) -> Result<(), DataError> {
    let picture = side_by_side(
        &read_picture(a, Color::Rgb)?,
        &read_picture(b, Color::Rgb)?,
        a,
        b,
    )?;
    let extension = a
        .extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let extension = extension.filter(|_| format == CombineFormat::Same && is_jpeg_name(a));
    let target = folder.join(format!("{name}.{}", extension.as_deref().unwrap_or("png")));
    let parent = target.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(|error| DataError::io("create", parent, error))?;
    if extension.is_some() {
        write_jpeg(&target, &picture)
    } else {
        write_picture_png(&target, &picture)
    }
}

fn side_by_side(left: &Picture, right: &Picture, a: &Path, b: &Path) -> Result<Picture, DataError> {
    if left.size() != right.size() {
        return Err(DataError::SizeMismatch {
            path: b.to_path_buf(),
            expected: left.size(),
            expected_of: format!("as {}", a.display()),
            found: right.size(),
        });
    }
    let row_length = left.width * 3;
    let rows = left
        .pixels
        .chunks_exact(row_length)
        .zip(right.pixels.chunks_exact(row_length));
    let pixels = rows
        .flat_map(|(left, right)| left.iter().chain(right))
        .copied()
        .collect();
    Ok(Picture {
        width: left.width * 2,
        height: left.height,
        channels: 3,
        pixels,
    })
}

fn write_jpeg(path: &Path, picture: &Picture) -> Result<(), DataError> {
    let failed = |error: String| DataError::unencodable(path, error);
    let width = u32::try_from(picture.width).map_err(|error| failed(error.to_string()))?;
    let height = u32::try_from(picture.height).map_err(|error| failed(error.to_string()))?;
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
        .encode(&picture.pixels, width, height, ExtendedColorType::Rgb8)
        .map_err(|error| failed(error.to_string()))?;
    write_atomically(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::paired::split_ab;

    fn gray(value: u8, width: usize, height: usize) -> Picture {
        Picture {
            width,
            height,
            channels: 3,
            pixels: vec![value; width * height * 3],
        }
    }

    fn write(root: &Path, name: &str, picture: &Picture) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_picture_png(&path, picture).unwrap();
    }

    #[test]
    fn equal_names_become_one_picture_per_split() {
        let root = tempfile::tempdir().unwrap();
        for split in ["train", "val"] {
            write(root.path(), &format!("A/{split}/1.png"), &gray(10, 5, 3));
            write(root.path(), &format!("B/{split}/1.png"), &gray(200, 5, 3));
        }
        let [a, b, ab] = ["A", "B", "AB"].map(|name| root.path().join(name));
        let report = combine_ab(&a, &b, &ab, &CombineOptions::default()).unwrap();
        assert_eq!(
            (
                report.splits.len(),
                report.written(),
                report.failures().count()
            ),
            (2, 2, 0)
        );
        let combined = read_picture(&ab.join("val/1.png"), Color::Rgb).unwrap();
        assert_eq!(
            split_ab(&combined, &ab).unwrap(),
            (gray(10, 5, 3), gray(200, 5, 3))
        );
    }

    #[test]
    fn suffixes_are_matched_and_removed_and_failures_do_not_stop_the_rest() {
        let root = tempfile::tempdir().unwrap();
        for (name, height) in [
            ("A/train/x_A.png", 3),
            ("B/train/x_B.png", 3),
            ("A/train/y_A.png", 3),
        ] {
            write(root.path(), name, &gray(1, 4, height));
        }
        write(root.path(), "A/train/z_A.png", &gray(1, 4, 3));
        write(root.path(), "B/train/z_B.png", &gray(1, 4, 5));
        write(root.path(), "A/train/plain.png", &gray(1, 4, 3));
        fs::write(root.path().join("A/train/w_A.png"), b"broken").unwrap();
        write(root.path(), "B/train/w_B.png", &gray(1, 4, 3));
        let [a, b, ab] = ["A", "B", "AB"].map(|name| root.path().join(name));
        let options = CombineOptions {
            use_ab: true,
            ..CombineOptions::default()
        };
        let report = combine_ab(&a, &b, &ab, &options).unwrap();
        assert!(ab.join("train/x.png").is_file());
        assert_eq!((report.written(), report.failures().count()), (1, 4));
        let text = report.to_string();
        for part in [
            "y_A.png",
            "4x5",
            "4x3",
            "plain.png",
            "w_A.png",
            "1 AB pictures written, 4 left out",
        ] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
    }

    #[test]
    fn format_same_keeps_jpeg_and_the_limit_holds() {
        let root = tempfile::tempdir().unwrap();
        for side in ["A", "B"] {
            for name in ["1.jpg", "2.jpg"] {
                let path = root.path().join(side).join("train").join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                write_jpeg(&path, &gray(90, 8, 8)).unwrap();
            }
        }
        let [a, b, ab] = ["A", "B", "AB"].map(|name| root.path().join(name));
        let options = CombineOptions {
            format: CombineFormat::Same,
            max_pairs: Some(1),
            ..CombineOptions::default()
        };
        assert_eq!(combine_ab(&a, &b, &ab, &options).unwrap().written(), 1);
        assert_eq!(
            read_picture(&ab.join("train/1.jpg"), Color::Rgb).unwrap(),
            gray(90, 16, 8)
        );
        assert!(!ab.join("train/2.jpg").exists());
    }

    #[test]
    fn missing_roots_and_splits_are_errors() {
        let root = tempfile::tempdir().unwrap();
        let [a, b, ab] = ["A", "B", "AB"].map(|name| root.path().join(name));
        let options = CombineOptions::default();
        assert!(matches!(
            combine_ab(&a, &b, &ab, &options),
            Err(DataError::MissingFolder { .. })
        ));
        fs::create_dir(&a).unwrap();
        fs::create_dir(&b).unwrap();
        assert!(matches!(
            combine_ab(&a, &b, &ab, &options),
            Err(DataError::EmptyFolder { .. })
        ));
        write(root.path(), "A/train/1.png", &gray(1, 4, 3));
        assert!(matches!(
            combine_ab(&a, &b, &ab, &options),
            Err(DataError::MissingFolder { .. })
        ));
    }
}
