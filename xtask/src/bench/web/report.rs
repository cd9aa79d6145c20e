//! What a run of `cargo xtask bench web` has measured.

use std::fs;
use std::process::Command;
use std::thread;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::models::Subject;
use super::{Device, OrtBuild};
use crate::process;
use crate::project::Project;

/// Outputs of one network, before rounding, in [-1, 1]: f32 in another order. What the project
/// promises between the browser and the native program.
const MOST_DIFFERENCE: f64 = 1e-3;
/// Of the peer, which promises nothing: enough to see that it runs the same network. Its instance norms
/// of flat pictures, in an untrained ResNet, are the farthest away that was seen: 1.1e-2.
const MOST_DIFFERENCE_OF_PEER: f64 = 0.1;

/// Who computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Underpaint,
    Ort,
}

/// A build of our module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Build {
    Relaxed,
    Plain,
}

/// All models.
#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub models: Vec<Model>,
}

/// Where and of what it was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor's name, as Linux tells it.
    processor: String,
    threads: usize,
    /// Chromium's version.
    pub chromium: String,
    /// What WebGPU runs on, as the browser names it.
    pub adapter: String,
    /// Build of ONNX Runtime Web for WebGPU.
    ort_build: OrtBuild,
    /// Of this repository.
    commit: String,
}

/// One model on all devices.
#[derive(Debug, Serialize)]
pub struct Model {
    pub title: String,
    #[serde(flatten)]
    pub measured: Measured,
}

/// What the driver prints as its last line on stdout.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    pub chromium: String,
    pub adapter: String,
    pub width: u32,
    pub height: u32,
    pub measurements: Vec<Measurement>,
}

/// One side on one device in one turn. Milliseconds and bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measurement {
    pub side: Side,
    pub build: Build,
    pub device: Device,
    /// From starting the worker until the network has run once.
    pub first_run: f64,
    /// From starting the worker until there is a picture of the scene.
    pub first_picture: f64,
    /// From the scene to its picture.
    pub latencies: Vec<f64>,
    /// Of a latency: encoding and decoding in JavaScript, median.
    pub conversion: f64,
    /// Compute pipelines that were created.
    pub pipelines: u32,
    /// Of the engine's WebAssembly memories.
    pub wasm_bytes: u64,
    /// What came in addition to the page's and the adapter's processes, at most, where that is known.
    pub added_bytes: Option<u64>,
    /// Largest difference from what the native program computes, in [-1, 1].
    pub difference: Option<f64>,
    pub downloads: Vec<Download>,
}

/// A file that a side fetched, in bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Download {
    pub path: String,
    pub raw: u64,
    pub gzip: u64,
}

impl Report {
    /// Nothing measured yet.
    pub fn new(project: &Project, ort_build: OrtBuild) -> Self {
        let mut git = Command::new("git");
        git.args(["describe", "--always", "--dirty"])
            .current_dir(&project.root);
        let commit = process::stdout_of(&mut git).unwrap_or_default();
        let machine = Machine {
            processor: processor(),
            threads: thread::available_parallelism().map_or(1, usize::from),
            chromium: String::new(),
            adapter: String::new(),
            ort_build,
            commit: commit.trim().to_owned(),
        };
        Self {
            machine,
            models: Vec::new(),
        }
    }

    /// Takes what was measured of a model.
    pub fn add(&mut self, subject: &Subject, measured: Measured) {
        self.machine.chromium.clone_from(&measured.chromium);
        self.machine.adapter.clone_from(&measured.adapter);
        let title = subject.title.clone();
        self.models.push(Model { title, measured });
    }

    /// Latencies compare nothing when one side computes something else.
    ///
    /// # Errors
    /// When what a side computes differs from what the native program does.
    pub fn check_agreement(&self) -> Result<()> {
        for model in &self.models {
            for one in &model.measured.measurements {
                // JSON has no infinity: nothing is as far away as anything can be.
                let difference = one.difference.unwrap_or(f64::INFINITY);
                let most = match one.side {
                    Side::Underpaint => MOST_DIFFERENCE,
                    Side::Ort => MOST_DIFFERENCE_OF_PEER,
                };
                if difference > most {
                    bail!(
                        "{}: {:?} on {:?} differs from the native program by {difference:e}, expected \
                         at most {most:e}",
                        model.title,
                        one.side,
                        one.device
                    );
                }
            }
        }
        Ok(())
    }
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    name.map_or_else(String::new, |(_, name)| name.to_owned())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Of ORT on the CPU.
    pub fn measurement(first_picture: f64, latencies: &[f64]) -> Measurement {
        let file = |path: &str, raw| Download {
            path: path.into(),
            raw,
            gzip: raw / 2,
        };
        Measurement {
            side: Side::Ort,
            build: Build::Plain,
            device: Device::Cpu,
            first_run: first_picture,
            first_picture,
            latencies: latencies.to_vec(),
            conversion: 1.0,
            pipelines: 0,
            wasm_bytes: 1000,
            added_bytes: Some(2000),
            difference: Some(1e-6),
            downloads: vec![
                file("model.onnx", 100),
                file("ort/ort.wasm", 20),
                file("ort/ort.mjs", 4),
            ],
        }
    }

    pub fn report(measurements: Vec<Measurement>) -> Report {
        let measured = Measured {
            chromium: "1".into(),
            adapter: String::new(),
            width: 256,
            height: 256,
            measurements,
        };
        let machine = Machine {
            processor: String::new(),
            threads: 1,
            chromium: "1".into(),
            adapter: String::new(),
            ort_build: OrtBuild::All,
            commit: String::new(),
        };
        let title = "a model".into();
        Report {
            machine,
            models: vec![Model { title, measured }],
        }
    }

    #[test]
    fn a_side_that_computes_something_else_is_an_error() {
        let one = |difference| {
            report(vec![Measurement {
                difference,
                ..measurement(1.0, &[1.0])
            }])
        };
        assert!(one(Some(1e-5)).check_agreement().is_ok());
        let error = one(Some(0.5)).check_agreement().unwrap_err();
        assert!(error.to_string().contains("5e-1"), "{error}");
        assert!(one(None).check_agreement().is_err());
        let ours = report(vec![Measurement {
            side: Side::Underpaint,
            difference: Some(1e-2),
            ..measurement(1.0, &[1.0])
        }]);
        assert!(ours.check_agreement().is_err());
    }

    #[test]
    fn what_the_driver_prints_is_read() {
        let line = r#"{"chromium":"1","adapter":"","width":256,"height":256,"measurements":[
            {"side":"underpaint","build":"relaxed","device":"webgpu","first_run":1,"first_picture":2.5,
            "latencies":[3],"conversion":0,"pipelines":7,"wasm_bytes":65536,"added_bytes":null,
            "difference":0.00001,"downloads":[{"path":"pkg/a.js","raw":2,"gzip":1}]}]}"#;
        let measured: Measured = serde_json::from_str(line).unwrap();
        assert_eq!(measured.measurements[0].device, Device::Webgpu);
        assert_eq!(measured.measurements[0].added_bytes, None);
    }
}
