//! Which files of two or three folders belong together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::LabelledPair;
use crate::data::error::DataError;
use crate::data::files::{list_pictures_of, sample_name};

/// What Cityscapes appends to the name of a frame, by kind of file.
const CITYSCAPES_ENDINGS: [&str; 3] = ["_leftImg8bit", "_gtFine_labelIds", "_gtFine_instanceIds"];

/// What belongs together in a folder of label maps and a folder of photos, and what stands alone.
#[derive(Debug)]
pub struct Pairing {
    /// Complete pairs in natural order (`2` before `10`).
    pub pairs: Vec<LabelledPair>,
    /// One error per file without partner or with an ambiguous name.
    pub problems: Vec<DataError>,
}

/// Pairs the files of two folders by their path below the folder without extension.
///
/// Cityscapes' endings (`_gtFine_labelIds`, `_leftImg8bit`, …) may differ; the common part is then the name.
///
/// # Errors
/// [`DataError::MissingFolder`], [`DataError::EmptyFolder`] or [`DataError::Io`]; single files without partner are in
/// [`Pairing::problems`].
pub fn pair_files(images: &Path, labels: &Path) -> Result<Pairing, DataError> {
    let mut problems = Vec::new();
    let label_files = list_pictures_of(labels, "label maps")?;
    let image_files = list_pictures_of(images, "photos")?;
    let counts = format!(
        "{} label maps and {} photos in all",
        label_files.len(),
        image_files.len()
    );
    let label_files = by_name(labels, label_files, &mut problems);
    let mut image_files = by_name(images, image_files, &mut problems);
    let mut pairs = Vec::new();
    for (name, label) in label_files {
        match take_partner(&mut image_files, &name) {
            Some((name, image)) => pairs.push(LabelledPair {
                name,
                label,
                image,
                instances: None,
            }),
            None => problems.push(alone(label, images, &name, &counts)),
        }
    }
    let photos = image_files.into_iter();
    problems.extend(photos.map(|(name, image)| alone(image, labels, &name, &counts)));
    pairs.sort_by(|a, b| natord::compare(&a.name, &b.name));
    Ok(Pairing { pairs, problems })
}

fn alone(path: PathBuf, folder: &Path, name: &str, counts: &str) -> DataError {
    let expected = format!("{}/{name}.*", folder.display());
    DataError::MissingPartner {
        path,
        expected,
        found: format!("no such file ({counts})"),
    }
}

fn by_name(
    folder: &Path,
    files: Vec<PathBuf>,
    problems: &mut Vec<DataError>,
) -> BTreeMap<String, PathBuf> {
    let mut named = BTreeMap::new();
    for path in files {
        if let Some(first) = named.insert(sample_name(folder, &path), path.clone()) {
            problems.push(DataError::AmbiguousName {
                first,
                second: path,
            });
        }
    }
    named
}

/// Gives every pair its instance map, by the same rule; instance maps of no pair are left alone.
///
/// # Errors
/// [`DataError::MissingFolder`], [`DataError::EmptyFolder`], [`DataError::AmbiguousName`], [`DataError::Io`], or
/// [`DataError::MissingPartner`] for the first label map without instances.
pub fn pair_instances(
    pairs: &mut [LabelledPair],
    labels: &Path,
    folder: &Path,
) -> Result<(), DataError> {
    let mut problems = Vec::new();
    let files = list_pictures_of(folder, "instance maps")?;
    let counts = format!(
        "{} label maps and {} instance maps in all",
        pairs.len(),
        files.len()
    );
    let mut files = by_name(folder, files, &mut problems);
    if let Some(problem) = problems.into_iter().next() {
        return Err(problem);
    }
    for pair in pairs {
        let name = sample_name(labels, &pair.label);
        match take_partner(&mut files, &name) {
            Some((_, path)) => pair.instances = Some(path),
            None => return Err(alone(pair.label.clone(), folder, &name, &counts)),
        }
    }
    Ok(())
}

/// Takes the file of that name, or of the same Cityscapes frame; with it what both names have in common.
fn take_partner(files: &mut BTreeMap<String, PathBuf>, name: &str) -> Option<(String, PathBuf)> {
    if let Some(path) = files.remove(name) {
        return Some((name.to_owned(), path));
    }
    let frame = CITYSCAPES_ENDINGS
        .iter()
        .find_map(|ending| name.strip_suffix(ending))?;
    let mut partners = CITYSCAPES_ENDINGS.iter();
    let path = partners.find_map(|ending| files.remove(&format!("{frame}{ending}")))?;
    Some((frame.to_owned(), path))
}
