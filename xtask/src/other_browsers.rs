//! The browsers of the smoke test beside Chromium: Firefox ESR, and WebKitGTK with its driver and a
//! display that nobody sees, from Debian's packages where they are missing and this program may
//! install them.

use std::path::Path;

use anyhow::{Result, bail};

use crate::debian;

/// Where Debian's packages put what the test starts.
const PROGRAMS: [(&str, &str); 3] = [
    ("firefox-esr", "/usr/bin/firefox-esr"),
    ("webkit2gtk-driver", "/usr/bin/WebKitWebDriver"),
    ("xvfb", "/usr/bin/Xvfb"),
];

/// Finds the programs, or installs the packages that have them (as root, where there is `apt-get`).
///
/// # Errors
/// When they cannot be had here, saying which and how.
pub fn set_up() -> Result<()> {
    let packages = missing(|path| Path::new(path).is_file());
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    if !debian::can_install() {
        bail!("{names}: not installed (Debian: apt-get install {names})");
    }
    debian::install(&packages)?;
    let still = missing(|path| Path::new(path).is_file());
    if !still.is_empty() {
        bail!(
            "apt-get has installed {}, but its program is missing",
            still.join(" ")
        );
    }
    Ok(())
}

/// The packages whose programs are not there.
fn missing(is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let absent = PROGRAMS.iter().filter(|(_, path)| !is_there(path));
    absent.map(|(package, _)| *package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed() {
        assert_eq!(missing(|_| false).len(), PROGRAMS.len());
        assert_eq!(missing(|path| !path.contains("Xvfb")), ["xvfb"]);
        assert!(missing(|_| true).is_empty());
    }
}
