//! `--palette`: a data set that is known by name, or a folder with a palette of its own.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};
use underpaint_core::label::{KnownPalette, Palette};

use crate::config::RunSettings;
use crate::data::labelled::{PALETTE_FILE, read_palette};
use crate::data::source::Layout;

/// What `--palette` takes. A name is a data set; `./cityscapes` is a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PaletteArg {
    /// One of the data sets whose classes are known.
    Known(KnownPalette),
    /// A folder that should hold a palette.
    Folder(PathBuf),
}

impl FromStr for PaletteArg {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text
            .parse()
            .map_or_else(|_| Self::Folder(text.into()), Self::Known))
    }
}

impl PaletteArg {
    /// Names and colours, by the ids of the data set's label maps.
    ///
    /// # Errors
    ///
    /// If the folder holds no palette, or a damaged one.
    pub(super) fn read(&self) -> Result<Palette> {
        match self {
            Self::Known(known) => Ok(known.palette()),
            Self::Folder(folder) => read_folder(folder),
        }
    }

    /// Names and colours for a model of so many classes.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(super) fn read_for(&self, num_classes: usize) -> Result<Palette> {
        match self {
            Self::Known(known) => Ok(known.palette_of(num_classes)),
            Self::Folder(folder) => read_folder(folder),
        }
    }
}

/// Names for ids, and whose they are.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// The names, by the ids of label maps.
    pub(super) palette: Palette,
    /// Whose, for people.
    pub(super) title: String,
}

impl Names {
    /// Those that were asked for.
    ///
    /// # Errors
    ///
    /// As [`PaletteArg::read`].
    pub(super) fn asked(palette: &PaletteArg) -> Result<Self> {
        match palette {
            PaletteArg::Known(known) => Ok(Self::known(*known)),
            PaletteArg::Folder(folder) => Ok(Self::in_file(folder, read_folder(folder)?)),
        }
    }

    /// Those of a data set.
    pub(super) fn known(known: KnownPalette) -> Self {
        Self {
            palette: known.palette(),
            title: known.title().to_owned(),
        }
    }

    /// Those of a palette in a data set's folder, if there is one.
    ///
    /// # Errors
    ///
    /// If it is damaged.
    pub(super) fn beside(folder: &Path) -> Result<Option<Self>> {
        Ok(read_palette(folder)?.map(|palette| Self::in_file(folder, palette)))
    }

    /// Those that a run's bundles have: of its data's folder, else of the data set that its settings name.
    ///
    /// # Errors
    ///
    /// As [`beside`](Self::beside).
    pub(super) fn of_run(settings: &dyn RunSettings) -> Result<Option<Self>> {
        let source = settings.source();
        if let Some(names) = Self::beside(source.folder())? {
            return Ok(Some(names));
        }
        let known = settings.known_palette();
        // Its maps hold the ids before the shift, and one more than SPADE's channels have names.
        Ok(known.map(|palette| match source.layout {
            Layout::Ade20k => Self::known(KnownPalette::Ade20k),
            _ => Self {
                palette,
                title: "the data set".to_owned(),
            },
        }))
    }

    fn in_file(folder: &Path, palette: Palette) -> Self {
        Self {
            palette,
            title: folder.join(PALETTE_FILE).display().to_string(),
        }
    }
}

fn read_folder(folder: &Path) -> Result<Palette> {
    let palette = read_palette(folder)?;
    palette.with_context(|| {
        let names = KnownPalette::ALL.map(KnownPalette::name).join(", ");
        format!(
            "--palette {}: expected a folder with {PALETTE_FILE} in it, or one of {names}; found neither",
            folder.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arg(text: &str) -> PaletteArg {
        let Ok(arg) = text.parse();
        arg
    }

    #[test]
    fn names_are_data_sets_and_all_else_is_a_folder() {
        assert_eq!(arg("ade20k"), PaletteArg::Known(KnownPalette::Ade20k));
        assert_eq!(arg("./ade20k"), PaletteArg::Folder("./ade20k".into()));
        assert_eq!(arg("facades").read_for(12).unwrap().classes.len(), 12);
        let error = arg("nowhere").read().unwrap_err().to_string();
        for part in ["--palette nowhere", "palette.json", "coco-stuff"] {
            assert!(error.contains(part), "{part} missing in {error}");
        }
    }
}
