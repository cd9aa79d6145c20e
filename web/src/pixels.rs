//! Canvas pixels to a network's samples.

use crate::error::{Result, WebError};

/// Largest picture, in pixels: the memory that WebAssembly can address ends near there.
const MAX_PIXELS: usize = 4096 * 4096;

/// Checks that a picture of that size is worth trying.
///
/// # Errors
///
/// [`WebError::BadInput`] with both sides.
pub fn check_area(width: usize, height: usize) -> Result<()> {
    match width.checked_mul(height) {
        Some(1..=MAX_PIXELS) => Ok(()),
        _ => Err(WebError::BadInput(format!(
            "size: expected 1 to {MAX_PIXELS} pixels, found {width} x {height}"
        ))),
    }
}

/// RGBA bytes to RGB, or with one channel to luma as Pillow's `convert("L")` (ITU-R 601-2).
#[must_use]
pub fn without_alpha(rgba: &[u8], channels: usize) -> Vec<u8> {
    let pixels = rgba.chunks_exact(4);
    if channels == 1 {
        let luma = |p: &[u8]| {
            let [r, g, b] = [p[0], p[1], p[2]].map(u32::from);
            ((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16) as u8
        };
        pixels.map(luma).collect()
    } else {
        pixels.flat_map(|p| [p[0], p[1], p[2]]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_does_not_count() {
        let rgba = [10, 20, 30, 0, 40, 50, 60, 128];
        let rgb = without_alpha(&rgba, 3);
        assert_eq!(rgb, [10, 20, 30, 40, 50, 60]);
    }

    #[test]
    fn one_channel_is_luma() {
        // Pillow: Image.new("RGB", (1, 1), (255, 0, 0)).convert("L") is 76, green 150, blue 29.
        let rgba = [255, 0, 0, 9, 0, 255, 0, 9, 0, 0, 255, 9];
        let luma = without_alpha(&rgba, 1);
        assert_eq!(luma, [76, 150, 29]);
    }

    #[test]
    fn empty_and_overflowing_sizes_are_told() {
        assert!(check_area(1, 1).is_ok());
        assert!(check_area(0, 5).is_err());
        let error = check_area(usize::MAX, 2).unwrap_err().to_string();
        assert!(
            error.starts_with("size: expected 1 to 16777216 pixels"),
            "{error}"
        );
    }
}
