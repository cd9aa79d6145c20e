//! A Vulkan driver for the tests of the `wgpu` device: Mesa's lavapipe computes on the CPU.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::debian;

/// Where drivers announce themselves.
const DRIVERS: [&str; 3] = [
    "/usr/share/vulkan/icd.d",
    "/etc/vulkan/icd.d",
    "/usr/local/share/vulkan/icd.d",
];
/// Where Debian keeps the loader, by architecture.
const LOADERS: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/libvulkan.so.1",
    "/usr/lib/aarch64-linux-gnu/libvulkan.so.1",
];
/// Driver and loader.
const PACKAGES: [&str; 2] = ["mesa-vulkan-drivers", "libvulkan1"];

/// Makes sure that there is a Vulkan driver.
///
/// # Errors
/// When there is none and it cannot be installed, saying how.
pub fn set_up() -> Result<()> {
    if is_there() {
        return Ok(());
    }
    if !debian::can_install() {
        bail!(
            "no Vulkan driver for the tests of the wgpu device: install one (Debian: apt-get install \
             {}), or leave these tests out with --no-libtorch",
            PACKAGES.join(" ")
        );
    }
    debian::install(&PACKAGES)
}

fn is_there() -> bool {
    let announced = |folder: &&str| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names = entries.map(|entry| entry.file_name());
        names.any(|name| name.to_string_lossy().ends_with(".json"))
    };
    DRIVERS.iter().any(announced) && LOADERS.iter().any(|path| Path::new(path).exists())
}
