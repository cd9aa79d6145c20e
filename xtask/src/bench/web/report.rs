//! What a run of `cargo xtask bench web` has measured, and its tables.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::Device;

/// Two right pictures differ by no more, in 8-bit levels: sums in another order, then truncation.
const MOST_LEVELS: f64 = 1.0;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Underpaint,
    Ort,
}

/// What the driver prints as its last line on stdout.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// Chromium's version.
    chromium: String,
    /// What WebGPU runs on, as the browser names it.
    adapter: String,
    /// Architecture and width.
    model: String,
    width: u32,
    height: u32,
    /// Largest difference between the two sides' pictures, in 8-bit levels.
    differences: Differences,
    measurements: Vec<Measurement>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Differences {
    webgpu: Option<f64>,
    cpu: Option<f64>,
}

/// One side on one device in one turn. Milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Measurement {
    side: Side,
    device: Device,
    /// From starting the worker until the network has run once.
    first_run: f64,
    /// From starting the worker until there is a picture of the scene.
    first_picture: f64,
    /// From the scene to its picture.
    latencies: Vec<f64>,
    /// Of a latency: encoding and decoding in JavaScript, median.
    conversion: f64,
    downloads: Vec<Download>,
}

/// A file that a side fetched, in bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Download {
    path: String,
    raw: u64,
    gzip: u64,
}

impl Report {
    /// Prints one table for each device.
    pub fn print(&self, devices: &[Device]) {
        println!(
            "\n{}, {}x{}, Chromium {}",
            self.model, self.width, self.height, self.chromium
        );
        for &device in devices {
            let all = |side| {
                let wanted = |found: &&Measurement| found.side == side && found.device == device;
                combined(self.measurements.iter().filter(wanted))
            };
            let (title, difference) = match device {
                Device::Webgpu => (
                    format!("WebGPU ({})", self.adapter),
                    self.differences.webgpu,
                ),
                Device::Cpu => ("CPU, one thread".to_owned(), self.differences.cpu),
            };
            let (Some(ours), Some(peer)) = (all(Side::Underpaint), all(Side::Ort)) else {
                continue;
            };
            println!("\n{title}");
            print!("{}", table(&ours, &peer));
            if let Some(levels) = difference {
                println!("pictures differ by at most {levels} of 255");
            }
        }
    }

    /// Latencies compare nothing when one side computes something else.
    ///
    /// # Errors
    /// When the sides' pictures differ.
    pub fn check_agreement(&self) -> Result<()> {
        for (device, levels) in [
            ("WebGPU", self.differences.webgpu),
            ("CPU", self.differences.cpu),
        ] {
            if let Some(levels) = levels.filter(|&levels| levels > MOST_LEVELS) {
                bail!(
                    "on {device} the sides' pictures differ by {levels} of 255 levels, expected at most \
                 {MOST_LEVELS}: one of them is wrong"
                );
            }
        }
        Ok(())
    }
}

/// One side on one device in all turns.
#[derive(Debug, PartialEq)]
struct Summary {
    first_run: f64,
    first_picture: f64,
    /// In order.
    latencies: Vec<f64>,
    conversion: f64,
    engine: Size,
    weights: Size,
}

/// Bytes of some files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Size {
    raw: u64,
    gzip: u64,
}

/// Latencies of all turns together; of all else the median (with two turns: their mean).
fn combined<'a>(measurements: impl Iterator<Item = &'a Measurement>) -> Option<Summary> {
    let measurements: Vec<_> = measurements.collect();
    let first = measurements.first()?;
    let middle = |value: fn(&Measurement) -> f64| {
        percentile(&ordered(measurements.iter().map(|one| value(one))), 0.5)
    };
    let of = |weights: bool| {
        let kind = |file: &&Download| is_weights(&file.path) == weights;
        let files = first.downloads.iter().filter(kind);
        files.fold(Size::default(), |sum, file| Size {
            raw: sum.raw + file.raw,
            gzip: sum.gzip + file.gzip,
        })
    };
    Some(Summary {
        first_run: middle(|one| one.first_run),
        first_picture: middle(|one| one.first_picture),
        latencies: ordered(measurements.iter().flat_map(|one| one.latencies.clone())),
        conversion: middle(|one| one.conversion),
        engine: of(false),
        weights: of(true),
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

fn table(ours: &Summary, peer: &Summary) -> String {
    let mut text = format!(
        "{:<36}{:>12}{:>12}{:>10}\n",
        "", "underpaint", "ORT Web", "ratio"
    );
    let mut row = |title: &str, value: &dyn Fn(&Summary) -> f64, decimals: usize| {
        let (ours, peer) = (value(ours), value(peer));
        text.push_str(&format!(
            "{title:<36}{ours:>12.decimals$}{peer:>12.decimals$}{:>10.2}\n",
            ours / peer
        ));
    };
    row("cold, network has run (ms)", &|one| one.first_run, 0);
    row("cold, first picture (ms)", &|one| one.first_picture, 0);
    row(
        "latency, median (ms)",
        &|one| percentile(&one.latencies, 0.5),
        1,
    );
    row(
        "latency, 95th percentile (ms)",
        &|one| percentile(&one.latencies, 0.95),
        1,
    );
    row(
        "latency, fastest (ms)",
        &|one| percentile(&one.latencies, 0.0),
        1,
    );
    let kilobytes = |bytes: u64| bytes as f64 / 1000.0;
    row(
        "engine: wasm + js (kB)",
        &|one| kilobytes(one.engine.raw),
        0,
    );
    row("engine, gzip (kB)", &|one| kilobytes(one.engine.gzip), 0);
    row("model (kB)", &|one| kilobytes(one.weights.raw), 0);
    row("model, gzip (kB)", &|one| kilobytes(one.weights.gzip), 0);
    let total = |one: &Summary| kilobytes(one.engine.gzip + one.weights.gzip);
    row("download, gzip (kB)", &total, 0);
    text.push_str(&format!(
        "{} and {} pictures; of ORT Web's latency, {:.1} ms is encoding and decoding in JavaScript\n",
        ours.latencies.len(),
        peer.latencies.len(),
        peer.conversion
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement(first_picture: f64, latencies: &[f64]) -> Measurement {
        let file = |path: &str, raw| Download {
            path: path.into(),
            raw,
            gzip: raw / 2,
        };
        Measurement {
            side: Side::Ort,
            device: Device::Cpu,
            first_run: first_picture,
            first_picture,
            latencies: latencies.to_vec(),
            conversion: 1.0,
            downloads: vec![
                file("model.onnx", 100),
                file("ort/ort.wasm", 20),
                file("ort/ort.mjs", 4),
            ],
        }
    }

    #[test]
    fn turns_share_one_distribution_of_latencies() {
        let turns = [
            measurement(10.0, &[5.0, 1.0]),
            measurement(30.0, &[2.0, 4.0, 3.0]),
        ];
        let all = combined(turns.iter()).unwrap();
        assert_eq!(all.latencies, [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(all.first_picture, 20.0);
        assert_eq!(combined([].iter()), None);
    }

    #[test]
    fn downloads_are_told_apart_and_counted_once() {
        let turns = [measurement(1.0, &[1.0]), measurement(1.0, &[1.0])];
        let all = combined(turns.iter()).unwrap();
        assert_eq!(all.engine, Size { raw: 24, gzip: 12 });
        assert_eq!(all.weights, Size { raw: 100, gzip: 50 });
        assert!(is_weights("bundle/weights.safetensors"));
    }

    #[test]
    fn percentiles_lie_between_ranks() {
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(percentile(&[7.0], 0.95), 7.0);
        assert!(percentile(&[], 0.5).is_nan());
    }

    #[test]
    fn sides_that_paint_different_pictures_are_an_error() {
        let report = |cpu| Report {
            chromium: String::new(),
            adapter: String::new(),
            model: String::new(),
            width: 256,
            height: 256,
            differences: Differences { webgpu: None, cpu },
            measurements: Vec::new(),
        };
        assert!(report(Some(1.0)).check_agreement().is_ok());
        let error = report(Some(173.0)).check_agreement().unwrap_err();
        assert!(error.to_string().contains("173"), "{error}");
    }

    #[test]
    fn a_report_is_read_from_json() {
        let line = r#"{"chromium":"1","adapter":"","model":"unet_256, width 16","kind":"labels","width":256,
            "height":256,"differences":{"cpu":1},"measurements":[{"side":"underpaint",
            "device":"webgpu","first_run":1,"first_picture":2.5,"latencies":[3],
            "conversion":0,"downloads":[{"path":"pkg/a.js","raw":2,"gzip":1}]}]}"#;
        let report: Report = serde_json::from_str(line).unwrap();
        assert_eq!(report.differences.webgpu, None);
        assert_eq!(report.measurements[0].device, Device::Webgpu);
    }

    #[test]
    fn the_table_shows_the_ratio() {
        let ours = combined([measurement(30.0, &[30.0])].iter()).unwrap();
        let peer = combined([measurement(20.0, &[20.0])].iter()).unwrap();
        assert!(table(&ours, &peer).contains("1.50"));
    }
}
