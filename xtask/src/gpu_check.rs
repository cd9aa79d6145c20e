//! `cargo xtask gpu-check --pack DIR`: everything that a machine with a GPU, Python and PyTorch needs to
//! show what Underpaint does there, in two files.
//!
//! The program is built against the PyTorch of that machine, so that it runs with the libraries that are
//! there. tch 0.22 is written for another release: its version check is told to look away, and the first
//! thing that the script does is the parity of all fixtures.

use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::process;
use crate::project::Project;
use crate::python;

/// Name of the program in the archive; `gpu_check.py` knows it.
const PROGRAM: &str = "underpaint-gpu-check";
/// The script, which lies beside the archive.
const SCRIPT: &str = "gpu_check.py";
/// What the script starts and what that imports, from `tests/bench`.
const PEERS: [&str; 4] = [
    "gpu_check_peer.py",
    "pytorch_train_step.py",
    "pytorch_trainers.py",
    "pytorch_generators.py",
];
/// Largest size of the stripped program, in bytes.
const LARGEST: u64 = 60 << 20;

/// Options of `cargo xtask gpu-check`.
#[derive(clap::Args)]
pub struct Args {
    /// Write the two files into this folder
    #[arg(long, value_name = "DIR")]
    pack: PathBuf,
    /// Release of PyTorch on the other machine: its wheel is fetched from PyPI (0.5 GB, 1.5 GB kept)
    #[arg(long, value_name = "VERSION", default_value = "2.11")]
    libtorch: String,
}

/// Runs the command.
///
/// # Errors
/// When the wheel cannot be fetched, the program cannot be built or is too large, or the folder cannot be
/// written.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let version = full_version(&args.libtorch)?;
    let libtorch = set_up(project, &version)?;
    let program = build(project, &libtorch)?;
    fs::create_dir_all(&args.pack).with_context(|| format!("making {}", args.pack.display()))?;
    let stripped = args.pack.join(PROGRAM);
    strip(&program, &stripped)?;
    let size = fs::metadata(&stripped)?.len();
    ensure!(
        size <= LARGEST,
        "{}: {} MiB, expected at most {}",
        stripped.display(),
        size >> 20,
        LARGEST >> 20
    );
    let bench = project.root.join("tests/bench");
    let archive = args.pack.join("gpu_check.zip");
    pack(project, &bench, &stripped, &archive)?;
    fs::remove_file(&stripped)?;
    fs::copy(bench.join(SCRIPT), args.pack.join(SCRIPT)).context("copying the script")?;
    eprintln!(
        "{} and {SCRIPT} are ready ({} MiB; the program {} MiB): on a machine with Python, PyTorch \
         {version} and a GPU, run python3 {SCRIPT}",
        archive.display(),
        fs::metadata(&archive)?.len() >> 20,
        size >> 20
    );
    Ok(())
}

/// `2.11` is `2.11.0`.
fn full_version(text: &str) -> Result<String> {
    let parts: Vec<&str> = text.split('.').collect();
    let numbers = parts.iter().all(|part| part.parse::<u32>().is_ok());
    match (numbers, parts.len()) {
        (true, 2) => Ok(format!("{text}.0")),
        (true, 3) => Ok(text.to_owned()),
        _ => bail!("--libtorch: expected a release such as 2.11, found {text:?}"),
    }
}

/// PyTorch's wheel with its libraries and headers, CUDA's among them; what those refer to is on the other
/// machine only.
fn set_up(project: &Project, version: &str) -> Result<PathBuf> {
    let folder = project.cache.join(format!("torch-{version}"));
    if !folder.join("torch/lib").is_dir() {
        let work = tempfile::Builder::new()
            .prefix("torch-unfinished-")
            .tempdir_in(&project.cache)
            .with_context(|| format!("making a folder in {}", project.cache.display()))?;
        let site = work.path().join("site");
        let mut pip = python::pip()?;
        pip.args(["install", "--disable-pip-version-check", "--no-deps"]);
        pip.args([
            "--no-compile",
            "--no-cache-dir",
            "--only-binary=:all:",
            "--target",
        ]);
        pip.arg(&site).arg(format!("torch=={version}"));
        process::run_to_stderr(&mut pip).context("fetching PyTorch's wheel from PyPI")?;
        fs::rename(&site, &folder).with_context(|| format!("moving to {}", folder.display()))?;
    }
    let library = folder.join("torch/lib/libtorch_cuda.so");
    ensure!(
        library.is_file(),
        "{} is not there: PyPI has PyTorch with CUDA for Linux on x86-64 only",
        library.display()
    );
    Ok(folder.join("torch"))
}

/// The parity tests, which are the program as well, without wgpu: one file.
fn build(project: &Project, libtorch: &Path) -> Result<PathBuf> {
    let mut cargo = project.cargo();
    cargo.args([
        "test",
        "--no-run",
        "--release",
        "-p",
        "underpaint-tests",
        "--test",
        "parity",
    ]);
    cargo.args([
        "--features",
        "underpaint-tests/libtorch",
        "--message-format",
        "json-render-diagnostics",
    ]);
    cargo
        .env("LIBTORCH", libtorch)
        .env("LIBTORCH_BYPASS_VERSION_CHECK", "1")
        // Whatever is built with it differs from what is built with our own libtorch.
        .env("CARGO_TARGET_DIR", project.target.join("gpu-check"));
    executable(&process::stdout_of(&mut cargo)?)
}

/// A line of what cargo tells.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
struct Target {
    #[serde(default)]
    name: String,
}

fn executable(messages: &str) -> Result<PathBuf> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let mut found = messages.filter(|message| message.target.name == "parity");
    let found = found.find_map(|message| message.executable);
    found.context("cargo told of no executable named parity")
}

fn strip(program: &Path, to: &Path) -> Result<()> {
    let mut strip = Command::new("strip");
    strip.arg("--strip-all").arg("-o").arg(to).arg(program);
    process::run(&mut strip).context("stripping the program (Debian: apt-get install binutils)")
}

fn pack(project: &Project, bench: &Path, program: &Path, to: &Path) -> Result<()> {
    let file = File::create(to).with_context(|| format!("writing {}", to.display()))?;
    let mut archive = ZipWriter::new(file);
    add(&mut archive, program, PROGRAM)?;
    for peer in PEERS {
        add(&mut archive, &bench.join(peer), peer)?;
    }
    add(
        &mut archive,
        &project.root.join("tests/fixtures"),
        "fixtures",
    )?;
    archive.finish()?.flush()?;
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

/// Adds a file, or everything in a folder.
fn add(archive: &mut ZipWriter<File>, path: &Path, name: &str) -> Result<()> {
    if path.is_dir() {
        for entry in entries(path)? {
            let last = entry
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            add(archive, &entry, &format!("{name}/{last}"))?;
        }
        return Ok(());
    }
    let file = File::open(path).with_context(|| format!("reading {}", path.display()))?;
    archive.start_file(name, SimpleFileOptions::default())?;
    io::copy(&mut BufReader::new(file), archive).with_context(|| format!("packing {name}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zip::ZipArchive;

    #[test]
    fn a_release_has_three_numbers_in_the_end() {
        assert_eq!(full_version("2.11").unwrap(), "2.11.0");
        assert_eq!(full_version("2.9.1").unwrap(), "2.9.1");
        for wrong in ["", "2", "2.x", "latest", "2.1.0.0"] {
            assert!(full_version(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_executable_is_that_of_the_parity_tests() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"underpaint"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"suite"},"executable":"/t/suite"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"parity"},"executable":"/t/parity"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#
        );
        assert_eq!(executable(messages).unwrap(), Path::new("/t/parity"));
        assert!(executable("").is_err());
    }

    #[test]
    fn the_archive_holds_program_peers_and_fixtures() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let project = Project {
            root: root.to_path_buf(),
            target: folder.path().to_path_buf(),
            cache: folder.path().to_path_buf(),
        };
        let program = folder.path().join("program");
        fs::write(&program, "not really").unwrap();
        let to = folder.path().join("gpu_check.zip");
        pack(&project, &root.join("tests/bench"), &program, &to).unwrap();
        let archive = ZipArchive::new(File::open(&to).unwrap()).unwrap();
        let names = archive.file_names().collect::<Result<Vec<_>, _>>().unwrap();
        for expected in [
            PROGRAM,
            "gpu_check_peer.py",
            "fixtures/p2p_unet256_bn/meta.json",
        ] {
            assert!(names.iter().any(|name| name == expected), "{expected}");
        }
    }

    /// What the script makes of other programs' output is tested in its own language.
    #[test]
    fn the_scripts_own_tests_pass() {
        let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/bench");
        let mut tests = Command::new("python3");
        tests.arg(bench.join("test_gpu_check.py"));
        process::run_to_stderr(&mut tests).unwrap();
    }
}
