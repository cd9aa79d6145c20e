//! The frozen network of the perceptual loss, where a run has one.

use std::path::Path;

use anyhow::{Context, Result};
use burn::tensor::Device;
use underpaint_core::loss::PerceptualLoss;
use underpaint_core::perceptual::VGG_SMALLEST_SIDE;

use crate::data::Size;
use crate::perceptual::{open_vgg19, vgg19_file};

/// Whether the weights are where a run will look for them.
///
/// # Errors
///
/// Saying how they get there.
pub(super) fn check(wanted: bool, file: Option<&Path>) -> Result<()> {
    match wanted {
        true => vgg19_file(file).map(drop),
        false => Ok(()),
    }
}

/// Whether pictures of a size can be looked at.
///
/// # Errors
///
/// Naming the smallest size.
pub(super) fn check_size(wanted: bool, size: Size) -> Result<()> {
    anyhow::ensure!(
        !wanted || size.width.min(size.height) >= VGG_SMALLEST_SIDE,
        "the perceptual loss takes pictures of {VGG_SMALLEST_SIDE} pixels a side and more, found {size}; \
         --no-vgg-loss leaves it out"
    );
    Ok(())
}

/// The loss on a device.
///
/// # Errors
///
/// If the weights are missing or those of another network.
pub(super) fn loss(
    wanted: bool,
    file: Option<&Path>,
    device: &Device,
) -> Result<Option<PerceptualLoss>> {
    if !wanted {
        return Ok(None);
    }
    let path = vgg19_file(file)?;
    let vgg = open_vgg19(&path, device).context("--vgg")?;
    Ok(Some(PerceptualLoss::new(vgg)))
}
