//! What the sides report, side by side.

use anyhow::{Result, ensure};
use serde::Deserialize;

/// How far the losses of the first step may lie apart, relative to the loss or to 1: two sums of the
/// same numbers in another order.
const FIRST_TOLERANCE: f64 = 1e-4;
/// The same for the next steps: Adam's first updates are the signs of gradients, and where those are
/// rounding noise the two sides part (pix2pixHD by 6e-3 in the third step).
const NEXT_TOLERANCE: f64 = 2e-2;

/// What either side prints as its last line on stdout.
#[derive(Debug, Clone, Deserialize, PartialEq)]
pub struct Report {
    /// Milliseconds of one whole step (both networks, both optimisers): median.
    pub step_ms_median: f64,
    /// The same, 10th percentile: what the machine does when it is left alone.
    pub step_ms_p10: f64,
    /// CPU milliseconds of all threads in one step: mean.
    pub step_cpu_ms: f64,
    /// Milliseconds of the generator alone, without gradients: median.
    pub forward_ms_median: f64,
    /// CPU milliseconds of all threads in it: mean.
    pub forward_cpu_ms: f64,
    /// The most memory the process held while it trained, in MiB.
    pub peak_rss_mib: f64,
    /// Names of the losses.
    pub loss_names: Vec<String>,
    /// Losses of the first steps, in the order of the names.
    pub first_losses: Vec<Vec<f64>>,
    /// Losses of the last step.
    pub losses: Vec<f64>,
}

/// Reads one number of a report.
type Column = fn(&Report) -> f64;

const ROWS: [(&str, Column); 6] = [
    ("step, median (ms)", |report| report.step_ms_median),
    ("step, 10th percentile (ms)", |report| report.step_ms_p10),
    ("step, CPU time (ms)", |report| report.step_cpu_ms),
    ("forward, median (ms)", |report| report.forward_ms_median),
    ("forward, CPU time (ms)", |report| report.forward_cpu_ms),
    ("peak memory (MiB)", |report| report.peak_rss_mib),
];

impl Report {
    /// Several turns as one report: medians, the best 10th percentile, the highest memory, the last
    /// turn's losses.
    pub fn of_turns(turns: &[Self]) -> Self {
        let column = |value: Column| turns.iter().map(value);
        let last = turns.last().expect("there is at least one turn").clone();
        let middle = |value| median(column(value).collect());
        Self {
            step_ms_median: middle(|report| report.step_ms_median),
            step_ms_p10: column(|report| report.step_ms_p10).fold(f64::INFINITY, f64::min),
            step_cpu_ms: middle(|report| report.step_cpu_ms),
            forward_ms_median: middle(|report| report.forward_ms_median),
            forward_cpu_ms: middle(|report| report.forward_cpu_ms),
            peak_rss_mib: column(|report| report.peak_rss_mib).fold(0.0, f64::max),
            ..last
        }
    }
}

/// The middle of some numbers.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

/// One row for each number, with our ratio to the first peer and to the best of all in that row; then
/// the losses beside the first peer's.
///
/// `peers`: title and report of each, at least one.
pub fn table(ours: &Report, peers: &[(&str, Report)]) -> String {
    let (first_title, first) = &peers[0];
    let mut text = format!(
        "{:<26}{:>12}{first_title:>12}{:>8}{:>12}{:>8}  {}\n",
        "", "underpaint", "ratio", "its best", "ratio", "with"
    );
    for (title, value) in ROWS {
        let order = |a: &&(&str, Report), b: &&(&str, Report)| value(&a.1).total_cmp(&value(&b.1));
        let (best_title, best) = peers.iter().min_by(order).expect("at least one peer");
        let (ours, first, best) = (value(ours), value(first), value(best));
        text.push_str(&format!(
            "{title:<26}{ours:>12.1}{first:>12.1}{:>8.2}{best:>12.1}{:>8.2}  {best_title}\n",
            ours / first,
            ours / best
        ));
    }
    let steps = ours.first_losses.iter().zip(&first.first_losses);
    let steps = steps.enumerate().map(|(index, pair)| {
        let title = format!("step {}", index + 1);
        (title, pair)
    });
    let last = ("last step".to_owned(), (&ours.losses, &first.losses));
    for (step, (ours_in_step, peer_in_step)) in steps.chain([last]) {
        let pairs = ours_in_step.iter().zip(peer_in_step);
        for (name, (ours, peer)) in ours.loss_names.iter().zip(pairs) {
            let title = format!("{name}, {step}");
            text.push_str(&format!("{title:<26}{ours:>12.5}{peer:>12.5}\n"));
        }
    }
    text
}

/// Compares the losses of the first steps.
///
/// # Errors
/// Naming the loss, the step and the peer.
pub fn check_losses(ours: &Report, peer_title: &str, peer: &Report) -> Result<()> {
    ensure!(
        ours.loss_names == peer.loss_names,
        "the losses of the two sides: {:?} and {:?}",
        ours.loss_names,
        peer.loss_names
    );
    let count = (ours.first_losses.len(), peer.first_losses.len());
    ensure!(count.0 == count.1 && count.0 > 0, "first steps: {count:?}");
    let steps = ours.first_losses.iter().zip(&peer.first_losses);
    for (index, (ours_in_step, peer_in_step)) in steps.enumerate() {
        let tolerance = match index {
            0 => FIRST_TOLERANCE,
            _ => NEXT_TOLERANCE,
        };
        let pairs = ours_in_step.iter().zip(peer_in_step);
        for (name, (&ours, &peer)) in ours.loss_names.iter().zip(pairs) {
            let difference = (ours - peer).abs() / peer.abs().max(1.0);
            ensure!(
                difference <= tolerance,
                "{name} in step {}: {ours} here, {peer} in PyTorch ({peer_title}); allowed \
                 {tolerance}, relative to the loss or to 1",
                index + 1
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(step: f64) -> Report {
        Report {
            step_ms_median: step,
            step_ms_p10: step - 1.0,
            step_cpu_ms: 2.0 * step,
            forward_ms_median: 2.0,
            forward_cpu_ms: 3.0,
            peak_rss_mib: step,
            loss_names: vec!["G_GAN".to_owned()],
            first_losses: vec![vec![2.0]; 2],
            losses: vec![0.5],
        }
    }

    #[test]
    fn turns_are_combined_by_their_median() {
        let all = Report::of_turns(&[report(30.0), report(10.0), report(20.0)]);
        assert_eq!(
            (all.step_ms_median, all.step_ms_p10, all.peak_rss_mib),
            (20.0, 9.0, 30.0)
        );
        assert_eq!(all.step_cpu_ms, 40.0);
        assert_eq!(median(vec![1.0, 4.0]), 2.5);
    }

    #[test]
    fn a_report_is_read_from_json() {
        let line = r#"{"step_ms_median":10,"step_ms_p10":9,"step_cpu_ms":20,"forward_ms_median":2,
            "forward_cpu_ms":3,"peak_rss_mib":10,"loss_names":["G_GAN"],"first_losses":[[2],[2]],
            "losses":[0.5]}"#;
        assert_eq!(serde_json::from_str::<Report>(line).unwrap(), report(10.0));
    }

    #[test]
    fn losses_that_part_are_an_error_and_rounding_is_none() {
        let with = |losses: [f64; 2]| Report {
            first_losses: losses.map(|loss| vec![loss]).to_vec(),
            ..report(1.0)
        };
        let ours = with([2.0, 2.0]);
        let check = |losses| check_losses(&ours, "eager", &with(losses));
        assert!(check([2.0001, 2.005]).is_ok());
        assert!(check([2.001, 2.0]).is_err());
        assert!(check([2.0, 2.1]).is_err());
        assert!(check([f64::NAN, 2.0]).is_err());
    }

    #[test]
    fn every_row_is_compared_with_the_best_peer_of_that_row() {
        let large = Report {
            peak_rss_mib: 99.0,
            ..report(15.0)
        };
        let text = table(&report(30.0), &[("eager", report(20.0)), ("fused", large)]);
        let row = |title: &str| {
            let line = text.lines().find(|line| line.starts_with(title)).unwrap();
            let words = line[title.len()..].split_whitespace();
            words.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            row("step, median (ms)"),
            ["30.0", "20.0", "1.50", "15.0", "2.00", "fused"]
        );
        assert_eq!(
            row("peak memory (MiB)"),
            ["30.0", "20.0", "1.50", "20.0", "1.50", "eager"]
        );
    }
}
