//! `cargo xtask libtorch`: libtorch 2.9.0 from PyPI's wheel, cut down to what a CPU build links and
//! runs with.
//!
//! Only the package registries need to be reachable. What burn-tch and torch-sys want to find is a
//! folder with `lib/`, `include/` and a `build-version`; `LIBTORCH` names it, and the loader finds
//! `lib/` by `LD_LIBRARY_PATH`.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use zip::ZipArchive;

use crate::process;
use crate::project::Project;
use crate::python;
use crate::stages::readable;

/// The version that tch 0.22 is written for.
const VERSION: &str = "2.9.0";

/// Options of `cargo xtask libtorch`.
#[derive(clap::Args)]
pub struct Args {
    /// Print only shell exports: eval "$(cargo xtask libtorch --print-env)"
    #[arg(long)]
    print_env: bool,
}

/// What PyPI has for one kind of machine.
struct Wheels {
    /// Operating system and architecture, as Rust names them.
    machine: (&'static str, &'static str),
    /// pip's names for wheels that run there.
    pip_platforms: &'static [&'static str],
    /// Python ABI tag of the torch wheel. Any would do: nothing of Python is kept.
    pip_abi: &'static str,
    /// Requirements with the SHA-256 of the very file.
    requirements: &'static str,
}

/// Linux on x86-64 is built and run by CI. The other two are laid out the same way from the same
/// release, but have not been run.
const WHEELS: [Wheels; 3] = [
    Wheels {
        machine: ("linux", "x86_64"),
        pip_platforms: &["manylinux_2_28_x86_64", "manylinux2014_x86_64"],
        pip_abi: "cp311",
        // libtorch_cpu.so of this wheel refers to libcudart and libcupti, though no GPU is needed
        // to run it.
        requirements: "\
torch==2.9.0 --hash=sha256:51de31219c97c51cf4bf2be94d622e3deb5dcc526c6dc00e97c17eaec0fc1d67
nvidia-cuda-runtime-cu12==12.8.90 --hash=sha256:adade8dcbd0edf427b7204d480d6066d33902cab2a4707dcfc48a2d0fd44ab90
nvidia-cuda-cupti-cu12==12.8.90 --hash=sha256:ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182
",
    },
    Wheels {
        machine: ("linux", "aarch64"),
        pip_platforms: &["manylinux_2_28_aarch64"],
        pip_abi: "cp311",
        requirements: "\
torch==2.9.0 --hash=sha256:c596708b5105d0b199215acf0c9be7c1db5f1680d88eddadf4b75a299259a677
",
    },
    Wheels {
        machine: ("macos", "aarch64"),
        pip_platforms: &["macosx_11_0_arm64"],
        pip_abi: "none",
        requirements: "\
torch==2.9.0 --hash=sha256:614a185e4986326d526a91210c8fc1397e76e8cfafa78baf6296a790e53a9eec
",
    },
];

/// Runs the command.
///
/// # Errors
/// See [`set_up`].
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let libtorch = set_up(project)?;
    if args.print_env {
        print!("{}", libtorch.exports());
    } else {
        eprintln!("libtorch is at {}", libtorch.folder.display());
        eprintln!("to build and run with it: eval \"$(cargo xtask libtorch --print-env)\"");
    }
    Ok(())
}

/// A libtorch that is ready to be linked.
pub struct Libtorch {
    folder: PathBuf,
}

impl Libtorch {
    /// Sets what a build and a run with this libtorch need.
    pub fn apply_to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let mut folders = vec![self.folder.join("lib")];
        if let Some(others) = env::var_os(loader_variable()) {
            folders.extend(env::split_paths(&others));
        }
        if let Ok(joined) = env::join_paths(folders) {
            command.env(loader_variable(), joined);
        }
        command.env("LIBTORCH", &self.folder)
    }

    /// The same as POSIX shell commands.
    fn exports(&self) -> String {
        let folder = quoted(&self.folder.display().to_string());
        let lib = quoted(&self.folder.join("lib").display().to_string());
        let loader = loader_variable();
        format!("export LIBTORCH={folder}\nexport {loader}={lib}\"${{{loader}:+:${loader}}}\"\n")
    }
}

/// Finds libtorch, or fetches it: `LIBTORCH` wins, then the cache folder, then PyPI (about 900 MB
/// to fetch, 490 MB kept). What is in the cache folder is complete: it appears there by one rename.
///
/// # Errors
/// When `LIBTORCH` names something else than a libtorch, PyPI has nothing for this machine, Python
/// or pip is missing, a download does not have the expected SHA-256, or the disk is full.
pub fn set_up(project: &Project) -> Result<Libtorch> {
    if let Some(folder) = env::var_os("LIBTORCH").filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(folder);
        ensure!(
            library(&folder).is_file(),
            "LIBTORCH is set to {}, but there is no {}; unset it to let xtask fetch libtorch {VERSION}",
            folder.display(),
            library(&folder).display()
        );
        return Ok(Libtorch { folder });
    }
    let folder = project.cache.join(format!("libtorch-{VERSION}"));
    if !folder.join("build-version").is_file() {
        install(&project.cache, &folder)?;
    }
    Ok(Libtorch { folder })
}

fn install(cache: &Path, folder: &Path) -> Result<()> {
    let start = Instant::now();
    let wheels = wheels_for(env::consts::OS, env::consts::ARCH)?;
    fs::create_dir_all(cache).with_context(|| format!("making {}", cache.display()))?;
    let work = tempfile::Builder::new()
        .prefix("libtorch-unfinished-")
        .tempdir_in(cache)
        .with_context(|| format!("making a folder in {}", cache.display()))?;
    eprintln!(
        "fetching libtorch {VERSION} from PyPI into {} (once)",
        cache.display()
    );
    let downloads = download(wheels, work.path())?;
    let layout = work.path().join("libtorch");
    for wheel in downloads {
        unpack(&wheel, &layout)?;
        fs::remove_file(&wheel).with_context(|| format!("removing {}", wheel.display()))?;
    }
    complete(&layout)?;
    match fs::rename(&layout, folder) {
        // Another xtask may have been quicker; what it left is the same.
        Err(_) if folder.join("build-version").is_file() => {}
        result => result.with_context(|| format!("moving libtorch to {}", folder.display()))?,
    }
    eprintln!(
        "libtorch {VERSION} is ready after {}",
        readable(start.elapsed())
    );
    Ok(())
}

fn wheels_for(os: &str, architecture: &str) -> Result<&'static Wheels> {
    WHEELS.iter().find(|wheels| wheels.machine == (os, architecture)).with_context(|| {
        format!(
            "no libtorch {VERSION} on PyPI for {os} on {architecture}: install it from https://pytorch.org and set \
             LIBTORCH to its folder (the one that holds lib/ and include/)"
        )
    })
}

fn download(wheels: &Wheels, work: &Path) -> Result<Vec<PathBuf>> {
    let requirements = work.join("requirements.txt");
    fs::write(&requirements, wheels.requirements).context("writing pip's requirements")?;
    let folder = work.join("wheels");
    let mut pip = python::pip()?;
    pip.args([
        "download",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
    ]);
    pip.args([
        "--implementation",
        "cp",
        "--python-version",
        "3.11",
        "--abi",
        wheels.pip_abi,
    ]);
    for platform in wheels.pip_platforms {
        pip.args(["--platform", platform]);
    }
    pip.arg("--requirement")
        .arg(&requirements)
        .arg("--dest")
        .arg(&folder);
    // pip would otherwise keep its own copy of 900 MB.
    pip.arg("--no-cache-dir");
    process::run_to_stderr(&mut pip).context("downloading libtorch's wheels from PyPI")?;
    let entries = fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

fn unpack(wheel: &Path, layout: &Path) -> Result<()> {
    eprintln!(
        "unpacking {}",
        wheel.file_name().unwrap_or_default().display()
    );
    let open = || format!("reading {}", wheel.display());
    let file = File::open(wheel).with_context(open)?;
    let mut archive = ZipArchive::new(BufReader::new(file)).with_context(open)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).with_context(open)?;
        let name = entry.enclosed_name().filter(|_| entry.is_file());
        let Some(place) = name.as_deref().and_then(place_in_layout) else {
            continue;
        };
        let path = layout.join(place);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        }
        let mut output =
            File::create(&path).with_context(|| format!("writing {}", path.display()))?;
        io::copy(&mut entry, &mut output)
            .with_context(|| format!("unpacking {}", path.display()))?;
    }
    Ok(())
}

/// Where a wheel's file goes below the libtorch folder, or nowhere. Left out are Python's glue,
/// which links a Python, everything for CUDA but the two libraries that the CPU part refers to, and
/// the x86-64 wheel's own `libtorch.so`, which refers to all of CUDA.
fn place_in_layout(file: &Path) -> Option<PathBuf> {
    if let Ok(header) = file.strip_prefix("torch/include") {
        return Some(Path::new("include").join(header));
    }
    let name = file.file_name()?.to_str()?;
    let folder = file.parent()?;
    let kept = if folder == Path::new("torch/lib") {
        let stem = name.split('.').next().unwrap_or(name);
        ["libtorch_cpu", "libc10", "libgomp", "libomp"].contains(&stem)
    } else {
        folder == Path::new("torch.libs") || name == "libcudart.so.12" || name == "libcupti.so.12"
    };
    kept.then(|| Path::new("lib").join(name))
}

/// Adds what the wheels lack, the version last: it marks a whole layout.
fn complete(layout: &Path) -> Result<()> {
    let library = library(layout);
    ensure!(library.is_file(), "the wheel held no {}", library.display());
    let link = library.with_file_name(format!("libtorch.{}", library_extension()));
    let target = library.file_name().expect("library() ends in a file name");
    link_file(Path::new(target), &link).with_context(|| format!("linking {}", link.display()))?;
    let version = layout.join("build-version");
    fs::write(&version, format!("{VERSION}\n"))
        .with_context(|| format!("writing {}", version.display()))
}

#[cfg(unix)]
fn link_file(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn link_file(target: &Path, link: &Path) -> io::Result<()> {
    fs::copy(link.with_file_name(target), link).map(|_| ())
}

fn library(folder: &Path) -> PathBuf {
    let prefix = env::consts::DLL_PREFIX;
    folder
        .join("lib")
        .join(format!("{prefix}torch_cpu.{}", library_extension()))
}

fn library_extension() -> &'static str {
    env::consts::DLL_EXTENSION
}

fn loader_variable() -> &'static str {
    match env::consts::OS {
        "macos" => "DYLD_LIBRARY_PATH",
        "windows" => "PATH",
        _ => "LD_LIBRARY_PATH",
    }
}

/// `text` as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_cpu_build_needs_is_kept() {
        let place =
            |file: &str| place_in_layout(Path::new(file)).map(|path| path.display().to_string());
        assert_eq!(
            place("torch/lib/libtorch_cpu.so").as_deref(),
            Some("lib/libtorch_cpu.so")
        );
        assert_eq!(
            place("torch/lib/libc10.so").as_deref(),
            Some("lib/libc10.so")
        );
        assert_eq!(
            place("torch/lib/libgomp.so.1").as_deref(),
            Some("lib/libgomp.so.1")
        );
        assert_eq!(
            place("torch/include/ATen/ATen.h").as_deref(),
            Some("include/ATen/ATen.h")
        );
        assert_eq!(
            place("nvidia/cuda_runtime/lib/libcudart.so.12").as_deref(),
            Some("lib/libcudart.so.12")
        );
        assert_eq!(
            place("nvidia/cuda_cupti/lib/libcupti.so.12").as_deref(),
            Some("lib/libcupti.so.12")
        );
        assert_eq!(place("torch/lib/libtorch_cuda.so"), None);
        assert_eq!(place("torch/lib/libc10_cuda.so"), None);
        assert_eq!(place("torch/lib/libtorch.so"), None);
        assert_eq!(place("torch/lib/libtorch_python.so"), None);
        assert_eq!(place("torch/nn/functional.py"), None);
    }

    #[test]
    fn exports_survive_odd_folder_names() {
        let libtorch = Libtorch {
            folder: PathBuf::from("/a b/it's"),
        };
        let exports = libtorch.exports();
        assert!(
            exports.contains(r"export LIBTORCH='/a b/it'\''s'"),
            "{exports}"
        );
    }

    #[test]
    fn an_unknown_machine_is_told_to_set_libtorch() {
        let error = wheels_for("plan9", "mips")
            .err()
            .map(|error| error.to_string());
        assert!(error.is_some_and(|message| message.contains("set LIBTORCH")));
    }

    #[test]
    fn the_layout_is_whole_only_with_the_library() {
        let folder = tempfile::tempdir().unwrap();
        assert!(complete(folder.path()).is_err());
        assert!(!folder.path().join("build-version").exists());
        fs::create_dir(folder.path().join("lib")).unwrap();
        fs::write(library(folder.path()), "library").unwrap();
        complete(folder.path()).unwrap();
        assert_eq!(
            fs::read_to_string(folder.path().join("build-version")).unwrap(),
            "2.9.0\n"
        );
    }
}
