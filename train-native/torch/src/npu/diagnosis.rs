//! What there is of an NPU's software, in one line.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::Places;

/// CANN that torch_npu's branch for libtorch 2.9 is built for first (v2.9.0-7.3.0); later ones have their own
/// branches of it.
const CANN: [u32; 2] = [8, 5];

/// The driver and CANN, as far as files tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// What the driver calls itself; `None` where there is none.
    pub driver: Option<String>,
    /// Whether a device file of the driver is there: containers need it passed in.
    pub device_file: bool,
    /// CANN's folder and version; `None` where there is none.
    pub cann: Option<(PathBuf, Option<String>)>,
}

impl Diagnosis {
    /// Looks at a machine.
    pub fn of(places: &Places) -> Self {
        let driver = places.path("usr/local/Ascend/driver/version.info");
        Self {
            driver: version(&driver),
            device_file: ["dev/davinci_manager", "dev/davinci0"]
                .iter()
                .any(|path| places.path(path).exists()),
            cann: places.cann().map(|folder| {
                let found = cann_version(&folder);
                (folder, found)
            }),
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.driver, self.device_file) {
            (Some(version), true) => write!(f, "driver {version}")?,
            (Some(version), false) => {
                write!(
                    f,
                    "driver {version}, but no /dev/davinci_manager: pass it into the container"
                )?;
            }
            (None, true) => f.write_str("driver of an unknown version")?,
            (None, false) => f.write_str("no driver (no /dev/davinci_manager)")?,
        }
        let [major, minor] = CANN;
        match &self.cann {
            None => write!(
                f,
                "; no CANN (ASCEND_HOME_PATH is not set: source its set_env.sh; {major}.{minor} or newer)"
            ),
            Some((folder, None)) => {
                write!(f, "; CANN of an unknown version at {}", folder.display())
            }
            Some((folder, Some(version))) => {
                write!(f, "; CANN {version} at {}", folder.display())?;
                match numbers(version).is_some_and(|found| found < CANN) {
                    true => write!(f, ", older than {major}.{minor}, which libtorch 2.9 needs"),
                    false => Ok(()),
                }
            }
        }
    }
}

/// CANN's version: from the record of its installation, in its folder or in that of its architecture.
fn cann_version(folder: &Path) -> Option<String> {
    let architectures = ["", "x86_64-linux", "aarch64-linux"];
    let folders = architectures
        .iter()
        .map(|architecture| folder.join(architecture));
    folders.into_iter().find_map(|folder| {
        let entries = fs::read_dir(&folder).ok()?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name == "version.info"
                || (name.starts_with("ascend_") && name.ends_with("install.info"))
        });
        files.sort();
        files.iter().find_map(|path| version(path))
    })
}

/// The value of a line `version=…`, in any case.
fn version(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let value = text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("version")
            .then(|| value.trim().to_owned())
    })?;
    (!value.is_empty()).then_some(value)
}

/// `8.5.0` and `8.3.RC1` as major and minor.
fn numbers(version: &str) -> Option<[u32; 2]> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some([parts.next()??, parts.next()??])
}
