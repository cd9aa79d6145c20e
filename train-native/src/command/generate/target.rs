//! Where pictures go.

use std::ffi::OsStr;
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
    /// If one picture is to go into a file of another kind, or several into one file.
    pub fn new(output: &Path, many: bool) -> Result<Self> {
        if output.is_dir() {
            return Ok(Self::Folder(output.to_path_buf()));
        }
        if many {
            let is_picture = output.extension().is_some_and(is_picture_ending);
            if is_picture || output.exists() {
                bail!(
                    "--output: expected a folder, for several pictures, found the {} {}",
                    if output.exists() {
                        "file"
                    } else {
                        "name of a file"
                    },
                    output.display()
                );
            }
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

/// Whether a name with this ending is meant to be one picture's, and no folder's.
fn is_picture_ending(ending: &OsStr) -> bool {
    let endings = ["png", "jpg", "jpeg", "gif", "webp"];
    endings
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_pictures_go_into_a_folder_and_one_into_a_file() {
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        let is_folder = |name: &str, many| match Target::new(&at(name), many) {
            Ok(Target::Folder(_)) => Some(true),
            Ok(Target::File(_)) => Some(false),
            Err(_) => None,
        };
        assert_eq!(is_folder("x.PNG", false), Some(false));
        assert_eq!(is_folder("x", false), None);
        for name in ["x", "x.y", "of v1.2"] {
            assert_eq!(is_folder(name, true), Some(true), "{name}");
        }
        let told = Target::new(&at("x.Jpg"), true).unwrap_err().to_string();
        assert!(
            told.contains("expected a folder")
                && told.contains("name of a file")
                && told.contains("x.Jpg"),
            "{told}"
        );
        // What is there already is what it is, whatever its name.
        std::fs::create_dir(at("folder.png")).expect("made");
        std::fs::write(at("file"), b"").expect("written");
        assert_eq!(is_folder("folder.png", false), Some(true));
        assert_eq!(is_folder("folder.png", true), Some(true));
        assert_eq!(is_folder("file", true), None);
    }
}
