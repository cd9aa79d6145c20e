//! What a person sees in the terminal: a bar, or plain lines where standard error is no terminal.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::csv::Row;

/// Time between plain lines when the caller names no number of steps.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// Weight of the newest step in the moving average of the step time.
const NEWEST_STEP_WEIGHT: f64 = 0.05;
/// Share of the step time spent waiting for data from which it is worth telling.
const NOTABLE_DATA_SHARE: f64 = 0.1;

/// Moving averages from which step time and time left are told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    weight: f64,
    step_seconds: f64,
    data_seconds: f64,
}

impl Pace {
    /// Takes in the times of a step.
    pub(super) fn push(&mut self, row: &Row) {
        let keep = 1.0 - NEWEST_STEP_WEIGHT;
        let mix = |old: f64, new: f64| old * keep + new * NEWEST_STEP_WEIGHT;
        self.weight = mix(self.weight, 1.0);
        self.step_seconds = mix(self.step_seconds, row.step_seconds);
        self.data_seconds = mix(self.data_seconds, row.data_seconds);
    }

    /// Average seconds of a step; `None` before the first.
    pub(super) fn step_seconds(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.step_seconds / self.weight)
    }

    /// Share of the step time spent waiting for data, 0 to 1.
    fn data_share(&self) -> f64 {
        let share = self.data_seconds / self.step_seconds;
        if share.is_finite() { share } else { 0.0 }
    }
}

/// Where progress is shown.
#[derive(Debug)]
enum Display {
    Bar(ProgressBar),
    Lines {
        every: Option<u64>,
        printed: Option<(u64, Instant)>,
    },
    Nothing,
}

/// Shows how far the run is.
#[derive(Debug)]
pub(super) struct Progress {
    display: Display,
    names: Vec<String>,
    total_steps: u64,
    pace: Pace,
}

impl Progress {
    /// Starts at `step` of `total_steps`. `line_every` is the number of steps between plain lines.
    pub(super) fn start(
        names: &[String],
        step: u64,
        total_steps: u64,
        quiet: bool,
        line_every: Option<u64>,
    ) -> Self {
        let display = if quiet {
            Display::Nothing
        } else if std::io::stderr().is_terminal() {
            Display::Bar(bar(step, total_steps))
        } else {
            Display::Lines {
                every: line_every,
                printed: None,
            }
        };
        Self {
            display,
            names: names.to_vec(),
            total_steps,
            pace: Pace::default(),
        }
    }

    /// Shows a finished step.
    pub(super) fn show(&mut self, row: &Row) {
        self.pace.push(row);
        match &mut self.display {
            Display::Bar(bar) => {
                bar.set_position(row.step);
                bar.set_prefix(status(row, self.total_steps, &self.pace));
                bar.set_message(losses(&self.names, row));
            }
            Display::Lines { every, printed } => {
                let due = match *printed {
                    None => true,
                    Some((step, at)) => match *every {
                        Some(every) => row.step / every.max(1) > step / every.max(1),
                        None => at.elapsed() >= LINE_INTERVAL,
                    },
                };
                if due || row.step >= self.total_steps {
                    *printed = Some((row.step, Instant::now()));
                    print(&plain_line(&self.names, row, self.total_steps, &self.pace));
                }
            }
            Display::Nothing => {}
        }
    }

    /// Tells something between steps, above the bar.
    pub(super) fn note(&self, text: &str) {
        match &self.display {
            Display::Bar(bar) => bar.suspend(|| print(text)),
            Display::Lines { .. } => print(text),
            Display::Nothing => {}
        }
    }

    /// Average seconds of a step, and seconds left after `step`.
    pub(super) fn pace(&self, step: u64) -> Option<(f64, f64)> {
        let step_seconds = self.pace.step_seconds()?;
        let left = self.total_steps.saturating_sub(step) as f64 * step_seconds;
        Some((step_seconds, left))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Display::Bar(bar) = &self.display {
            bar.abandon();
        }
    }
}

/// Writes a line to standard error. That nobody reads it any more must not stop a run.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn bar(step: u64, total_steps: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total_steps), ProgressDrawTarget::stderr());
    let style =
        ProgressStyle::with_template("{bar:16} {pos}/{len} {percent:>3}% {prefix}\n{wide_msg}")
            .expect("the template is constant and valid")
            .progress_chars("━╸─");
    bar.set_style(style);
    bar.set_position(step);
    bar
}

/// The text beside the bar: `18 min left · 412 ms/step · epoch 2`
fn status(row: &Row, total_steps: u64, pace: &Pace) -> String {
    let left = time_left(row, total_steps, pace);
    let (speed, epoch) = (speed(pace), row.epoch);
    format!("{left} left · {speed} · epoch {epoch}")
}

/// `step 400/3000 epoch 2 412 ms/step G_GAN 0.810 G_L1 23.1 left 18 min`
fn plain_line(names: &[String], row: &Row, total_steps: u64, pace: &Pace) -> String {
    let left = time_left(row, total_steps, pace);
    let (step, epoch) = (row.step, row.epoch);
    let losses = losses(names, row);
    let speed = speed(pace);
    format!("step {step}/{total_steps} epoch {epoch} {speed}{losses} left {left}")
}

/// Losses as ` NAME VALUE` each, those the step did not compute left out.
fn losses(names: &[String], row: &Row) -> String {
    let named = names.iter().zip(&row.losses);
    named
        .filter_map(|(name, loss)| Some(format!(" {name} {}", three_digits((*loss)?))))
        .collect()
}

fn speed(pace: &Pace) -> String {
    let speed = step_time(pace.step_seconds().unwrap_or(0.0));
    if pace.data_share() < NOTABLE_DATA_SHARE {
        return speed;
    }
    let percent = 100.0 * pace.data_share();
    format!("{speed} ({percent:.0}% data)")
}

fn time_left(row: &Row, total_steps: u64, pace: &Pace) -> String {
    let steps = total_steps.saturating_sub(row.step);
    duration(steps as f64 * pace.step_seconds().unwrap_or(0.0))
}

/// A step's time: `412 ms/step`, `12.3 s/step`.
pub(super) fn step_time(seconds: f64) -> String {
    match seconds * 1000.0 {
        ms if ms < 9.95 => format!("{ms:.1} ms/step"),
        ms if ms < 9999.5 => format!("{ms:.0} ms/step"),
        _ => format!("{seconds:.1} s/step"),
    }
}

/// A duration in the one or two units that matter: `45 s`, `18 min`, `3 h 05 min`, `2 d 4 h`.
pub(super) fn duration(seconds: f64) -> String {
    // A cast saturates: a time beyond u64, or not a number, is shown as its limit.
    let seconds = seconds.round() as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..100 => format!("{seconds} s"),
        100..5400 => format!("{} min", (seconds + 30) / 60),
        5400..172_800 => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// `value` with three significant digits: `0.810`, `23.1`, `1234`, `1.20e-5`.
pub(super) fn three_digits(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => value.to_string(),
        0.0 => "0".to_owned(),
        size if size < 0.000_999_5 => format!("{value:.2e}"),
        size if size < 0.9995 => format!("{value:.3}"),
        size if size < 9.995 => format!("{value:.2}"),
        size if size < 99.95 => format!("{value:.1}"),
        size if size < 1e7 => format!("{value:.0}"),
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: u64, data_seconds: f64) -> Row {
        Row {
            step,
            epoch: 2,
            learning_rate: 0.0002,
            step_seconds: 0.412,
            data_seconds,
            losses: vec![Some(0.81), Some(23.14), None, Some(0.6)],
        }
    }

    fn names() -> Vec<String> {
        ["G_GAN", "G_L1", "D_real", "D_fake"]
            .map(str::to_owned)
            .into()
    }

    #[test]
    fn plain_line_tells_step_pace_losses_and_time_left() {
        let mut pace = Pace::default();
        pace.push(&row(399, 0.0));
        pace.push(&row(400, 0.0));
        let line = plain_line(&names(), &row(400, 0.0), 3000, &pace);
        assert_eq!(
            line,
            "step 400/3000 epoch 2 412 ms/step G_GAN 0.810 G_L1 23.1 D_fake 0.600 left 18 min"
        );
    }

    #[test]
    fn waiting_for_data_is_told_when_it_matters() {
        let mut pace = Pace::default();
        pace.push(&row(1, 0.206));
        let status = status(&row(1, 0.206), 1, &pace);
        assert_eq!(status, "0 s left · 412 ms/step (50% data) · epoch 2");
    }

    #[test]
    fn numbers_have_three_significant_digits() {
        let cases = [
            (0.0, "0"),
            (1.2e-5, "1.20e-5"),
            (0.004, "0.004"),
            (-0.81, "-0.810"),
            (9.9951, "10.0"),
            (1234.4, "1234"),
            (2.5e9, "2.50e9"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in cases {
            assert_eq!(three_digits(value), text);
        }
    }

    #[test]
    fn durations_use_the_units_that_matter() {
        let cases = [
            (0.0, "0 s"),
            (99.4, "99 s"),
            (1080.0, "18 min"),
            (11_100.0, "3 h 05 min"),
            (187_200.0, "2 d 4 h"),
            (f64::NAN, "0 s"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!(step_time(0.0042), "4.2 ms/step");
        assert_eq!(step_time(12.34), "12.3 s/step");
    }
}
