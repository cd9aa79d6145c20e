//! The losses of a whole run in bounded memory, for the plot.
//!
//! Records are gathered in buckets. When there are too many, neighbours are merged, so a run of a
//! million steps is as cheap to draw as a short one. What is held depends only on the records, not
//! on when the run was interrupted.

use super::csv::Row;

/// Buckets held before neighbours are merged; about two per pixel column of the plot. Even.
const MAX_BUCKETS: usize = 2048;

/// Sum and extremes of one loss over a bucket's records; values that are not finite in `f32`, the
/// precision they were computed in, are left out.
#[derive(Clone, Copy, Debug)]
struct Tally {
    count: u32,
    sum: f64,
    low: f64,
    high: f64,
}

impl Tally {
    const EMPTY: Self = Self {
        count: 0,
        sum: 0.0,
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
    };

    fn of(value: Option<f64>) -> Self {
        match value.filter(|value| (*value as f32).is_finite()) {
            Some(value) => Self {
                count: 1,
                sum: value,
                low: value,
                high: value,
            },
            None => Self::EMPTY,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }
}

#[derive(Clone, Debug)]
struct Bucket {
    /// Last step in the bucket.
    step: u64,
    records: u64,
    tallies: Vec<Tally>,
}

impl Bucket {
    fn merge(&mut self, other: &Self) {
        self.step = other.step;
        self.records += other.records;
        for (own, others) in self.tallies.iter_mut().zip(&other.tallies) {
            own.merge(others);
        }
    }
}

/// One point of a loss's curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// Step at the end of the point's bucket.
    pub(super) step: u64,
    /// Mean over the bucket.
    pub(super) mean: f64,
    /// Smallest value in the bucket.
    pub(super) low: f64,
    /// Largest value in the bucket.
    pub(super) high: f64,
}

/// All losses of the run so far.
#[derive(Clone, Debug)]
pub(super) struct History {
    names: Vec<String>,
    records_per_bucket: u64,
    buckets: Vec<Bucket>,
}

impl History {
    /// An empty history of the losses `names`.
    pub(super) fn new(names: &[String]) -> Self {
        Self {
            names: names.to_vec(),
            records_per_bucket: 1,
            buckets: Vec::new(),
        }
    }

    /// The losses' names, in the order of the log.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Adds a row of the log.
    pub(super) fn push(&mut self, row: &Row) {
        let bucket = Bucket {
            step: row.step,
            records: 1,
            tallies: row.losses.iter().map(|loss| Tally::of(*loss)).collect(),
        };
        match self.buckets.last_mut() {
            Some(last) if last.records < self.records_per_bucket => last.merge(&bucket),
            _ => {
                if self.buckets.len() == MAX_BUCKETS {
                    self.merge_neighbours();
                }
                self.buckets.push(bucket);
            }
        }
    }

    /// The curve of loss number `index`, without the buckets in which it never was finite.
    pub(super) fn curve(&self, index: usize) -> Vec<Point> {
        let point = |bucket: &Bucket| {
            let tally = bucket.tallies.get(index).filter(|tally| tally.count > 0)?;
            Some(Point {
                step: bucket.step,
                mean: tally.sum / f64::from(tally.count),
                low: tally.low,
                high: tally.high,
            })
        };
        self.buckets.iter().filter_map(point).collect()
    }

    fn merge_neighbours(&mut self) {
        self.buckets = self
            .buckets
            .chunks(2)
            .map(|pair| {
                let mut merged = pair[0].clone();
                pair[1..].iter().for_each(|next| merged.merge(next));
                merged
            })
            .collect();
        self.records_per_bucket *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history_of(values: impl IntoIterator<Item = Option<f64>>) -> History {
        let mut history = History::new(&["G_L1".to_owned()]);
        for (index, value) in values.into_iter().enumerate() {
            history.push(&Row {
                step: index as u64 + 1,
                epoch: 1,
                learning_rate: 0.1,
                step_seconds: 0.1,
                data_seconds: 0.0,
                losses: vec![value],
            });
        }
        history
    }

    #[test]
    fn short_runs_keep_every_value() {
        let curve = history_of([Some(3.0), None, Some(f64::NAN), Some(5.0)]).curve(0);
        let values: Vec<_> = curve.iter().map(|point| (point.step, point.mean)).collect();
        assert_eq!(values, [(1, 3.0), (4, 5.0)]);
    }

    #[test]
    fn long_runs_stay_bounded_and_keep_mean_and_extremes() {
        let num_steps = 100_001;
        let values = (0..num_steps).map(|step| Some(f64::from(step % 2)));
        let curve = history_of(values).curve(0);
        assert!(curve.len() <= MAX_BUCKETS && curve.len() > MAX_BUCKETS / 4);
        assert_eq!(curve.last().unwrap().step, u64::from(num_steps as u32));
        let Point {
            mean, low, high, ..
        } = curve[0];
        assert_eq!((mean, low, high), (0.5, 0.0, 1.0));
    }
}
