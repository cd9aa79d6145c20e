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

    /// Runs the steps and prints a table of them on stderr, whatever happened.
    ///
    /// # Errors
    /// The first failing step's error, with its title.
    pub fn run(self) -> Result<()> {
        let count = self.stages.len();
        let start = Clock::start();
        let mut rows = Vec::new();
        let mut failure = None;
        for (index, (title, action)) in self.stages.into_iter().enumerate() {
            if failure.is_some() {
                rows.push(Row::without_times("not run", title));
                continue;
            }
            eprintln!("\n=== [{}/{count}] {title}", index + 1);
            let clock = Clock::start();
            let row = match action() {
                Ok(Outcome::Passed) => Row::new("ok", title, &clock),
                Ok(Outcome::Skipped(why)) => {
                    Row::without_times("skipped", format!("{title}: {why}"))
                }
                Err(error) => {
                    failure = Some(error.context(title.clone()));
                    Row::new("FAILED", title, &clock)
                }
            };
            eprintln!("{}", row.line());
            rows.push(row);
        }
        let whole = if failure.is_some() {
            "failed"
        } else {
            "passed"
        };
        rows.push(Row::new(whole, "all stages".to_owned(), &start));
        eprintln!("\n===\n{}", table(&rows));
        failure.map_or(Ok(()), Err)
    }
}

/// What a stage has taken so far.
struct Clock {
    start: Instant,
    cpu: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        Self {
            start: Instant::now(),
            cpu: cpu_of_children(),
        }
    }

    /// Time that processors have worked: on a shared machine it says more than the clock on the wall.
    fn cpu(&self) -> Option<Duration> {
        Some(cpu_of_children()?.saturating_sub(self.cpu?))
    }
}

/// Processor time of all programs that were started from here and have ended.
#[cfg(unix)]
fn cpu_of_children() -> Option<Duration> {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let times = [usage.user_time(), usage.system_time()];
    let micros = |time: nix::sys::time::TimeVal| {
        u64::try_from(time.tv_sec())
            .ok()
            .zip(u64::try_from(time.tv_usec()).ok())
    };
    let duration = |time| {
        let (seconds, rest) = micros(time)?;
        Some(Duration::from_secs(seconds) + Duration::from_micros(rest))
    };
    Some(duration(times[0])? + duration(times[1])?)
}

#[cfg(not(unix))]
fn cpu_of_children() -> Option<Duration> {
    None
}

/// A line of the table.
struct Row {
    state: &'static str,
    times: [String; 2],
    title: String,
}

impl Row {
    fn new(state: &'static str, title: String, clock: &Clock) -> Self {
        let cpu = clock.cpu().map_or_else(String::new, readable);
        let times = [readable(clock.start.elapsed()), cpu];
        Self {
            state,
            times,
            title,
        }
    }

    fn without_times(state: &'static str, title: String) -> Self {
        Self {
            state,
            times: [String::new(), String::new()],
            title,
        }
    }

    fn line(&self) -> String {
        let Self {
            state,
            times: [wall, cpu],
            title,
        } = self;
        format!("  {state:<8}{wall:>14}{cpu:>14}  {title}")
    }
}

/// The rows below a heading.
fn table(rows: &[Row]) -> String {
    let heading = Row {
        state: "",
        times: ["time".into(), "CPU time".into()],
        title: "stage".into(),
    };
    let lines = std::iter::once(&heading).chain(rows).map(Row::line);
    lines.collect::<Vec<_>>().join("\n")
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
    fn the_table_has_both_times_and_why_a_stage_was_skipped() {
        let row = Row {
            state: "ok",
            times: ["3 min 07 s".into(), "6 min 01 s".into()],
            title: "tests".into(),
        };
        let skipped = Row::without_times("skipped", "page: --no-www".into());
        assert_eq!(
            table(&[row, skipped]),
            "                    time      CPU time  stage\n  ok          3 min 07 s    6 min 01 s  tests\n  \
             skipped                               page: --no-www"
        );
    }

    #[test]
    #[cfg(unix)]
    fn the_processor_time_of_a_program_is_counted_once_it_has_ended() {
        let clock = Clock::start();
        let mut program = std::process::Command::new("sh");
        program.args(["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"]);
        assert!(program.status().expect("a shell").success());
        assert!(clock.cpu().expect("a Unix") > Duration::from_millis(10));
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(readable(Duration::from_millis(4210)), "4.2 s");
        assert_eq!(readable(Duration::from_secs(187)), "3 min 07 s");
    }
}
