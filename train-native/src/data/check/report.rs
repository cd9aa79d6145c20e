//! What a check found, as text for people and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::statistics::{InstanceStatistics, LabelStatistics};
use crate::data::error::{DataError, Size};

/// Findings printed for people; JSON has them all.
const PRINTED_ROWS: usize = 40;

/// Sizes printed for people.
const PRINTED_SIZES: usize = 6;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Training on this cannot work.
    Error,
    /// Training works, but perhaps not as meant.
    Warning,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file or folder it is about.
    pub path: Option<PathBuf>,
    /// File, expected and found, in words.
    pub message: String,
}

/// Everything a check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckReport {
    /// The folders that were checked.
    pub folders: Vec<PathBuf>,
    /// Number of picture files looked at.
    pub files: usize,
    /// Whether every file was decoded; otherwise only headers were read.
    pub fully_read: bool,
    /// Number of readable files by size, `"512x256"`.
    pub sizes: BTreeMap<String, usize>,
    /// Number of samples by size after the transformation, where one was given.
    pub final_sizes: BTreeMap<String, usize>,
    /// What is wrong or odd, errors first.
    pub findings: Vec<Finding>,
    /// The ids found, if label maps were decoded.
    pub labels: Option<LabelStatistics>,
    /// The instances found, if instance maps were decoded.
    pub instances: Option<InstanceStatistics>,
}

impl CheckReport {
    /// Nothing found yet.
    pub(super) fn new(folders: Vec<PathBuf>) -> Self {
        Self {
            folders,
            files: 0,
            fully_read: true,
            sizes: BTreeMap::new(),
            final_sizes: BTreeMap::new(),
            findings: Vec::new(),
            labels: None,
            instances: None,
        }
    }

    /// Of a data set that cannot even be listed.
    pub(super) fn refused(folders: Vec<PathBuf>, error: &DataError) -> Self {
        let mut report = Self::new(folders);
        report.error(error);
        report
    }

    /// Whether there are no errors; warnings are allowed.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.count(Severity::Error) == 0
    }

    /// What is odd, in words.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        let warnings = self.findings.iter();
        let warnings = warnings.filter(|finding| finding.severity == Severity::Warning);
        warnings.map(|finding| finding.message.as_str())
    }

    /// Number of findings of that severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }

    pub(super) fn error(&mut self, error: &DataError) {
        let path = error.path().map(Path::to_path_buf);
        self.findings.push(Finding {
            severity: Severity::Error,
            path,
            message: error.to_string(),
        });
    }

    /// An error that is none of reading.
    pub(super) fn error_about(&mut self, path: &Path, message: String) {
        self.findings.push(Finding {
            severity: Severity::Error,
            path: Some(path.to_path_buf()),
            message,
        });
    }

    pub(super) fn warn(&mut self, path: &Path, message: String) {
        self.findings.push(Finding {
            severity: Severity::Warning,
            path: Some(path.to_path_buf()),
            message,
        });
    }

    pub(super) fn add_size(&mut self, size: Size) {
        *self.sizes.entry(size.to_string()).or_default() += 1;
    }

    pub(super) fn finished(mut self) -> Self {
        self.findings
            .sort_by_key(|finding| finding.severity == Severity::Warning);
        self
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folders = self
            .folders
            .iter()
            .map(|folder| folder.display().to_string());
        let folders = folders.collect::<Vec<_>>().join(", ");
        let how = if self.fully_read {
            "read in full"
        } else {
            "headers only"
        };
        writeln!(formatter, "{folders}: {} files, {how}", self.files)?;
        write_sizes(formatter, "sizes", &self.sizes, "files")?;
        let final_sizes = "sizes after the transformation";
        write_sizes(formatter, final_sizes, &self.final_sizes, "samples")?;
        if let Some(labels) = &self.labels {
            write!(formatter, "{labels}")?;
        }
        if let Some(instances) = &self.instances {
            write!(formatter, "{instances}")?;
        }
        for finding in self.findings.iter().take(PRINTED_ROWS) {
            let severity = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            writeln!(formatter, "{severity}: {}", finding.message)?;
        }
        if let Some(more) = self.findings.len().checked_sub(PRINTED_ROWS + 1) {
            writeln!(formatter, "… and {} more", more + 1)?;
        }
        let (errors, warnings) = (self.count(Severity::Error), self.count(Severity::Warning));
        writeln!(formatter, "{errors} errors, {warnings} warnings")
    }
}

/// The most frequent sizes; nothing if there are none.
fn write_sizes(
    formatter: &mut fmt::Formatter<'_>,
    title: &str,
    sizes: &BTreeMap<String, usize>,
    of: &str,
) -> fmt::Result {
    if sizes.is_empty() {
        return Ok(());
    }
    let mut sizes: Vec<_> = sizes.iter().collect();
    sizes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let shown = sizes.iter().take(PRINTED_SIZES);
    let shown: Vec<_> = shown
        .map(|(size, count)| format!("{size} ({count} {of})"))
        .collect();
    write!(formatter, "{title}: {}", shown.join(", "))?;
    match sizes.len().checked_sub(PRINTED_SIZES) {
        None | Some(0) => writeln!(formatter),
        Some(more) => writeln!(formatter, ", and {more} other sizes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_reports_are_cut_for_people_and_errors_come_first() {
        let mut report = CheckReport::new(vec!["data".into()]);
        report.warn(Path::new("w.png"), "w.png: odd".into());
        for number in 0..60 {
            report.error(&DataError::undecodable(
                Path::new("e.png"),
                format!("reason {number}"),
            ));
        }
        let report = report.finished();
        let text = report.to_string();
        assert!(
            text.contains("reason 39") && !text.contains("reason 40"),
            "{text}"
        );
        assert!(
            text.contains("and 21 more") && text.ends_with("60 errors, 1 warnings\n"),
            "{text}"
        );
        assert_eq!(report.findings[60].severity, Severity::Warning);
    }
}
