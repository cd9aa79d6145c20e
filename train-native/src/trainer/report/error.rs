//! What can go wrong while a run is reported.

use std::io;
use std::path::{Path, PathBuf};

/// A report that could not be read back or written. Every variant about a file names that file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The system refused to read, write, rename or remove a file: disk full, folder gone, …
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was being done: `write`, `read`, `create`, …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file that an earlier part of the run left does not hold what it must.
    #[error("{} is damaged at line {line}: expected {expected}, found {found}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The log of the run to be continued has other columns than this run would write.
    #[error("{} has the columns {found}, but this run writes {expected}", path.display())]
    Columns {
        /// The log.
        path: PathBuf,
        /// The header of this run.
        expected: String,
        /// The header in the file.
        found: String,
    },
    /// A loss's name cannot head a column: empty, twice the same, or with a comma, quote or control character.
    #[error(
        "{name:?} cannot be the name of a loss: names are unique, not empty, and without commas, quotes or control characters"
    )]
    LossName {
        /// The name.
        name: String,
    },
    /// A step reported a loss that was not announced when the report was opened.
    #[error("step {step} reports a loss {name:?}; the report was opened for {expected}")]
    UnknownLoss {
        /// The step.
        step: u64,
        /// The name that is not known.
        name: String,
        /// The names that are known.
        expected: String,
    },
    /// Steps must be recorded in increasing order.
    #[error("step {step} was reported after step {previous}")]
    StepOrder {
        /// The step that came too late.
        step: u64,
        /// The last step in the log.
        previous: u64,
    },
    /// A picture could not be composed or encoded.
    #[error("cannot draw {}: {reason}", path.display())]
    Picture {
        /// The picture's file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl ReportError {
    /// The error of `action` on `path`, for `map_err`.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// A picture that could not be made, for `map_err`.
    pub(super) fn picture<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> Self {
        let path = path.to_path_buf();
        move |reason| Self::Picture {
            path,
            reason: reason.to_string(),
        }
    }
}
