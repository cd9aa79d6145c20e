//! The program as people run it: one child process per command, in a folder of its own.

mod bundle;
mod checkpoints;
mod config;
mod dataset;
mod errors;
mod evaluate;
mod export_all;
mod families;
mod families_train;
mod features;
mod fid;
mod frames;
mod generate;
mod generate_many;
mod import;
mod import_files;
mod labels;
mod layouts;
#[cfg(feature = "tch")]
mod libtorch;
mod migrating;
#[cfg(all(feature = "tch", target_os = "linux"))]
mod npu;
mod onnx;
mod resume;
#[cfg(all(target_os = "linux", feature = "tch"))]
mod several;
#[cfg(unix)]
mod signals;
mod sizes;
mod train;
mod upsampling;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use image::RgbImage;
use tempfile::TempDir;
use underpaint::command::Cli;
use underpaint::data::synthetic::{SynthesizeOptions, synthesize};
use underpaint_core::bundle::{WeightDtype, decode_weights, encode_weights};
use underpaint_core::state_dict::{StateDict, StateTensor};

/// A command that takes longer hangs; they take about a second.
const DEADLINE: Duration = Duration::from_secs(300);

/// Settings of all runs here, where a test says nothing else: the smallest U-Net.
const TINY: &str = "net_g = \"unet_32\"\nngf = 4\nndf = 4\nsize = 32\nload_size = 36\n";

/// The smallest U-Net that has dropout layers: the authors give them to the levels of full width
/// only, of which `unet_32` has none besides the innermost.
const UNET_64: &str = "--net-g unet_64 --size 64 --load-size 72";

/// A folder to work in, removed with the test.
struct Place {
    folder: TempDir,
}

impl Place {
    /// A folder with nothing but `tiny.toml`.
    fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("tiny.toml"), TINY).expect("written");
        Self { folder }
    }

    /// A folder with `data`: landscapes of 32 pixels, `train` to train on and `val` held out.
    fn with_landscapes(train: usize, val: usize) -> Self {
        Self::with_landscapes_of(32, train, val)
    }

    /// As [`with_landscapes`](Self::with_landscapes), of another side.
    fn with_landscapes_of(size: u32, train: usize, val: usize) -> Self {
        let place = Self::empty();
        let options = SynthesizeOptions {
            count: train + val,
            size,
            seed: 7,
            output: place.path("data"),
            val_count: Some(val),
            moods: Vec::new(),
        };
        synthesize(&options, &|_| {}).expect("landscapes");
        if val == 0 {
            for phase in ["val", "val_label", "val_img"] {
                fs::remove_dir(place.path("data").join(phase)).expect("an empty folder");
            }
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("text")
    }

    fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.read(name)).expect("JSON")
    }

    fn weights(&self, name: &str) -> StateDict {
        decode_weights(&self.read(name)).expect("safetensors")
    }

    fn write_weights(&self, name: &str, dict: &StateDict) {
        self.write(
            name,
            encode_weights(dict, WeightDtype::F32).expect("safetensors"),
        );
    }

    /// Writes a [`picture`], in the format that its name says.
    fn draw(&self, name: &str, width: u32, height: u32, seed: u32) {
        self.write(name, "");
        let path = self.path(name);
        picture(width, height, seed).save(path).expect("saved");
    }

    /// Changes one bit in the middle of a file.
    fn damage(&self, name: &str) {
        let mut bytes = self.read(name);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        self.write(name, bytes);
    }

    /// Starts `underpaint` with arguments between spaces, in this folder.
    fn start(&self, arguments: &str) -> Running {
        self.start_with(arguments, &[])
    }

    /// As [`start`](Self::start), with variables added to the environment.
    fn start_with(&self, arguments: &str, variables: &[(&str, &Path)]) -> Running {
        let output = || tempfile::tempfile().expect("a file");
        let (stdout, stderr) = (output(), output());
        let stdio = |file: &File| Stdio::from(file.try_clone().expect("a handle"));
        let child = Command::new(env!("CARGO_BIN_EXE_underpaint-under-test"))
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            // Weights that someone has brought to this machine are none of the tests'.
            .env("UNDERPAINT_CACHE", self.path("cache"))
            // Tests run side by side: libtorch's threads would wait for each other.
            .env("OMP_NUM_THREADS", "1")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(stdio(&stdout))
            .stderr(stdio(&stderr))
            .spawn()
            .expect("the program starts");
        Running {
            arguments: arguments.to_owned(),
            child,
            stdout,
            stderr,
        }
    }

    /// Runs a command that must succeed.
    fn run(&self, arguments: &str) -> Finished {
        let finished = self.start(arguments).wait();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        finished
    }

    /// Runs a command that must end with an error message for people that holds all of `parts`.
    fn fails(&self, arguments: &str, parts: &[&str]) -> Finished {
        let finished = self.start(arguments).wait();
        assert!(
            matches!(finished.code, Some(1..=2)),
            "an error is exit code 1 or 2: {finished:?}"
        );
        let told = format!("{}{}", finished.stdout, finished.stderr);
        assert!(!told.contains("panicked"), "{finished:?}");
        for part in parts {
            assert!(
                told.contains(part),
                "expected {part:?} in the message: {finished:?}"
            );
        }
        finished
    }

    /// Trains on `data` with the tiny settings and those given.
    fn train(&self, run: &str, arguments: &str) -> Finished {
        self.run(&train_command(run, arguments))
    }

    /// The newest checkpoint of a run: every file by name.
    fn checkpoint(&self, run: &str) -> BTreeMap<String, Vec<u8>> {
        let folder = self.newest_checkpoint(run);
        file_names(&self.path(&folder))
            .into_iter()
            .map(|name| (name.clone(), self.read(&format!("{folder}/{name}"))))
            .collect()
    }

    /// Folder of the newest checkpoint, `RUN/checkpoints/step-…`.
    fn newest_checkpoint(&self, run: &str) -> String {
        let names = file_names(&self.path(&format!("{run}/checkpoints")));
        let newest = names.iter().rfind(|name| name.starts_with("step-"));
        format!("{run}/checkpoints/{}", newest.expect("a checkpoint"))
    }

    /// `losses.csv` without the two columns of seconds; the first row holds the names.
    fn losses(&self, run: &str) -> Vec<Vec<String>> {
        let text = self.text(&format!("{run}/losses.csv"));
        let without_seconds = |line: &str| {
            let cells = line.split(',').enumerate();
            cells
                .filter(|(column, _)| !(3..5).contains(column))
                .map(|(_, cell)| cell.to_owned())
                .collect()
        };
        text.lines().map(without_seconds).collect()
    }

    /// One column of `losses.csv` as numbers.
    fn column(&self, run: &str, name: &str) -> Vec<f64> {
        let cells = self.column_text(run, name);
        cells
            .iter()
            .map(|cell| cell.parse().expect("a number"))
            .collect()
    }

    /// One column of `losses.csv` as text.
    fn column_text(&self, run: &str, name: &str) -> Vec<String> {
        let rows = self.losses(run);
        let column = rows[0].iter().position(|cell| cell == name).expect(name);
        rows[1..].iter().map(|row| row[column].clone()).collect()
    }

    /// Two runs ended in the same state, bit for bit, after the same losses and samples.
    fn assert_same_run(&self, found: &str, expected: &str, context: &str) {
        assert_eq!(self.losses(found), self.losses(expected), "{context}");
        let (found_files, expected_files) = (self.checkpoint(found), self.checkpoint(expected));
        assert!(
            found_files.len() >= 5,
            "{context}: {:?}",
            found_files.keys()
        );
        let names = |files: &BTreeMap<_, _>| files.keys().cloned().collect::<Vec<String>>();
        assert_eq!(names(&found_files), names(&expected_files), "{context}");
        for (name, bytes) in &found_files {
            assert!(*bytes == expected_files[name], "{context}: {name} differs");
        }
        let samples = |run: &str| self.tree(&format!("{run}/samples"));
        assert_eq!(
            samples(found),
            samples(expected),
            "{context}: sample pictures"
        );
    }

    /// Every file below a folder with its bytes.
    fn tree(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let names = file_names(&self.path(folder));
        let read = |name: String| (name.clone(), self.read(&format!("{folder}/{name}")));
        names.into_iter().map(read).collect()
    }
}

/// What a command ends with, from within this process: for tables of many, where starting the
/// program would take most of the time. Paths are absolute.
fn refused_here(arguments: &str) -> String {
    let words = ["underpaint"]
        .into_iter()
        .chain(arguments.split_whitespace());
    match Cli::try_parse_from(words) {
        Err(error) => error.to_string(),
        Ok(cli) => match cli.run() {
            Err(error) => format!("{error:#}"),
            Ok(_) => panic!("underpaint {arguments} is not refused"),
        },
    }
}

/// `train pix2pix` on `data` into `run`.
fn train_command(run: &str, arguments: &str) -> String {
    format!("train pix2pix --data data --config tiny.toml --output {run} --quiet {arguments}")
}

/// What `generate` remembers of a folder of pictures, in it.
const RECORD: &str = ".underpaint-generate.json";

/// Names of the files and folders in a folder, sorted, but for the record of `generate`.
fn file_names(folder: &Path) -> Vec<String> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.expect("an entry").file_name();
        name.into_string().expect("UTF-8")
    };
    let names = entries.map(name).filter(|name| name != RECORD);
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A command that has not ended; it is ended if the test is.
struct Running {
    arguments: String,
    child: Child,
    stdout: File,
    stderr: File,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if it has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Waits until it has ended.
    fn wait(mut self) -> Finished {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(
                started.elapsed() < DEADLINE,
                "underpaint {} hangs: {}",
                self.arguments,
                content(&mut self.stderr)
            );
            std::thread::sleep(Duration::from_millis(2));
        };
        Finished {
            arguments: self.arguments.clone(),
            code: status.code(),
            stdout: content(&mut self.stdout),
            stderr: content(&mut self.stderr),
        }
    }
}

fn content(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().expect("the beginning");
    file.read_to_end(&mut bytes).expect("read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How a command ended. `code` is empty after a signal.
#[derive(Debug)]
#[expect(dead_code, reason = "printed when an assertion fails")]
struct Finished {
    arguments: String,
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Largest difference between two tensors of the same shape.
fn distance(found: &StateTensor, expected: &StateTensor) -> f32 {
    assert_eq!(found.shape, expected.shape);
    let pairs = found.values.iter().zip(&expected.values);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, |largest, d| {
        if d.is_nan() {
            f32::INFINITY
        } else {
            d.max(largest)
        }
    })
}

/// A tensor with values in `[-1, 1]`.
fn wave(shape: &[usize]) -> StateTensor {
    let count: usize = shape.iter().product();
    let values = (0..count).map(|i| (i as f32 / 19.0).sin()).collect();
    StateTensor {
        shape: shape.to_vec(),
        values,
    }
}

/// A picture whose pixels depend on the seed and are neither flat nor noise.
fn picture(width: u32, height: u32, seed: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let wave = |phase: u32| {
            let angle = (x * (2 + seed % 3) + y * 3 + 40 * (phase + seed)) as f32 / 9.0;
            (128.0 + 100.0 * angle.sin()) as u8
        };
        image::Rgb([wave(0), wave(1), wave(2)])
    })
}

fn size_of(path: &Path) -> (u32, u32) {
    image::image_dimensions(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
