//! The palette beside the maps, which training, bundles and the studio read.

use std::path::Path;

use underpaint_core::label::Palette;

use super::ColourTable;
use crate::data::error::DataError;
use crate::data::files::write_atomically;

/// Whether a palette is to be written; not where the file says the same already.
///
/// # Errors
/// [`DataError::Unusable`] if the file says something else.
pub(super) fn is_new(path: Option<&Path>, palette: Option<&Palette>) -> Result<bool, DataError> {
    let (Some(path), Some(palette)) = (path, palette) else {
        return Ok(false);
    };
    if !path.exists() {
        return Ok(true);
    }
    let is_same = ColourTable::read(path).is_ok_and(|table| table.palette() == *palette);
    match is_same && is_palette(path) {
        true => Ok(false),
        false => Err(DataError::Unusable {
            path: path.to_path_buf(),
            expected: "no file yet, or the palette of these maps".into(),
            found: "another. If it holds the classes of these maps, give it as --colours FILE, so that ids agree with \
                    those of other folders; --palette FILE writes to another place"
                .into(),
        }),
    }
}

/// Whether a file is of the form that training reads.
fn is_palette(path: &Path) -> bool {
    let bytes = std::fs::read(path).unwrap_or_default();
    serde_json::from_slice::<Palette>(&bytes).is_ok()
}

/// Writes a palette, whole or not at all.
///
/// # Errors
/// [`DataError::Io`].
pub(super) fn write(path: &Path, palette: &Palette) -> Result<(), DataError> {
    let json = serde_json::to_string_pretty(palette)
        .map_err(|error| DataError::unencodable(path, error))?;
    write_atomically(path, json.as_bytes())
}
