//! What can be referred to.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// The specification, from the top level.
pub const SPECIFICATION: &str = "docs/specification.md";
/// The decisions, from the top level.
pub const DECISIONS: &str = "DECISIONS.md";
/// What builds make: it is spoken of, and not in a checkout.
const BUILT: [&str; 2] = ["www/dist", "www/pkg"];
/// The notices beside a built studio.
const NOTICES: &str = "licenses.md";

/// Sections, bugs, decisions and files.
pub struct Library {
    /// Every file, from the top level.
    pub files: BTreeSet<PathBuf>,
    specified: BTreeSet<String>,
    decided: BTreeSet<String>,
}

impl Library {
    /// Reads numbers off the two documents' headings, and bugs off tables whose rows begin with one.
    pub fn new(
        specification: &str,
        decisions: &str,
        files: impl IntoIterator<Item = PathBuf>,
    ) -> Self {
        let bugs = specification.lines().filter_map(|line| {
            let id = line.strip_prefix("| B-")?.split(' ').next()?;
            Some(format!("B-{id}"))
        });
        Self {
            files: files.into_iter().collect(),
            specified: numbers(specification).chain(bugs).collect(),
            decided: numbers(decisions).collect(),
        }
    }

    /// Whether the specification has this section (`3.2`) or bug (`B-23`).
    pub fn specified(&self, item: &str) -> bool {
        self.specified.contains(item)
    }

    /// Whether DECISIONS.md has this number.
    pub fn decided(&self, number: &str) -> bool {
        self.decided.contains(number)
    }

    /// Whether there is such a file or folder, seen from the top level or from `file`; for a name
    /// alone, anywhere.
    pub fn holds(&self, path: &str, file: &Path) -> bool {
        let path = Path::new(path);
        let anywhere = || {
            let is_name = path.components().count() == 1;
            is_name && self.files.iter().any(|known| known.ends_with(path))
        };
        BUILT.iter().any(|built| path.starts_with(built))
            || path.file_name().is_some_and(|name| name == NOTICES)
            || self.has(path)
            || self.has(&beside(path, file))
            || anywhere()
    }

    /// Whether a link in `file` leads to a file or a folder.
    pub fn beside(&self, path: &str, file: &Path) -> bool {
        self.has(&beside(Path::new(path), file))
    }

    fn has(&self, path: &Path) -> bool {
        self.files.contains(path) || self.files.iter().any(|known| known.starts_with(path))
    }
}

/// `path` from the folder of `file`, without steps up.
fn beside(path: &Path, file: &Path) -> PathBuf {
    let mut whole = file.parent().unwrap_or(Path::new("")).to_owned();
    for part in path.components() {
        match part {
            Component::ParentDir if whole.pop() => {}
            Component::CurDir => {}
            other => whole.push(other),
        }
    }
    whole
}

/// The numbers that headings begin with: `2.4` of `### 2.4 Losses`, `12` of `## 12. The painter`.
fn numbers(document: &str) -> impl Iterator<Item = String> {
    headings(document).filter_map(|heading| {
        let number = heading.split(' ').next()?.trim_end_matches('.');
        let is_number = number.starts_with(|first: char| first.is_ascii_digit());
        is_number.then(|| number.to_owned())
    })
}

fn headings(document: &str) -> impl Iterator<Item = &str> {
    document.lines().filter_map(|line| {
        let heading = line.strip_prefix('#')?.trim_start_matches('#');
        heading.strip_prefix(' ')
    })
}

/// What links to the headings of a document are called on GitHub.
pub fn anchors(document: &str) -> Vec<String> {
    let anchor = |heading: &str| {
        let kept = |letter: &char| letter.is_alphanumeric() || "-_ ".contains(*letter);
        let kept: String = heading.chars().filter(kept).collect();
        kept.trim().to_lowercase().replace(' ', "-")
    };
    headings(document).map(anchor).collect()
}
