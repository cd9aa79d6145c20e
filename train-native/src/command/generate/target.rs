//! Where pictures go.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// One file, or a folder of them.
#[derive(Debug)]
pub(super) enum Target {
    /// One PNG file.
    File(PathBuf),
    /// A folder of PNG files, which need not be there.
    Folder(PathBuf),
}

impl Target {
    /// A folder if there are `many` pictures or `output` is one, else a file.
    ///
    /// # Errors
    ///
    /// If one picture is to go into a file of another kind.
    pub fn new(output: &Path, many: bool) -> Result<Self> {
        if many || output.is_dir() {
            return Ok(Self::Folder(output.to_path_buf()));
        }
        let png = output
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
        if !png {
            bail!(
                "--output: expected a .png file or an existing folder, found {}",
                output.display()
            );
        }
        Ok(Self::File(output.to_path_buf()))
    }

    /// The file of a picture.
    pub fn path(&self, name: &str) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Folder(folder) => folder.join(format!("{name}.png")),
        }
    }
}
