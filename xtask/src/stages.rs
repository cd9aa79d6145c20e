//! A list of named steps, run in order with headings and times, stopping at the first that fails.

use std::time::{Duration, Instant};

use anyhow::Result;

/// What a stage that did not fail has to say.
pub enum Outcome {
    /// It ran and passed.
    Passed,
    /// It did not run, and why.
    Skipped(String),
}

type Action<'a> = Box<dyn FnOnce() -> Result<Outcome> + 'a>;

/// Steps in the order they will run.
#[derive(Default)]
pub struct Stages<'a> {
    stages: Vec<(String, Action<'a>)>,
}

impl<'a> Stages<'a> {
    /// Adds a step that may decide not to run.
    pub fn add_optional(&mut self, title: &str, action: impl FnOnce() -> Result<Outcome> + 'a) {
        self.stages.push((title.to_owned(), Box::new(action)));
    }

    /// Adds a step.
    pub fn add(&mut self, title: &str, action: impl FnOnce() -> Result<()> + 'a) {
        self.add_optional(title, || action().map(|()| Outcome::Passed));
    }

    /// Runs the steps and prints a summary on stderr, whatever happened.
    ///
    /// # Errors
    /// The first failing step's error, with its title.
    pub fn run(self) -> Result<()> {
        let count = self.stages.len();
        let start = Instant::now();
        let mut summary = Vec::new();
        let mut failure = None;
        for (index, (title, action)) in self.stages.into_iter().enumerate() {
            if failure.is_some() {
                summary.push(format!("  not run  {title}"));
                continue;
            }
            eprintln!("\n=== [{}/{count}] {title}", index + 1);
            let stage_start = Instant::now();
            let line = match action() {
                Ok(Outcome::Passed) => {
                    format!("  ok       {title} ({})", readable(stage_start.elapsed()))
                }
                Ok(Outcome::Skipped(why)) => format!("  skipped  {title}: {why}"),
                Err(error) => {
                    failure = Some(error.context(title.clone()));
                    format!("  FAILED   {title} ({})", readable(stage_start.elapsed()))
                }
            };
            eprintln!("{line}");
            summary.push(line);
        }
        eprintln!(
            "\n=== {} in {}",
            if failure.is_some() {
                "failed"
            } else {
                "passed"
            },
            readable(start.elapsed())
        );
        for line in summary {
            eprintln!("{line}");
        }
        failure.map_or(Ok(()), Err)
    }
}

/// A duration as a person says it: `4.2 s`, `3 min 07 s`.
pub fn readable(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn nothing_runs_after_the_first_failure() {
        let ran = RefCell::new(Vec::new());
        let mut stages = Stages::default();
        stages.add("first", || {
            ran.borrow_mut().push("first");
            Ok(())
        });
        stages.add_optional("second", || Ok(Outcome::Skipped("not installed".into())));
        stages.add("third", || anyhow::bail!("broken"));
        stages.add("fourth", || {
            ran.borrow_mut().push("fourth");
            Ok(())
        });
        let error = format!("{:#}", stages.run().unwrap_err());
        assert_eq!(error, "third: broken");
        assert_eq!(*ran.borrow(), ["first"]);
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(readable(Duration::from_millis(4210)), "4.2 s");
        assert_eq!(readable(Duration::from_secs(187)), "3 min 07 s");
    }
}
