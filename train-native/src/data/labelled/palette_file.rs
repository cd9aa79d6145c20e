//! Names and colours of the classes, beside the data.

use std::path::Path;

use underpaint_core::label::{KnownPalette, Palette};

use crate::data::error::DataError;
use crate::data::files::write_atomically;

/// File beside a data set, and in a run, that holds names and colours of the classes.
pub const PALETTE_FILE: &str = "palette.json";

/// Reads `{root}/palette.json`, names and colours of the classes; none if there is no such file.
///
/// # Errors
/// [`DataError::InvalidPalette`] for bad JSON or an id that occurs twice, [`DataError::Io`].
pub fn read_palette(root: &Path) -> Result<Option<Palette>, DataError> {
    let path = root.join(PALETTE_FILE);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DataError::io("read", &path, error)),
        Ok(text) => text,
    };
    let invalid = |reason| DataError::InvalidPalette {
        path: path.clone(),
        reason,
    };
    let mut palette: Palette =
        serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    palette.classes.sort_by_key(|class| class.id);
    match palette
        .classes
        .windows(2)
        .find(|pair| pair[0].id == pair[1].id)
    {
        Some(pair) => Err(invalid(format!(
            "id {} occurs twice, expected one class per id",
            pair[0].id
        ))),
        None => Ok(Some(palette)),
    }
}

/// Writes `{root}/palette.json` for a data set whose classes are known; leaves one that is there alone.
///
/// # Errors
/// [`DataError::Io`].
pub fn write_palette_if_none(root: &Path, known: KnownPalette) -> Result<(), DataError> {
    let path = root.join(PALETTE_FILE);
    if path.exists() {
        return Ok(());
    }
    let json = serde_json::to_string_pretty(&known.palette())
        .map_err(|error| DataError::unencodable(&path, error))?;
    write_atomically(&path, json.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn palette_is_optional_read_and_checked() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(read_palette(root.path()).unwrap(), None);
        let path = root.path().join("palette.json");
        std::fs::write(
            &path,
            r#"{"classes":[{"id":0,"name":"sky","color":[1,2,3]}]}"#,
        )
        .unwrap();
        let palette = read_palette(root.path()).unwrap().unwrap();
        assert_eq!(
            (palette.classes[0].name.as_str(), palette.classes[0].color),
            ("sky", [1, 2, 3])
        );
        // What is there is not written over; else the whole palette comes back as it was written.
        write_palette_if_none(root.path(), KnownPalette::Cityscapes).unwrap();
        assert_eq!(read_palette(root.path()).unwrap(), Some(palette));
        std::fs::remove_file(&path).unwrap();
        write_palette_if_none(root.path(), KnownPalette::Cityscapes).unwrap();
        let known = KnownPalette::Cityscapes.palette();
        assert_eq!(read_palette(root.path()).unwrap(), Some(known));
        let twice = r#"{"classes":[{"id":4,"name":"a","color":[1,2,3]},{"id":4,"name":"b","color":[1,2,3]}]}"#;
        for bad in [twice, r#"{"classes":[{"id":-1}]}"#, ""] {
            std::fs::write(&path, bad).unwrap();
            assert!(matches!(
                read_palette(root.path()),
                Err(DataError::InvalidPalette { .. })
            ));
        }
    }
}
