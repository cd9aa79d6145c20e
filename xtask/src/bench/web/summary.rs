//! Turns of one side taken together.

use std::env;

use serde::Serialize;

use super::Device;
use super::report::{Build, Download, Machine, Measurement, Model, Report, Side};

/// What the documentation keeps of a run.
#[derive(Debug, Serialize)]
pub struct Summaries {
    /// How it was measured.
    command: String,
    pub machine: Machine,
    pub models: Vec<ModelSummary>,
}

/// One model.
#[derive(Debug, Serialize)]
pub struct ModelSummary {
    pub title: String,
    pub width: u32,
    pub height: u32,
    pub sides: Vec<Summary>,
}

/// One side on one device, in all turns. Milliseconds and bytes.
#[derive(Debug, PartialEq, Serialize)]
pub struct Summary {
    pub side: Side,
    /// Of our module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    pub device: Device,
    pub first_run: f64,
    pub first_picture: f64,
    pub median: f64,
    pub p95: f64,
    pub fastest: f64,
    pub pictures: usize,
    pub conversion: f64,
    pub pipelines: u32,
    pub wasm_bytes: u64,
    pub added_bytes: Option<u64>,
    pub difference: Option<f64>,
    pub engine: Size,
    pub weights: Size,
}

/// Bytes of some files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    pub raw: u64,
    pub gzip: u64,
}

impl Summaries {
    /// Of everything that was measured.
    pub fn of(report: &Report) -> Self {
        let words: Vec<_> = env::args().skip(1).collect();
        Self {
            command: format!("cargo xtask {}", words.join(" ")),
            machine: report.machine.clone(),
            models: report.models.iter().map(model).collect(),
        }
    }
}

impl ModelSummary {
    /// One side on one device.
    pub fn find(&self, side: Side, build: Option<Build>, device: Device) -> Option<&Summary> {
        let wanted = |one: &&Summary| (one.side, one.build, one.device) == (side, build, device);
        self.sides.iter().find(wanted)
    }
}

/// Who is told apart: ORT has no builds of ours.
const WHO: [(Side, Option<Build>); 3] = [
    (Side::Underpaint, Some(Build::Relaxed)),
    (Side::Underpaint, Some(Build::Plain)),
    (Side::Ort, None),
];

fn model(model: &Model) -> ModelSummary {
    let mut sides = Vec::new();
    for device in [Device::Webgpu, Device::Cpu] {
        for (side, build) in WHO {
            let wanted = |one: &&Measurement| {
                one.side == side && one.device == device && build.is_none_or(|b| b == one.build)
            };
            let found = model.measured.measurements.iter().filter(wanted);
            sides.extend(combined(found, build));
        }
    }
    ModelSummary {
        title: model.title.clone(),
        width: model.measured.width,
        height: model.measured.height,
        sides,
    }
}

/// Latencies of all turns together; of memory and differences the largest, of all else the median (with
/// two turns: their mean).
fn combined<'a>(
    measurements: impl Iterator<Item = &'a Measurement>,
    build: Option<Build>,
) -> Option<Summary> {
    let measurements: Vec<_> = measurements.collect();
    let first = measurements.first()?;
    let middle = |value: fn(&Measurement) -> f64| {
        percentile(&ordered(measurements.iter().map(|one| value(one))), 0.5)
    };
    let latencies = ordered(measurements.iter().flat_map(|one| one.latencies.clone()));
    let all = || measurements.iter();
    Some(Summary {
        side: first.side,
        build,
        device: first.device,
        first_run: middle(|one| one.first_run),
        first_picture: middle(|one| one.first_picture),
        median: percentile(&latencies, 0.5),
        p95: percentile(&latencies, 0.95),
        fastest: percentile(&latencies, 0.0),
        pictures: latencies.len(),
        conversion: middle(|one| one.conversion),
        pipelines: all().map(|one| one.pipelines).max()?,
        wasm_bytes: all().map(|one| one.wasm_bytes).max()?,
        added_bytes: all().filter_map(|one| one.added_bytes).max(),
        difference: all()
            .map(|one| one.difference)
            .reduce(|one, other| Some(one?.max(other?)))?,
        engine: size_of(&first.downloads, |path| !is_weights(path)),
        weights: size_of(&first.downloads, is_weights),
    })
}

fn size_of(downloads: &[Download], counts: impl Fn(&str) -> bool) -> Size {
    let files = downloads.iter().filter(|file| counts(&file.path));
    files.fold(Size::default(), |sum, file| Size {
        raw: sum.raw + file.raw,
        gzip: sum.gzip + file.gzip,
    })
}

/// Whether a download is the model rather than what runs it.
fn is_weights(path: &str) -> bool {
    path == "model.onnx" || path.starts_with("bundle/")
}

fn ordered(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Linear interpolation between the closest ranks of a sorted list.
fn percentile(ordered: &[f64], fraction: f64) -> f64 {
    let place = fraction * (ordered.len().saturating_sub(1)) as f64;
    let rank = |index: f64| ordered.get(index as usize).copied().unwrap_or(f64::NAN);
    let (low, high) = (rank(place.floor()), rank(place.ceil()));
    low + place.fract() * (high - low)
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::{measurement, report};
    use super::*;

    #[test]
    fn turns_share_one_distribution_of_latencies() {
        let turns = [
            measurement(10.0, &[5.0, 1.0]),
            measurement(30.0, &[2.0, 4.0, 3.0]),
        ];
        let all = combined(turns.iter(), None).unwrap();
        assert_eq!((all.fastest, all.median, all.pictures), (1.0, 3.0, 5));
        assert_eq!(all.first_picture, 20.0);
        assert_eq!(combined([].iter(), None), None);
    }

    #[test]
    fn downloads_are_told_apart_and_counted_once() {
        let turns = [measurement(1.0, &[1.0]), measurement(1.0, &[1.0])];
        let all = combined(turns.iter(), None).unwrap();
        assert_eq!(all.engine, Size { raw: 24, gzip: 12 });
        assert_eq!(all.weights, Size { raw: 100, gzip: 50 });
        assert!(is_weights("bundle/weights.safetensors"));
    }

    #[test]
    fn the_largest_difference_and_peak_count() {
        let one = measurement(1.0, &[1.0]);
        let mut other = one.clone();
        (other.difference, other.added_bytes) = (Some(0.5), None);
        let all = combined([one.clone(), other.clone()].iter(), None).unwrap();
        assert_eq!((all.difference, all.added_bytes), (Some(0.5), Some(2000)));
        other.difference = None;
        assert_eq!(
            combined([one, other].iter(), None).unwrap().difference,
            None
        );
    }

    #[test]
    fn builds_of_our_module_are_told_apart() {
        let ours = |build, latency| Measurement {
            side: Side::Underpaint,
            build,
            ..measurement(1.0, &[latency])
        };
        let found = vec![
            ours(Build::Relaxed, 2.0),
            ours(Build::Plain, 3.0),
            measurement(1.0, &[4.0]),
        ];
        let summaries = Summaries::of(&report(found));
        let of = |side, build| {
            let found = summaries.models[0].find(side, build, Device::Cpu);
            found.unwrap().median
        };
        assert_eq!(of(Side::Underpaint, Some(Build::Relaxed)), 2.0);
        assert_eq!(of(Side::Underpaint, Some(Build::Plain)), 3.0);
        assert_eq!(of(Side::Ort, None), 4.0);
    }

    #[test]
    fn percentiles_lie_between_ranks() {
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(percentile(&[7.0], 0.95), 7.0);
        assert!(percentile(&[], 0.5).is_nan());
    }
}
