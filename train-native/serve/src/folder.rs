//! A folder that is served, and no file outside it.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;

/// A folder whose files may be read by anyone who reaches the server.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Without links.
    root: PathBuf,
}

impl Folder {
    /// A folder that is there.
    ///
    /// # Errors
    ///
    /// If it is not there, is no folder, or cannot be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::read_dir(path)?;
        let root = path.canonicalize()?;
        Ok(Self { root })
    }

    /// Where it is, without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file that `names` lead to, `index.html` where they lead to a folder and end in an empty
    /// name. Nothing is found that is hidden, lies outside (by a link), or is no plain file.
    pub fn find(&self, names: &[String]) -> Option<PathBuf> {
        let (last, folders) = names.split_last()?;
        let mut path = self.root.clone();
        for name in folders {
            path.push(plain(name)?);
        }
        path.push(match last.as_str() {
            "" => "index.html",
            name => plain(name)?,
        });
        let path = path.canonicalize().ok()?;
        let visible = self.visible(&path) && path.metadata().is_ok_and(|it| it.is_file());
        visible.then_some(path)
    }

    /// Whether a path without links lies in this folder and nothing on the way is hidden.
    pub fn visible(&self, path: &Path) -> bool {
        path.strip_prefix(&self.root).is_ok_and(|below| {
            below.components().all(|component| match component {
                Component::Normal(name) => !name.as_encoded_bytes().starts_with(b"."),
                _ => false,
            })
        })
    }
}

/// The names between the slashes of a URL's path, decoded, without the empty one before the first
/// slash. `None` where one is not UTF-8.
pub fn names(url_path: &str) -> Option<Vec<String>> {
    let path = url_path.strip_prefix('/')?;
    path.split('/')
        .map(|name| Some(percent_decode_str(name).decode_utf8().ok()?.into_owned()))
        .collect()
}

/// A name that stands for one entry of one folder on every system: not empty, not hidden (which
/// covers `.` and `..`), no separator, no drive.
fn plain(name: &str) -> Option<&str> {
    let refused = name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', ':', '\0']);
    (!refused).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("served");
        fs::create_dir_all(root.join("deep/.hidden")).unwrap();
        for name in ["index.html", "deep/lake.png", ".secret", "deep/.hidden/key"] {
            fs::write(root.join(name), name).unwrap();
        }
        fs::write(temporary.path().join("outside.txt"), "private").unwrap();
        let folder = Folder::open(&root).unwrap();
        (temporary, folder)
    }

    fn found(folder: &Folder, url_path: &str) -> Option<String> {
        let path = folder.find(&names(url_path)?)?;
        Some(fs::read_to_string(path).unwrap())
    }

    #[test]
    fn files_below_the_folder_are_found() {
        let (_temporary, folder) = folder();
        assert_eq!(found(&folder, "/").as_deref(), Some("index.html"));
        assert_eq!(
            found(&folder, "/deep/lake.png").as_deref(),
            Some("deep/lake.png")
        );
        assert_eq!(
            found(&folder, "/d%65ep/lake.png").as_deref(),
            Some("deep/lake.png")
        );
        assert_eq!(found(&folder, "/deep/"), None);
        assert_eq!(found(&folder, "/deep"), None);
        assert_eq!(found(&folder, "/missing.txt"), None);
    }

    #[test]
    fn no_spelling_leads_out_of_the_folder() {
        let (_temporary, folder) = folder();
        for path in [
            "/../outside.txt",
            "/deep/../../outside.txt",
            "/%2e%2e/outside.txt",
            "/..%2foutside.txt",
            "/..%5coutside.txt",
            "/deep/..%2f..%2foutside.txt",
            "//../outside.txt",
            "/%2fetc/passwd",
            "//etc/passwd",
            "/C:%5coutside.txt",
            "/index.html%00.png",
            "/%ff",
            "outside.txt",
            "",
        ] {
            assert_eq!(found(&folder, path), None, "{path}");
        }
    }

    #[test]
    fn hidden_files_are_not_found() {
        let (_temporary, folder) = folder();
        assert_eq!(found(&folder, "/.secret"), None);
        assert_eq!(found(&folder, "/%2esecret"), None);
        assert_eq!(found(&folder, "/deep/.hidden/key"), None);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_inside_the_folder_only() {
        use std::os::unix::fs::symlink;
        let (temporary, folder) = folder();
        symlink("deep/lake.png", folder.root().join("inside.png")).unwrap();
        symlink(
            temporary.path().join("outside.txt"),
            folder.root().join("out.txt"),
        )
        .unwrap();
        symlink(temporary.path(), folder.root().join("up")).unwrap();
        symlink(".secret", folder.root().join("secret")).unwrap();
        assert_eq!(
            found(&folder, "/inside.png").as_deref(),
            Some("deep/lake.png")
        );
        assert_eq!(found(&folder, "/out.txt"), None);
        assert_eq!(found(&folder, "/up/outside.txt"), None);
        assert_eq!(found(&folder, "/secret"), None);
    }
}
