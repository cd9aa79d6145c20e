//! Settings of the authors' scripts, as TOML under the names of the flags.

/// A named set of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Name on the command line.
    pub name: &'static str,
    /// What it is for, in a line.
    pub about: &'static str,
    /// The settings, as a file for `--config` would hold them.
    pub toml: &'static str,
}

/// The preset of that name, from a file beside this one.
macro_rules! preset {
    ($family:literal, $name:literal, $about:literal) => {
        $crate::config::Preset {
            name: $name,
            about: $about,
            toml: include_str!(concat!("presets/", $family, "/", $name, ".toml")),
        }
    };
}

pub(super) use preset;
