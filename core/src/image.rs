//! Pixels to `[-1, 1]` and back: the only scaler of the project.
//!
//! Source: torchvision `ToTensor` + `Normalize(0.5, 0.5)` on the way in, `tensor2im` of the original
//! code on the way out, with the clip that pix2pix's own copy forgot (spec 1.2 and B-25).

/// One 8-bit sample as a network sees it: `(v / 255 - 0.5) / 0.5`, in `[-1, 1]`.
pub fn signed_from_pixel(pixel: u8) -> f32 {
    (f32::from(pixel) / 255.0 - 0.5) / 0.5
}

/// One network output as an 8-bit sample: `(x + 1) / 2 * 255`, clipped, then truncated (not rounded).
pub fn pixel_from_signed(signed: f32) -> u8 {
    ((signed + 1.0) / 2.0 * 255.0).clamp(0.0, 255.0) as u8
}

/// Interleaved samples to planes in `[-1, 1]`.
///
/// # Shapes
///
/// `pixels`: `[height, width, channels]`, flattened; the result: `[channels, height, width]`, flattened.
pub fn signed_from_pixels(pixels: &[u8], channels: usize) -> Vec<f32> {
    let table: [f32; 256] = std::array::from_fn(|pixel| signed_from_pixel(pixel as u8));
    let mut planes = vec![0.0; pixels.len()];
    let area = (pixels.len() / channels).max(1);
    for (channel, plane) in planes.chunks_exact_mut(area).enumerate() {
        for (value, pixel) in plane.iter_mut().zip(pixels.chunks_exact(channels)) {
            *value = table[usize::from(pixel[channel])];
        }
    }
    planes
}

/// Planes in `[-1, 1]` to interleaved 8-bit samples; values outside are clipped.
///
/// # Shapes
///
/// `planes`: `[channels, height, width]`, flattened; the result: `[height, width, channels]`, flattened.
pub fn pixels_from_signed(planes: &[f32], channels: usize) -> Vec<u8> {
    let area = planes.len() / channels;
    let mut pixels = vec![0; area * channels];
    for (channel, plane) in planes.chunks_exact(area).enumerate() {
        for (sample, pixel) in plane.iter().zip(pixels.chunks_exact_mut(channels)) {
            pixel[channel] = pixel_from_signed(*sample);
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle_of_the_range() {
        assert_eq!(signed_from_pixel(0), -1.0);
        assert_eq!(signed_from_pixel(255), 1.0);
        assert_eq!(pixel_from_signed(0.0), 127);
        assert_eq!(pixel_from_signed(-7.0), 0);
        assert_eq!(pixel_from_signed(7.0), 255);
    }

    #[test]
    fn a_round_trip_is_off_by_one_at_most_because_the_way_back_truncates() {
        for pixel in 0..=255u8 {
            let back = pixel_from_signed(signed_from_pixel(pixel));
            assert!(pixel.abs_diff(back) <= 1, "{pixel} came back as {back}");
        }
    }

    #[test]
    fn planes_and_pixels_are_each_others_transpose() {
        let pixels = [0u8, 128, 255, 10, 20, 30];
        let planes = signed_from_pixels(&pixels, 3);
        assert_eq!(planes[0], signed_from_pixel(0));
        assert_eq!(planes[1], signed_from_pixel(10));
        assert_eq!(planes[4], signed_from_pixel(255));
    }
}
