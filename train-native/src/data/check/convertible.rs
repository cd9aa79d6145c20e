//! Maps that are no label maps and become some with `dataset labels`: coloured ones, and masks of 0 and 255.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Read;
use super::judge::{Expected, ExpectedInput};
use super::report::CheckReport;
use crate::data::decode::{Color, read_picture};
use crate::data::error::DataError;
use crate::data::layout::Listing;

/// Folders with such maps, until it has been said of them what to do.
#[derive(Debug, Default)]
pub(super) struct MapsToConvert {
    /// Number of coloured maps by folder.
    coloured: BTreeMap<PathBuf, usize>,
    /// Folders whose maps hold 0 and 255 only.
    masks: BTreeMap<PathBuf, usize>,
    /// Folders of the listing, by which files are grouped.
    folders: Vec<PathBuf>,
    told: BTreeSet<PathBuf>,
}

impl MapsToConvert {
    /// Looks which of the inputs are such maps, where inputs should be label maps.
    pub fn of(listing: &Listing, files: &[Vec<Read>], expected: &Expected) -> Self {
        let mut maps = Self {
            folders: listing.folders.clone(),
            ..Self::default()
        };
        if !matches!(expected.input, ExpectedInput::Labels { .. }) {
            return maps;
        }
        let mut other_ids = BTreeSet::new();
        for (sample, files) in listing.samples.iter().zip(files) {
            let folder = maps.folder_of(&sample.input);
            match &files[0] {
                Err(DataError::WrongMode { .. }) => *maps.coloured.entry(folder).or_default() += 1,
                Ok(facts) if facts.ids.iter().any(|facts| !is_of_mask(facts.id)) => {
                    other_ids.insert(folder);
                }
                Ok(facts) if facts.ids.iter().any(|facts| facts.id == 255) => {
                    *maps.masks.entry(folder).or_default() += 1;
                }
                _ => {}
            }
        }
        maps.masks.retain(|folder, _| !other_ids.contains(folder));
        maps
    }

    /// Reports what is wrong with an input; the first of such maps in a folder with the way out.
    pub fn report(&mut self, report: &mut CheckReport, error: &DataError) {
        let path = error.path().unwrap_or(Path::new("")).to_path_buf();
        let folder = self.folder_of(&path);
        let advice = match error {
            _ if self.told.contains(&folder) => None,
            // Whatever a picture shows can be looked up; what cannot be read cannot.
            DataError::WrongMode { .. } => read_picture(&path, Color::Rgb).is_ok().then(|| {
                let count = self.coloured.get(&folder).copied().unwrap_or(1);
                format!(
                    "This is a coloured map (as are {count} in {} in all)",
                    folder.display()
                )
            }),
            DataError::LabelOutOfRange { value: 255, .. } => self.masks.get(&folder).map(|count| {
                format!(
                    "This is a mask of 0 and 255 (as are {count} in {} in all)",
                    folder.display()
                )
            }),
            _ => None,
        };
        match advice {
            None => report.error(error),
            Some(advice) => {
                report.error_about(&path, format!("{error}. {advice}: {}", command(&folder)));
                self.told.insert(folder);
            }
        }
    }

    /// Warns of masks that are within the number of classes, or where there is no such number.
    pub fn warn_of_masks(&self, report: &mut CheckReport) {
        for (folder, count) in &self.masks {
            if !self.told.contains(folder) {
                let message = format!(
                    "{}: {count} maps hold ids 0 and 255 only: masks, of which 255 is read as class 255 or as \"don't \
                     care\". {}",
                    folder.display(),
                    command(folder)
                );
                report.warn(folder, message);
            }
        }
    }

    /// The listing's folder in which a file lies, else its own.
    fn folder_of(&self, path: &Path) -> PathBuf {
        let folders = self
            .folders
            .iter()
            .filter(|folder| path.starts_with(folder));
        let nearest = folders.max_by_key(|folder| folder.components().count());
        let own = path.parent().unwrap_or(Path::new("."));
        nearest.map_or_else(|| own.to_path_buf(), Clone::clone)
    }
}

fn is_of_mask(id: u16) -> bool {
    id == 0 || id == 255
}

fn command(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let output = folder.with_file_name(format!("{name}_ids"));
    format!(
        "`underpaint dataset labels --input {} --output {}` makes maps of ids of them (--colours FILE says which colour is \
         which class)",
        folder.display(),
        output.display()
    )
}
