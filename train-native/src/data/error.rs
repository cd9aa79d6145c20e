//! What can go wrong between files on disk and a batch of samples, worded for the person who owns the files.

use std::fmt;
use std::path::{Path, PathBuf};

/// A picture size in pixels; prints as `256x192`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Size {
    /// Pixels per row.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
}

impl Size {
    /// A size of `width` columns and `height` rows.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}x{}", self.width, self.height)
    }
}

/// Every failure of the data side. Each message names the file, what was expected and what was found.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file system refused something.
    #[error("cannot {action} {}: {cause}", path.display())]
    Io {
        /// What was being done, as a verb: "read", "create", …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The reason the system gave; part of the message, so not a source of its own.
        cause: std::io::Error,
    },
    /// A file that is no picture, or a damaged or cut-off one.
    #[error("cannot decode {}: {reason}", path.display())]
    Undecodable {
        /// The file.
        path: PathBuf,
        /// What the decoder found.
        reason: String,
    },
    /// A picture could not be written.
    #[error("cannot encode {}: {reason}", path.display())]
    Unencodable {
        /// The file that was to be written.
        path: PathBuf,
        /// What the encoder refused.
        reason: String,
    },
    /// A readable picture of the wrong kind, for example an RGB file where class ids are needed.
    #[error("{}: expected {expected}, found {found}. {hint}", path.display())]
    WrongMode {
        /// The file.
        path: PathBuf,
        /// The kind of samples needed.
        expected: &'static str,
        /// The kind of samples in the file.
        found: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// A folder that should exist does not.
    #[error("folder {} does not exist: expected {expected}, found {found}", path.display())]
    MissingFolder {
        /// The folder.
        path: PathBuf,
        /// What it should hold.
        expected: String,
        /// What is there instead (the phases found, for example).
        found: String,
    },
    /// A folder without a single picture.
    #[error("no pictures in {}: expected {expected}, found {found}", path.display())]
    EmptyFolder {
        /// The folder.
        path: PathBuf,
        /// What it should hold.
        expected: String,
        /// How many other files are there.
        found: String,
    },
    /// A file whose other half is missing.
    #[error("{} has no partner: expected {expected}, found {found}", path.display())]
    MissingPartner {
        /// The file that stands alone.
        path: PathBuf,
        /// The partner that should exist.
        expected: String,
        /// What was found instead, with the counts of both sides.
        found: String,
    },
    /// Two files that would be the same sample.
    #[error("{} and {} have the same name but for the extension: expected one of them", first.display(), second.display())]
    AmbiguousName {
        /// One file.
        first: PathBuf,
        /// The other file.
        second: PathBuf,
    },
    /// Two pictures that must have the same size do not.
    #[error("{}: expected {expected} ({expected_of}), found {found}", path.display())]
    SizeMismatch {
        /// The file with the unexpected size.
        path: PathBuf,
        /// The size needed.
        expected: Size,
        /// Where that size comes from.
        expected_of: String,
        /// The size found.
        found: Size,
    },
    /// A class id that the network has no channel for.
    #[error("{}: label {value} at x={x}, y={y}: expected ids 0..={}, found {value} ({num_classes} classes). {}", path.display(), num_classes.saturating_sub(1), label_hint(*value))]
    LabelOutOfRange {
        /// The label map.
        path: PathBuf,
        /// The offending id.
        value: u16,
        /// Column of the first offending pixel, from the left.
        x: usize,
        /// Row of the first offending pixel, from the top.
        y: usize,
        /// Number of classes; ids below it are allowed.
        num_classes: usize,
    },
    /// A data set whose files lie otherwise than the layout that was asked for.
    #[error("{}: expected {expected}, found {found}. {hint}", path.display())]
    WrongLayout {
        /// The folder.
        path: PathBuf,
        /// What it should hold.
        expected: String,
        /// What it holds.
        found: String,
        /// What to do about it.
        hint: String,
    },
    /// A table of old ids and new ones that cannot be used.
    #[error("table of ids {}, line {line}: {reason}", path.display())]
    InvalidRemap {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What was expected there, and found.
        reason: String,
    },
    /// The samples of one batch do not have one size.
    #[error(
        "a batch needs samples of one size: expected {expected} as in {first}, found {found} in {other}. Use a preprocessing that fixes the size (resize_and_crop), or batch size 1"
    )]
    UnevenBatch {
        /// Name of the first sample of the batch.
        first: String,
        /// Its sizes.
        expected: String,
        /// Name of the sample that differs.
        other: String,
        /// Its sizes.
        found: String,
    },
    /// A setting that makes no sense.
    #[error("{setting}: expected {expected}, found {found}")]
    InvalidSetting {
        /// The setting's name.
        setting: &'static str,
        /// Allowed values.
        expected: String,
        /// The value given.
        found: String,
    },
    /// A palette file that cannot be used.
    #[error("palette {}: {reason}", path.display())]
    InvalidPalette {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder that is to be written holds something already.
    #[error("{} holds {found}: expected a new or empty folder to write to", path.display())]
    OutputInUse {
        /// The folder.
        path: PathBuf,
        /// One thing that is in it.
        found: String,
    },
    /// A file that can be read and does not say what it should.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What it should say.
        expected: String,
        /// What it says.
        found: String,
    },
    /// The code that loads a sample panicked: a bug here, reported instead of a hang.
    #[error("loading sample {name} panicked: {message}")]
    WorkerPanic {
        /// The sample's name.
        name: String,
        /// The panic's message.
        message: String,
    },
    /// The loader's threads could not be started, or ended early.
    #[error("data loader threads: {reason}")]
    Workers {
        /// What happened.
        reason: String,
    },
}

/// What to do about a class id that the network has no channel for.
fn label_hint(value: u16) -> &'static str {
    if value >= 1000 {
        "Ids of 1000 and more are usually those of an instance map (class * 1000 + number): label maps hold one id for \
         every class (Cityscapes: _labelIds), and --instances takes instance maps"
    } else if value == 255 {
        "255 usually means \"don't care\": SPADE gives it a channel (--contain-dontcare-label), and --remap FILE with a line \
         `255 ID` gives it another id in every family"
    } else {
        "More classes (--label-nc, in training), or --remap FILE with a table of old and new ids"
    }
}

impl DataError {
    /// An [`DataError::Io`] for `action` on `path`.
    pub(crate) fn io(action: &'static str, path: &Path, cause: std::io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_path_buf(),
            cause,
        }
    }

    /// An [`DataError::Undecodable`] for `path`.
    pub(crate) fn undecodable(path: &Path, reason: impl fmt::Display) -> Self {
        Self::Undecodable {
            path: path.to_path_buf(),
            reason: reason.to_string(),
        }
    }

    /// An [`DataError::Unencodable`] for `path`.
    pub(crate) fn unencodable(path: &Path, reason: impl fmt::Display) -> Self {
        Self::Unencodable {
            path: path.to_path_buf(),
            reason: reason.to_string(),
        }
    }

    /// The file or folder the error is about, where there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Io { path, .. }
            | Self::Undecodable { path, .. }
            | Self::Unencodable { path, .. }
            | Self::WrongMode { path, .. }
            | Self::MissingFolder { path, .. }
            | Self::EmptyFolder { path, .. }
            | Self::MissingPartner { path, .. }
            | Self::AmbiguousName { first: path, .. }
            | Self::SizeMismatch { path, .. }
            | Self::LabelOutOfRange { path, .. }
            | Self::WrongLayout { path, .. }
            | Self::InvalidRemap { path, .. }
            | Self::OutputInUse { path, .. }
            | Self::Unusable { path, .. }
            | Self::InvalidPalette { path, .. } => Some(path),
            Self::UnevenBatch { .. }
            | Self::InvalidSetting { .. }
            | Self::WorkerPanic { .. }
            | Self::Workers { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_message_names_file_value_position_range_and_a_way_out() {
        let text = |value| {
            let error = DataError::LabelOutOfRange {
                path: "train_label/7.png".into(),
                value,
                x: 3,
                y: 9,
                num_classes: 13,
            };
            error.to_string()
        };
        let unknown = text(255);
        for part in ["train_label/7.png", "255", "x=3", "y=9", "0..=12"] {
            assert!(unknown.contains(part), "{part} missing in {unknown}");
        }
        assert!(unknown.contains("--contain-dontcare-label"), "{unknown}");
        assert!(text(26_001).contains("instance map"));
        let other = text(14);
        assert!(other.contains("--remap") && !other.contains("dontcare"));
    }
}
