//! Instance maps for COCO-Stuff, from the polygons of COCO's annotations.
//!
//! An instance map begins as the label map. Each annotation of the picture that consists of polygons is painted over it
//! with a number that counts up from 0 within the picture; crowds, which COCO gives as run lengths, stay as they are.
//! Numbers and labels share their range, so that such a map is good for edges and for nothing else.
//!
//! Source: model specification 4.6.

mod annotations;
mod polygon;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::data::decode::{LabelMap, read_label_map, write_label_map_png};
use crate::data::draft::Draft;
use crate::data::error::DataError;
use crate::data::files::{list_pictures_of, sample_name};

pub use annotations::{Annotations, PictureAnnotations};
pub use polygon::Polygon;

/// What to make.
#[derive(Debug, Clone)]
pub struct CocoOptions {
    /// COCO's `instances_train2017.json` or `instances_val2017.json`.
    pub annotations: PathBuf,
    /// Folder of label maps, named after the pictures: `000000000139.png`.
    pub labels: PathBuf,
    /// Folder to write; made if missing, refused if it holds anything.
    pub output: PathBuf,
}

/// What was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CocoSummary {
    /// Maps written.
    pub maps: usize,
    /// Maps that are their label map, because nothing in the picture is annotated.
    pub plain: usize,
    /// Annotations painted.
    pub instances: usize,
    /// Crowds that were left as they are, in these pictures.
    pub crowds: usize,
    /// Maps in 16 bits, for more than 256 instances.
    pub wide: usize,
    /// Label maps of which the annotations do not know the picture.
    pub unknown: usize,
}

impl fmt::Display for CocoSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} instance maps with {} instances; {} are the label map itself, {} crowds were left as they are",
            self.maps, self.instances, self.plain, self.crowds
        )?;
        if self.wide > 0 {
            write!(
                formatter,
                "; {} have more than 256 instances and 16 bits",
                self.wide
            )?;
        }
        if self.unknown > 0 {
            let unknown = self.unknown;
            write!(
                formatter,
                "\n  remark: the annotations do not know {unknown} of the pictures"
            )?;
        }
        Ok(())
    }
}

/// Writes an instance map for every label map, under its name: 8-bit PNG, or 16-bit where the ids need it.
///
/// Nothing is written where the output should be until all of it is there. `progress` is called from any thread with
/// maps done and maps in all.
///
/// # Errors
/// [`DataError::Unusable`] if the annotations are not COCO's, know none of the pictures, or if a label map has no
/// picture's name; [`DataError::SizeMismatch`] if a label map has another size than its picture; any [`DataError`] of
/// reading label maps; [`DataError::OutputInUse`]; [`DataError::Io`].
pub fn write_coco_instances(
    options: &CocoOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<CocoSummary, DataError> {
    let files = list_pictures_of(&options.labels, "label maps")?;
    let numbered = files.iter().map(|path| Ok((picture_id(path)?, path)));
    let files: Vec<(u64, &PathBuf)> = numbered.collect::<Result<_, DataError>>()?;
    let wanted: BTreeSet<u64> = files.iter().map(|(id, _)| *id).collect();
    let annotations = Annotations::read(&options.annotations, &wanted)?;
    if annotations.pictures.is_empty() {
        return Err(DataError::Unusable {
            path: options.annotations.clone(),
            expected: format!(
                "annotations of the pictures in {}",
                options.labels.display()
            ),
            found: format!("none for any of its {} label maps", files.len()),
        });
    }
    let draft = Draft::begin(&options.output)?;
    let done = AtomicUsize::new(0);
    let summaries = files.par_iter().map(|(id, path)| {
        let picture = annotations.pictures.get(id);
        let labels = read_label_map(path)?;
        let (map, summary) = paint(labels, path, picture)?;
        let name = sample_name(&options.labels, path);
        write(&draft.folder().join(format!("{name}.png")), &map)?;
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, files.len());
        Ok(summary)
    });
    let summaries: Vec<CocoSummary> = summaries.collect::<Result<_, DataError>>()?;
    draft.finish()?;
    Ok(summaries.into_iter().fold(CocoSummary::default(), add))
}

fn add(a: CocoSummary, b: CocoSummary) -> CocoSummary {
    CocoSummary {
        maps: a.maps + b.maps,
        plain: a.plain + b.plain,
        instances: a.instances + b.instances,
        crowds: a.crowds + b.crowds,
        wide: a.wide + b.wide,
        unknown: a.unknown + b.unknown,
    }
}

/// The number that ends a file's name: `000000000139.png`, or `COCO_train2014_000000000139.png`.
fn picture_id(path: &Path) -> Result<u64, DataError> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let digits = stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    stem[digits..].parse().map_err(|_| DataError::Unusable {
        path: path.to_path_buf(),
        expected: "a name that ends with COCO's number of the picture, as 000000000139.png".into(),
        found: stem.into_owned(),
    })
}

/// The instance map of one picture.
fn paint(
    labels: LabelMap,
    path: &Path,
    picture: Option<&PictureAnnotations>,
) -> Result<(LabelMap, CocoSummary), DataError> {
    let mut summary = CocoSummary {
        maps: 1,
        ..CocoSummary::default()
    };
    let Some(picture) = picture else {
        (summary.plain, summary.unknown) = (1, 1);
        return Ok((labels, summary));
    };
    check_size(&labels, path, picture)?;
    let mut map = labels;
    let size = map.size();
    for (number, polygons) in picture.objects.iter().enumerate() {
        let number = u16::try_from(number).map_err(|_| DataError::Unusable {
            path: path.to_path_buf(),
            expected: "at most 65536 annotations of a picture".into(),
            found: picture.objects.len().to_string(),
        })?;
        for polygon in polygons {
            polygon.spans(size, |y, columns| {
                map.ids[y * size.width..][columns].fill(number);
            });
        }
    }
    summary.instances = picture.objects.len();
    summary.plain = usize::from(picture.objects.is_empty());
    summary.crowds = picture.crowds;
    summary.wide = usize::from(map.ids.iter().any(|id| *id > u16::from(u8::MAX)));
    Ok((map, summary))
}

/// A map of another size is of another picture.
fn check_size(
    labels: &LabelMap,
    path: &Path,
    picture: &PictureAnnotations,
) -> Result<(), DataError> {
    match picture.size {
        Some(expected) if expected != labels.size() => Err(DataError::SizeMismatch {
            path: path.to_path_buf(),
            expected,
            expected_of: "as the annotations say of the picture".into(),
            found: labels.size(),
        }),
        _ => Ok(()),
    }
}

fn write(path: &Path, map: &LabelMap) -> Result<(), DataError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| DataError::io("create", folder, error))?;
    }
    write_label_map_png(path, map)
}

#[cfg(test)]
mod tests;
