//! How far many pictures are: a bar, or a line now and then where standard error is no terminal.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Time between lines.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Counts pictures, from several threads.
#[derive(Debug)]
pub(super) struct Progress {
    total: usize,
    done: AtomicUsize,
    started: Instant,
    bar: Option<ProgressBar>,
    /// When the last line was printed, where there is no bar.
    line: Mutex<Instant>,
}

impl Progress {
    /// Begins to count to `total`; a single picture is not worth telling of.
    pub fn start(total: usize) -> Self {
        let style = "{bar:32} {pos}/{len} pictures, {per_sec}, {eta} left";
        let styled = |bar: ProgressBar| match ProgressStyle::with_template(style) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        let wanted = total > 1 && std::io::stderr().is_terminal();
        Self {
            total,
            done: AtomicUsize::new(0),
            started: Instant::now(),
            bar: wanted.then(|| styled(ProgressBar::new(total as u64))),
            line: Mutex::new(Instant::now()),
        }
    }

    /// One more is written.
    pub fn advance(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(bar) = &self.bar {
            bar.inc(1);
            return;
        }
        let Ok(mut line) = self.line.try_lock() else {
            return;
        };
        if line.elapsed() >= LINE_INTERVAL && done < self.total {
            *line = Instant::now();
            eprintln!("{}", told(done, self.total, self.started.elapsed()));
        }
    }

    /// So many will never be.
    pub fn skip(&self, count: usize) {
        if let Some(bar) = &self.bar {
            bar.set_length(bar.length().unwrap_or(0).saturating_sub(count as u64));
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `120 of 500 pictures, 40.0 a second, 9 s left`.
fn told(done: usize, total: usize, time: Duration) -> String {
    let rate = done as f64 / time.as_secs_f64().max(1e-9);
    let left = (total - done) as f64 / rate;
    let left = match left {
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds => format!("{:.0} min", seconds / 60.0),
    };
    format!("{done} of {total} pictures, {rate:.1} a second, {left} left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_rate_and_time_left() {
        let after = Duration::from_secs;
        assert_eq!(
            told(120, 500, after(3)),
            "120 of 500 pictures, 40.0 a second, 10 s left"
        );
        assert_eq!(
            told(10, 4000, after(10)),
            "10 of 4000 pictures, 1.0 a second, 66 min left"
        );
    }
}
