//! What other programs keep beside the data, and nobody means to train on.
//!
//! Every walk through a folder of pictures asks here.

use std::ffi::OsStr;

/// Names in lower case: of archives and file systems, of NAS boxes, of Windows and macOS.
const NAMES: [&str; 16] = [
    "__macosx",
    "__pycache__",
    "lost+found",
    "@eadir",
    "@recycle",
    "@recently-snapshot",
    "@tmp",
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "recycler",
    "system volume information",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
];

/// Whether a file or folder of that name is none of the data: names with a dot in front (`.ipynb_checkpoints`, `.git`,
/// `.DS_Store`, macOS's `._photo.png`), backups of editors, and those of a list.
pub(crate) fn is_hidden(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.')
        || name.ends_with('~')
        || NAMES.contains(&name.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_programs_keep_is_hidden_in_any_case() {
        for name in [
            ".ipynb_checkpoints",
            ".git",
            ".DS_Store",
            "._1.png",
            "@eaDir",
            "__MACOSX",
            "Thumbs.db",
            "THUMBS.DB",
            "$RECYCLE.BIN",
            "System Volume Information",
            "1.png~",
        ] {
            assert!(is_hidden(OsStr::new(name)), "{name}");
        }
        for name in ["train", "1.png", "a.b.png", "@1.png", "_color.png", "eaDir"] {
            assert!(!is_hidden(OsStr::new(name)), "{name}");
        }
    }
}
