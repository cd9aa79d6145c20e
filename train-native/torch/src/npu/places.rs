//! Where an NPU's software is looked for.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The library's file name.
pub const LIBRARY: &str = "libtorch_npu.so";

/// Environment variable that names the library, or a folder that holds it.
pub const LIBRARY_VARIABLE: &str = "UNDERPAINT_NPU_LIBRARY";

/// Folders where people put what `build_libtorch_npu.py` makes, from the root of the file system.
const USUAL: [&str; 3] = [
    "usr/local/libtorch_npu/lib",
    "opt/libtorch_npu/lib",
    "usr/local/lib",
];

/// Environment variables by name.
type Variables = Box<dyn Fn(&str) -> Option<OsString>>;

/// A machine, as far as files and the environment tell.
pub struct Places {
    root: PathBuf,
    variable: Variables,
}

impl Places {
    /// The machine that this runs on.
    pub fn of_this_machine() -> Self {
        Self::new("/", |name| env::var_os(name))
    }

    /// A machine whose files lie below `root`.
    pub fn new(
        root: impl Into<PathBuf>,
        variable: impl Fn(&str) -> Option<OsString> + 'static,
    ) -> Self {
        Self {
            root: root.into(),
            variable: Box::new(variable),
        }
    }

    /// A path from the root of the file system, without the slash.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A variable of the environment that is set to something.
    pub(super) fn variable(&self, name: &str) -> Option<PathBuf> {
        let value = (self.variable)(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    }

    /// The library: what the variable names, whether it is there or not, so that a wrong name is told
    /// rather than passed over; else the first that is in a usual place.
    pub fn library(&self) -> Option<PathBuf> {
        if let Some(named) = self.variable(LIBRARY_VARIABLE) {
            let inside = [named.join(LIBRARY), named.join("lib").join(LIBRARY)];
            let found = inside.into_iter().find(|path| path.is_file());
            return Some(found.unwrap_or(named));
        }
        let candidates = self
            .folders()
            .into_iter()
            .map(|folder| folder.join(LIBRARY));
        candidates.into_iter().find(|path| path.is_file())
    }

    fn folders(&self) -> Vec<PathBuf> {
        let loader = self.variable("LD_LIBRARY_PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = env::split_paths(&loader)
            .filter(|folder| folder.is_absolute())
            .collect();
        folders.extend(self.variable("LIBTORCH").map(|folder| folder.join("lib")));
        let home = self.variable("HOME");
        folders.extend(home.map(|home| home.join("libtorch_npu/lib")));
        folders.extend(USUAL.map(|folder| self.path(folder)));
        folders
    }

    /// Says that the library is nowhere.
    pub(super) fn nowhere(&self) -> String {
        let usual = USUAL.map(|folder| format!("/{folder}")).join(", ");
        format!(
            "found no {LIBRARY}: {LIBRARY_VARIABLE} is not set, and it is neither in LD_LIBRARY_PATH, \
             $LIBTORCH/lib, ~/libtorch_npu/lib, nor in {usual}"
        )
    }

    /// The folder of CANN, where there is one.
    pub(super) fn cann(&self) -> Option<PathBuf> {
        let named = ["ASCEND_HOME_PATH", "ASCEND_TOOLKIT_HOME"];
        let named = named.into_iter().filter_map(|name| self.variable(name));
        let usual = [
            "usr/local/Ascend/cann",
            "usr/local/Ascend/ascend-toolkit/latest",
        ];
        let mut all = named.chain(usual.map(|folder| self.path(folder)));
        all.find(|folder: &PathBuf| Path::is_dir(folder))
    }
}
