//! The builds of the module: the same code for two sets of CPU features, of which a browser is given
//! the best that it can run (`www/src/engine/module-choice.ts`).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::Project;

/// What cargo calls browsers.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// The package's name as a file.
pub const MODULE: &str = "underpaint_web";
/// That of the module that reads the authors' weight files.
pub const READER: &str = "underpaint_checkpoint";
/// The latter in a package.
pub const READER_FILE: &str = "underpaint_checkpoint_bg.wasm";

/// Features of either build, by wasm-opt's names: a stripped module no longer says which it uses.
const FEATURES: &str = "--enable-simd --enable-bulk-memory --enable-bulk-memory-opt \
    --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals \
    --enable-multivalue --enable-reference-types";

/// A build of the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// With SIMD, which every browser has that has WebGPU, and which is several times faster than
    /// without.
    Plain,
    /// With relaxed SIMD besides: one instruction for a multiplication and an addition.
    Relaxed,
}

impl Variant {
    /// All of them, the one first that runs everywhere.
    pub const ALL: [Self; 2] = [Self::Plain, Self::Relaxed];
    /// What is enough to look at one's own work.
    pub const ONE: [Self; 1] = [Self::Plain];

    /// What the stamp and `modules.js` call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Relaxed => "relaxed",
        }
    }

    /// Its module in the package.
    pub fn file(self) -> String {
        match self {
            Self::Plain => format!("{MODULE}_bg.wasm"),
            Self::Relaxed => format!("{MODULE}_relaxed_bg.wasm"),
        }
    }

    /// What wasm-opt is told of its features.
    pub fn optimizer_features(self) -> impl Iterator<Item = &'static str> {
        let own = match self {
            Self::Plain => None,
            Self::Relaxed => Some("--enable-relaxed-simd"),
        };
        FEATURES.split_whitespace().chain(own)
    }

    /// Turns a cargo command into one for browsers with these features.
    pub fn apply_to(self, cargo: &mut Command) -> &mut Command {
        let flags = match self {
            Self::Plain => "-C target-feature=+simd128",
            Self::Relaxed => "-C target-feature=+simd128,+relaxed-simd",
        };
        cargo
            .env("CARGO_BUILD_TARGET", TARGET)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags)
    }

    /// Where cargo builds it. A folder for each: in one, either build would evict the other's last
    /// step, and link-time optimisation makes that step most of the work.
    pub fn target(self, project: &Project) -> PathBuf {
        match self {
            Self::Plain => project.target.clone(),
            Self::Relaxed => project.target.join("relaxed"),
        }
    }

    /// Where cargo leaves it.
    pub fn built(self, project: &Project, profile: &str) -> PathBuf {
        let folder = self.target(project).join(TARGET).join(profile);
        folder.join(MODULE).with_extension("wasm")
    }

    /// Its module in a package folder.
    pub fn within(self, package: &Path) -> PathBuf {
        package.join(self.file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_relaxed_build_asks_for_relaxed_instructions() {
        let asks = |variant: Variant| {
            let mut cargo = Command::new("cargo");
            let told = format!("{:?}", variant.apply_to(&mut cargo));
            let optimizer = variant.optimizer_features().any(|f| f.contains("relaxed"));
            (told.contains("+relaxed-simd"), optimizer)
        };
        assert_eq!(asks(Variant::Plain), (false, false));
        assert_eq!(asks(Variant::Relaxed), (true, true));
    }
}
