//! What a check found, as text for people and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::data::error::{DataError, Size};

/// The id that many data sets use for "don't care".
const DONT_CARE: u16 = 255;

/// Findings and classes printed for people; JSON has them all.
const PRINTED_ROWS: usize = 40;

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

/// Which ids a set of label maps holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelStatistics {
    /// Number of pixels by id, over the whole set.
    pub histogram: BTreeMap<u16, u64>,
    /// Largest id, a "don't care" 255 left out unless it is all there is.
    pub max_id: u16,
    /// `max_id + 1`: the smallest number of classes that fits.
    pub suggested_num_classes: usize,
    /// Pixels with id 255 where it looks like "don't care" (no id 254 beside it, none above).
    pub dont_care_pixels: u64,
}

impl LabelStatistics {
    pub(super) fn from_histogram(histogram: BTreeMap<u16, u64>) -> Option<Self> {
        let last = *histogram.keys().next_back()?;
        let below = histogram.keys().rev().find(|id| **id < DONT_CARE).copied();
        let (max_id, dont_care) = match below {
            Some(below) if last == DONT_CARE && below < DONT_CARE - 1 => (below, true),
            _ => (last, false),
        };
        let dont_care_pixels = if dont_care { histogram[&DONT_CARE] } else { 0 };
        Some(Self {
            max_id,
            suggested_num_classes: usize::from(max_id) + 1,
            dont_care_pixels,
            histogram,
        })
    }
}

/// Everything a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The folders that were checked.
    pub folders: Vec<PathBuf>,
    /// Number of picture files looked at.
    pub files: usize,
    /// Whether every file was decoded; otherwise only headers were read.
    pub fully_read: bool,
    /// Number of readable files by size, `"512x256"`.
    pub sizes: BTreeMap<String, usize>,
    /// What is wrong or odd, errors first.
    pub findings: Vec<Finding>,
    /// The ids found, if label maps were decoded.
    pub labels: Option<LabelStatistics>,
}

impl CheckReport {
    pub(super) fn new(folders: Vec<PathBuf>, fully_read: bool) -> Self {
        let (sizes, findings) = (BTreeMap::new(), Vec::new());
        Self {
            folders,
            files: 0,
            fully_read,
            sizes,
            findings,
            labels: None,
        }
    }

    /// Whether there are no errors; warnings are allowed.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.count(Severity::Error) == 0
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
        let (path, message) = (error.path().map(Path::to_path_buf), error.to_string());
        self.findings.push(Finding {
            severity: Severity::Error,
            path,
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
        let folders: Vec<_> = self
            .folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        let how = if self.fully_read {
            "read in full"
        } else {
            "headers only"
        };
        writeln!(
            formatter,
            "{}: {} files, {how}",
            folders.join(", "),
            self.files
        )?;
        if !self.sizes.is_empty() {
            let mut sizes: Vec<_> = self.sizes.iter().collect();
            sizes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            let shown: Vec<_> = sizes
                .iter()
                .take(6)
                .map(|(size, count)| format!("{size} ({count} files)"))
                .collect();
            let more = sizes.len().saturating_sub(6);
            let more = if more > 0 {
                format!(", and {more} other sizes")
            } else {
                String::new()
            };
            writeln!(formatter, "sizes: {}{more}", shown.join(", "))?;
        }
        if let Some(labels) = &self.labels {
            write!(formatter, "{labels}")?;
        }
        for finding in self.findings.iter().take(PRINTED_ROWS) {
            let severity = if finding.severity == Severity::Error {
                "error"
            } else {
                "warning"
            };
            writeln!(formatter, "{severity}: {}", finding.message)?;
        }
        if self.findings.len() > PRINTED_ROWS {
            writeln!(
                formatter,
                "… and {} more",
                self.findings.len() - PRINTED_ROWS
            )?;
        }
        let (errors, warnings) = (self.count(Severity::Error), self.count(Severity::Warning));
        writeln!(formatter, "{errors} errors, {warnings} warnings")
    }
}

impl fmt::Display for LabelStatistics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u64 = self.histogram.values().sum();
        writeln!(formatter, "label ids ({} different):", self.histogram.len())?;
        for (id, count) in self.histogram.iter().take(PRINTED_ROWS) {
            writeln!(
                formatter,
                "  {id:>5} {:>7.3} % {count:>12} pixels",
                *count as f64 * 100.0 / total as f64
            )?;
        }
        if self.histogram.len() > PRINTED_ROWS {
            writeln!(
                formatter,
                "  … and {} more",
                self.histogram.len() - PRINTED_ROWS
            )?;
        }
        writeln!(
            formatter,
            "suggested number of classes: {} (largest id + 1)",
            self.suggested_num_classes
        )?;
        if self.dont_care_pixels > 0 {
            let share = self.dont_care_pixels as f64 * 100.0 / total as f64;
            writeln!(
                formatter,
                "id 255 ({share:.3} % of the pixels) usually means \"don't care\": it needs 256 classes, or another id \
                 such as {} with {} classes",
                self.suggested_num_classes,
                self.suggested_num_classes + 1
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_dont_care_the_largest_id_counts() {
        let statistics = |ids: &[u16]| {
            LabelStatistics::from_histogram(ids.iter().map(|id| (*id, 1)).collect())
                .unwrap()
                .suggested_num_classes
        };
        assert_eq!(
            [
                statistics(&[0, 12]),
                statistics(&[255]),
                statistics(&[0, 254, 255])
            ],
            [13, 256, 256]
        );
        assert_eq!(statistics(&[0, 255, 33_001]), 33_002);
        assert!(LabelStatistics::from_histogram(BTreeMap::new()).is_none());
    }

    #[test]
    fn long_reports_are_cut_for_people_and_errors_come_first() {
        let mut report = CheckReport::new(vec!["data".into()], true);
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
