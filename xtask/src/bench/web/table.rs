//! How a run of `cargo xtask bench web` is printed.

use super::Device;
use super::report::{Build, Side};
use super::summary::{ModelSummary, Summaries, Summary};

/// Prints a table for each model and device.
pub fn print(summaries: &Summaries) {
    let machine = &summaries.machine;
    println!(
        "\nChromium {}, WebGPU on {}",
        machine.chromium, machine.adapter
    );
    for model in &summaries.models {
        println!("\n{}, {}x{}", model.title, model.width, model.height);
        for device in [Device::Webgpu, Device::Cpu] {
            print!("{}", table(model, device));
        }
    }
}

/// A row of numbers; less is better.
struct Row {
    title: &'static str,
    value: fn(&Summary) -> Option<f64>,
    decimals: usize,
}

const fn row(title: &'static str, decimals: usize, value: fn(&Summary) -> Option<f64>) -> Row {
    Row {
        title,
        value,
        decimals,
    }
}

const ROWS: [Row; 12] = [
    row("cold, network has run (ms)", 0, |one| Some(one.first_run)),
    row("cold, first picture (ms)", 0, |one| Some(one.first_picture)),
    row("latency, median (ms)", 1, |one| Some(one.median)),
    row("latency, 95th percentile (ms)", 1, |one| Some(one.p95)),
    row("latency, fastest (ms)", 1, |one| Some(one.fastest)),
    row("pipelines", 0, |one| {
        (one.device == Device::Webgpu).then_some(f64::from(one.pipelines))
    }),
    row("wasm memory (MiB)", 1, |one| {
        mebibytes(Some(one.wasm_bytes))
    }),
    row("processes, added at most (MiB)", 1, |one| {
        mebibytes(one.added_bytes)
    }),
    row("engine: wasm + js (kB)", 0, |one| kilobytes(one.engine.raw)),
    row("engine, gzip (kB)", 0, |one| kilobytes(one.engine.gzip)),
    row("model, gzip (kB)", 0, |one| kilobytes(one.weights.gzip)),
    row("download, gzip (kB)", 0, |one| {
        kilobytes(one.engine.gzip + one.weights.gzip)
    }),
];

fn mebibytes(bytes: Option<u64>) -> Option<f64> {
    bytes.map(|bytes| bytes as f64 / f64::from(1 << 20))
}

#[allow(clippy::unnecessary_wraps, reason = "a row may have no value")]
fn kilobytes(bytes: u64) -> Option<f64> {
    Some(bytes as f64 / 1000.0)
}

/// Empty where one of the sides was not measured.
fn table(model: &ModelSummary, device: Device) -> String {
    let ours = model.find(Side::Underpaint, Some(Build::Relaxed), device);
    let plain = model.find(Side::Underpaint, Some(Build::Plain), device);
    let (Some(ours), Some(peer)) = (ours, model.find(Side::Ort, None, device)) else {
        return String::new();
    };
    let columns: Vec<_> = [Some(ours), plain].into_iter().flatten().collect();
    let title = match device {
        Device::Webgpu => "WebGPU",
        Device::Cpu => "CPU, one thread",
    };
    let mut text = format!("{title:<34}");
    for one in &columns {
        let name = match (device, one.build) {
            (Device::Cpu, Some(Build::Relaxed)) => "relaxed",
            (Device::Cpu, _) => "plain",
            (Device::Webgpu, _) => "underpaint",
        };
        text.push_str(&format!("{name:>12}{:>8}", "ratio"));
    }
    text.push_str(&format!("{:>12}\n", "ORT Web"));
    for Row {
        title,
        value,
        decimals,
    } in &ROWS
    {
        let Some(theirs) = value(peer) else {
            continue;
        };
        text.push_str(&format!("{title:<34}"));
        for one in &columns {
            let number = value(one).unwrap_or(f64::NAN);
            text.push_str(&format!("{number:>12.decimals$}{:>8.2}", number / theirs));
        }
        text.push_str(&format!("{theirs:>12.decimals$}\n"));
    }
    text.push_str(&format!("{:<34}", "difference from native code"));
    for one in &columns {
        text.push_str(&format!("{:>12}{:>8}", scientific(one.difference), ""));
    }
    text.push_str(&format!("{:>12}\n", scientific(peer.difference)));
    text.push_str(&format!(
        "{} and {} pictures; of ORT Web's latency, {:.1} ms is encoding and decoding in JavaScript\n",
        ours.pictures, peer.pictures, peer.conversion
    ));
    text
}

fn scientific(difference: Option<f64>) -> String {
    difference.map_or_else(
        || "infinite".to_owned(),
        |difference| format!("{difference:.1e}"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::report::Measurement;
    use super::super::report::tests::{measurement, report};
    use super::*;

    #[test]
    fn the_table_shows_both_builds_and_their_ratios() {
        let ours = |build, latency| Measurement {
            side: Side::Underpaint,
            build,
            ..measurement(1.0, &[latency])
        };
        let found = vec![
            ours(Build::Relaxed, 15.0),
            ours(Build::Plain, 30.0),
            measurement(1.0, &[20.0]),
        ];
        let summaries = Summaries::of(&report(found));
        let text = table(&summaries.models[0], Device::Cpu);
        let median = text.lines().find(|line| line.contains("median")).unwrap();
        let words: Vec<_> = median.split_whitespace().skip(3).collect();
        assert_eq!(words, ["15.0", "0.75", "30.0", "1.50", "20.0"]);
        assert!(!text.contains("pipelines"), "{text}");
        assert_eq!(table(&summaries.models[0], Device::Webgpu), "");
    }
}
