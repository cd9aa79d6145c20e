//! Files that belong to inputs: instance maps, feature maps, photos.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::model::input_files;

/// What data sets append to the names of files that belong together.
const ENDINGS: [&str; 5] = [
    "_gtFine_labelIds",
    "_gtFine_instanceIds",
    "_labelIds",
    "_instanceIds",
    "_leftImg8bit",
];

/// One file for all inputs, or those of a folder by the names of the inputs, but for the endings of
/// Cityscapes.
pub(super) struct Partners {
    given: PathBuf,
    what: &'static str,
    /// Empty for one file.
    by_frame: HashMap<String, PathBuf>,
    first: Option<String>,
}

impl Partners {
    /// Lists a folder once; `what` is one of them, in messages.
    ///
    /// # Errors
    ///
    /// If there is no such file or folder, or no picture in it.
    pub fn of(given: &Path, what: &'static str) -> Result<Self> {
        let mut partners = Self {
            given: given.to_path_buf(),
            what,
            by_frame: HashMap::new(),
            first: None,
        };
        if given.is_file() {
            return Ok(partners);
        }
        for (path, name) in input_files(given)? {
            partners.first.get_or_insert_with(|| name.clone());
            partners
                .by_frame
                .entry(frame(&name).to_owned())
                .or_insert(path);
        }
        Ok(partners)
    }

    /// The one that belongs to an input of this name.
    ///
    /// # Errors
    ///
    /// If the folder has none of it.
    pub fn find(&self, input: &Path, name: &str) -> Result<&Path> {
        if self.first.is_none() {
            return Ok(&self.given);
        }
        match self.by_frame.get(frame(name)) {
            Some(path) => Ok(path),
            None => bail!(
                "{}: expected {} named as {}, found {}",
                self.given.display(),
                self.what,
                input.display(),
                self.first.as_deref().unwrap_or("none")
            ),
        }
    }
}

/// A name without what data sets append to it.
fn frame(name: &str) -> &str {
    let mut without = ENDINGS
        .into_iter()
        .filter_map(|ending| name.strip_suffix(ending));
    without.next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_what_their_names_share() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b/x_leftImg8bit.png", "plain.jpg"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, b"").expect("written");
        }
        let partners = Partners::of(folder.path(), "a photo").expect("pictures");
        let found = |name: &str| partners.find(Path::new("in.png"), name);
        let path = found("b/x_gtFine_labelIds").expect("its photo");
        assert_eq!(path, folder.path().join("b/x_leftImg8bit.png"));
        assert!(found("plain").is_ok());
        let told = found("b/y").unwrap_err().to_string();
        assert!(
            told.contains("a photo named as in.png, found b/x_leftImg8bit"),
            "{told}"
        );
        let one = Partners::of(&folder.path().join("plain.jpg"), "a photo").expect("a file");
        assert_eq!(
            one.find(Path::new("in.png"), "anything").expect("the file"),
            folder.path().join("plain.jpg")
        );
    }
}
