//! What a run would trip over in its data, found before its first step.

use std::path::Path;

use crate::config::RunSettings;
use crate::data::Size;
use crate::data::check::{CheckReport, Severity};
use crate::data::source::{CheckOptions, DataSource};
use crate::trainer::schedule::LrPolicy;

/// Examples in every set of sample pictures.
pub(super) const SHOWN: usize = 4;

/// How a check is made.
pub(super) struct RunCheck<'a> {
    /// Whether to decode every file however many there are.
    pub full: bool,
    /// File that remembers what was found in which files.
    pub memory: Option<&'a Path>,
    /// Told how many of how many files are done.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

impl RunCheck<'_> {
    /// Checks all that a run trains on, with its preprocessing, networks and batches, and of the pictures to look at
    /// meanwhile those that it reads.
    pub fn check(&self, settings: &dyn RunSettings) -> CheckReport {
        let phase = &settings.run().phase;
        let batch_size = settings.largest_batch();
        let trained = |size| settings.check_size(size);
        let mut report = self.report(&settings.source(), phase, batch_size, &trained);
        let (source, shown_phase) = shown(settings);
        // Where the same files are shown and wrong, all is said.
        if shown_phase == *phase && !report.is_ok() {
            return report;
        }
        let shown = self.report(&source, &shown_phase, 1, &|size| settings.check_shown(size));
        for mut finding in shown.findings {
            // What is odd was said of the whole data set.
            if finding.severity == Severity::Error {
                finding.message = format!("to be looked at while training: {}", finding.message);
                report.findings.push(finding);
            }
        }
        report
            .findings
            .sort_by_key(|finding| finding.severity == Severity::Warning);
        report
    }

    fn report(
        &self,
        source: &DataSource,
        phase: &str,
        batch_size: usize,
        fits: &(dyn Fn(Size) -> anyhow::Result<()> + Sync),
    ) -> CheckReport {
        let options = CheckOptions {
            full: self.full,
            memory: self.memory,
            batch_size,
            fits: &|size| fits(size).map_err(|error| reason(&error)),
            progress: self.progress,
        };
        source.check(phase, &options)
    }
}

/// What a run reads to show how far it is, and in which phase: a few samples, or all if the learning rate follows them.
fn shown(settings: &dyn RunSettings) -> (DataSource, String) {
    let (source, config) = (settings.source(), settings.run());
    let held_out = source.held_out_phase(&config.phase);
    let phase = held_out.unwrap_or(&config.phase).to_owned();
    let mut source = source.for_evaluation();
    if config.schedule.policy != LrPolicy::Plateau {
        source.max_size = Some(source.max_size.map_or(SHOWN, |limit| limit.min(SHOWN)));
    }
    (source, phase)
}

/// What does not fit first, then what to change.
fn reason(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = error.chain().map(ToString::to_string).collect();
    parts.reverse();
    parts.join("; ")
}
