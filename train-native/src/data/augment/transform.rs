//! The transformation itself, on photos and id maps.

use rand::RngExt;
use underpaint_core::image::signed_from_pixels;

use super::options::AugmentOptions;
use super::preprocess::Preprocess;
use super::region::Region;
use crate::data::decode::{IdDepth, LabelMap, Picture};
use crate::data::error::Size;
use crate::data::resize::{
    Filter, resize_bytes, resize_bytes_nearest, resize_ids, resize_region, resize_wide_ids,
};
use crate::data::{InstanceMap, PixelsF32, SampleRng};

/// The draws of one sample, shared by all of its maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransformParams {
    /// Left edge of the cut-out, in pixels of the resized picture.
    pub crop_x: usize,
    /// Top edge of the cut-out.
    pub crop_y: usize,
    /// Whether to mirror left and right.
    pub flip: bool,
}

impl TransformParams {
    /// Draws crop position and flip for a picture of `size`: always three draws, in the order x, y, flip.
    #[must_use]
    pub fn draw(options: &AugmentOptions, size: Size, rng: &mut SampleRng) -> Self {
        let loaded = match options.preprocess {
            Preprocess::ResizeAndCrop => Size::new(options.load_size, options.load_size),
            Preprocess::ScaleWidthAndCrop => Size::new(
                options.load_size,
                options.load_size * size.height / size.width,
            ),
            Preprocess::ScaleShortsideAndCrop => options.resized_size(size),
            _ => size,
        };
        let mut origin = |length: usize| -> usize {
            let room = length.saturating_sub(options.crop_size) as u64;
            rng.random_range(0..=room) as usize
        };
        let (crop_x, crop_y) = (origin(loaded.width), origin(loaded.height));
        let coin = rng.random::<f64>() > 0.5;
        Self {
            crop_x,
            crop_y,
            flip: options.flip && coin,
        }
    }
}

/// Transforms a photo: bicubic resize, crop, flip.
///
/// # Shapes
/// `[height, width, channels]` to `[final height, final width, channels]` as [`AugmentOptions::final_size`] says.
#[must_use]
pub fn transform_picture(
    picture: &Picture,
    options: &AugmentOptions,
    params: &TransformParams,
) -> Picture {
    let resized_size = options.resized_size(picture.size());
    let channels = picture.channels;
    let (from, filter) = (picture.size(), Filter::Bicubic);
    let (size, mut pixels) = match square_within(resized_size, options, params) {
        // Pixels that are cut away need not be computed.
        Some(square) => {
            let region = [
                square.left..square.left + square.size.width,
                square.top..square.top + square.size.height,
            ];
            let pixels = resize_region(
                &picture.pixels,
                from,
                channels,
                resized_size,
                filter,
                region,
            );
            (square.size, pixels)
        }
        None => {
            let resized = resize_bytes(&picture.pixels, from, channels, resized_size, filter);
            cut_out(resized, resized_size, channels, options, params)
        }
    };
    if params.flip {
        mirror(&mut pixels, size.width, channels);
    }
    Picture {
        width: size.width,
        height: size.height,
        channels,
        pixels,
    }
}

/// Transforms a label map with the same geometry: nearest resize (as Pillow does at the file's `depth`), crop, flip.
///
/// # Shapes
/// `[height, width]` to `[final height, final width]` as [`AugmentOptions::final_size`] says.
#[must_use]
pub fn transform_labels(
    labels: &LabelMap,
    depth: IdDepth,
    options: &AugmentOptions,
    params: &TransformParams,
) -> LabelMap {
    let resized_size = options.resized_size(labels.size());
    let resize = match depth {
        IdDepth::Byte => resize_ids,
        IdDepth::Word => resize_wide_ids,
    };
    let resized = resize(&labels.ids, labels.size(), resized_size);
    let (size, mut ids) = cut_out(resized, resized_size, 1, options, params);
    if params.flip {
        mirror(&mut ids, size.width, 1);
    }
    LabelMap {
        width: size.width,
        height: size.height,
        ids,
    }
}

/// Transforms an instance map as its label map; ids keep all sixteen bits.
///
/// # Shapes
/// `[height, width]` to `[final height, final width]` as [`AugmentOptions::final_size`] says.
///
/// Source: model specification 3.8, with the raw ids of B-5 and B-6.
#[must_use]
pub fn transform_instances(
    instances: &LabelMap,
    depth: IdDepth,
    options: &AugmentOptions,
    params: &TransformParams,
) -> InstanceMap {
    let LabelMap { width, height, ids } = transform_labels(instances, depth, options, params);
    InstanceMap { width, height, ids }
}

/// Transforms a feature map kept as a picture, with the same geometry: nearest resize, crop, flip.
///
/// # Shapes
/// `[height, width, channels]` to `[final height, final width, channels]` as [`AugmentOptions::final_size`] says.
///
/// Source: model specification 3.8.
#[must_use]
pub fn transform_features(
    features: &Picture,
    options: &AugmentOptions,
    params: &TransformParams,
) -> Picture {
    let (size, channels) = (features.size(), features.channels);
    let resized_size = options.resized_size(size);
    let resized = resize_bytes_nearest(&features.pixels, size, channels, resized_size);
    let (size, mut pixels) = cut_out(resized, resized_size, channels, options, params);
    if params.flip {
        mirror(&mut pixels, size.width, channels);
    }
    Picture {
        width: size.width,
        height: size.height,
        channels,
        pixels,
    }
}

/// Cuts out the square where the rules say so, filling with zero beyond the picture.
fn cut_out<T: Copy + Default>(
    samples: Vec<T>,
    size: Size,
    channels: usize,
    options: &AugmentOptions,
    params: &TransformParams,
) -> (Size, Vec<T>) {
    if !options.cuts(size) {
        return (size, samples);
    }
    let square = square(options, params);
    (square.size, square.cut_from(&samples, size, channels))
}

/// The square that is cut out of a picture of `size`, if it is and does not reach beyond.
fn square_within(size: Size, options: &AugmentOptions, params: &TransformParams) -> Option<Region> {
    let square = square(options, params);
    let inside = square.left + square.size.width <= size.width
        && square.top + square.size.height <= size.height;
    (options.cuts(size) && inside).then_some(square)
}

fn square(options: &AugmentOptions, params: &TransformParams) -> Region {
    Region {
        left: params.crop_x,
        top: params.crop_y,
        size: Size::new(options.crop_size, options.crop_size),
    }
}

fn mirror<T>(samples: &mut [T], width: usize, channels: usize) {
    for row in samples.chunks_exact_mut(width * channels) {
        row.reverse();
        row.chunks_exact_mut(channels).for_each(<[T]>::reverse);
    }
}

/// A picture as network values: `[channels, height, width]` in [-1, 1].
#[must_use]
pub fn signed_from_picture(picture: &Picture) -> PixelsF32 {
    PixelsF32 {
        channels: picture.channels,
        height: picture.height,
        width: picture.width,
        data: signed_from_pixels(&picture.pixels, picture.channels),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::data::augment::PreprocessRules;

    fn options(preprocess: Preprocess, load_size: usize, crop_size: usize) -> AugmentOptions {
        AugmentOptions {
            preprocess,
            load_size,
            crop_size,
            ..AugmentOptions::default()
        }
    }

    fn ramp(width: usize, height: usize, channels: usize) -> Picture {
        let pixels = (0..width * height * channels)
            .map(|index| index as u8)
            .collect();
        Picture {
            width,
            height,
            channels,
            pixels,
        }
    }

    const STAY: TransformParams = TransformParams {
        crop_x: 0,
        crop_y: 0,
        flip: false,
    };

    #[test]
    fn pictures_get_the_size_that_the_options_say() {
        use PreprocessRules::{Pix2pix, Pix2pixHd, Spade};
        for (rules, (_, mode)) in [Pix2pix, Pix2pixHd, Spade]
            .into_iter()
            .flat_map(|rules| Preprocess::NAMES.map(|mode| (rules, mode)))
        {
            for (load_size, crop_size) in [(40, 24), (40, 39), (60, 55)] {
                let options = AugmentOptions {
                    rules,
                    aspect_ratio: 1.5,
                    ..options(mode, load_size, crop_size)
                };
                let expected = options.final_size(Size::new(50, 37));
                let picture = transform_picture(&ramp(50, 37, 3), &options, &STAY);
                assert_eq!(picture.size(), expected, "{options:?}");
                assert_eq!(picture.pixels.len(), expected.width * expected.height * 3);
            }
        }
    }

    #[test]
    fn photo_labels_and_instances_stay_aligned_whatever_is_drawn() {
        let mut rng = SampleRng::seed_from_u64(11);
        for round in 0..300u64 {
            let mut side = |low: u64, high: u64| rng.random_range(low..=high) as usize;
            let size = Size::new(side(1, 30), side(1, 30));
            let options = AugmentOptions {
                rules: PreprocessRules::Spade,
                ..options(Preprocess::Crop, 1, side(1, 40))
            };
            let params = TransformParams::draw(&options, size, &mut rng);
            let ids = (0..size.width * size.height).map(|index| 1 + index as u16 % 200);
            let labels = LabelMap {
                width: size.width,
                height: size.height,
                ids: ids.collect(),
            };
            let photo = Picture {
                pixels: labels.ids.iter().map(|&id| id as u8).collect(),
                ..ramp(size.width, size.height, 1)
            };
            let cut = transform_labels(&labels, IdDepth::Byte, &options, &params);
            let photo = transform_picture(&photo, &options, &params);
            let instances = transform_instances(&labels, IdDepth::Word, &options, &params);
            assert_eq!(cut.size(), options.final_size(size), "round {round}");
            assert_eq!(cut.ids, instances.ids);
            let seen: Vec<u16> = photo.pixels.iter().map(|&value| value.into()).collect();
            assert_eq!(cut.ids, seen, "round {round}");
            // All of the picture is seen where it is not larger than the cut-out, nothing twice.
            let kept = cut.ids.iter().filter(|id| **id > 0).count();
            let overlap = size.width.min(options.crop_size) * size.height.min(options.crop_size);
            assert_eq!(kept, overlap, "round {round}");
        }
    }

    #[test]
    fn spade_fills_a_small_picture_up_to_the_cut_out() {
        let labels = LabelMap {
            width: 2,
            height: 1,
            ids: vec![7, 300],
        };
        let options = AugmentOptions {
            rules: PreprocessRules::Spade,
            ..options(Preprocess::Crop, 1, 3)
        };
        let flipped = TransformParams { flip: true, ..STAY };
        let cut = transform_labels(&labels, IdDepth::Byte, &options, &flipped);
        // Filled up first, mirrored after: the fill comes to the left.
        assert_eq!(cut.ids, [0, 300, 7, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn instances_are_never_mixed_nor_cut_to_fifteen_bits() {
        let mut rng = SampleRng::seed_from_u64(5);
        let ids: Vec<u16> = (0..20 * 14).map(|_| rng.random()).collect();
        let instances = LabelMap {
            width: 20,
            height: 14,
            ids,
        };
        for (_, mode) in Preprocess::NAMES {
            let options = AugmentOptions {
                rules: PreprocessRules::Spade,
                ..options(mode, 31, 17)
            };
            let params = TransformParams::draw(&options, instances.size(), &mut rng);
            let found = transform_instances(&instances, IdDepth::Word, &options, &params);
            let known = |id: &u16| *id == 0 || instances.ids.contains(id);
            assert!(found.ids.iter().all(known), "{mode}");
            assert!(found.ids.iter().any(|id| *id >= 32_768), "{mode}");
        }
    }

    #[test]
    fn crop_beyond_the_picture_fills_with_zero() {
        let options = options(Preprocess::Crop, 9, 4);
        let params = TransformParams {
            crop_x: 0,
            crop_y: 1,
            flip: false,
        };
        let picture = Picture {
            width: 2,
            height: 6,
            channels: 1,
            pixels: (1..=12).collect(),
        };
        let cropped = transform_picture(&picture, &options, &params);
        assert_eq!(
            cropped.pixels,
            [3, 4, 0, 0, 5, 6, 0, 0, 7, 8, 0, 0, 9, 10, 0, 0]
        );
        let outside = TransformParams {
            crop_x: 5,
            crop_y: 9,
            flip: false,
        };
        assert_eq!(
            transform_picture(&picture, &options, &outside).pixels,
            [0; 16]
        );
    }

    #[test]
    fn flip_mirrors_pixels_not_channels_and_labels_follow() {
        let options = options(Preprocess::None, 1, 1);
        let params = TransformParams { flip: true, ..STAY };
        let picture = transform_picture(&ramp(4, 4, 3), &options, &params);
        assert_eq!(picture.pixels[..12], [9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2]);
        let labels = LabelMap {
            width: 4,
            height: 4,
            ids: (300..316).collect(),
        };
        assert_eq!(
            transform_labels(&labels, IdDepth::Byte, &options, &params).ids[..4],
            [303, 302, 301, 300]
        );
    }

    #[test]
    fn draws_cover_the_whole_range_and_both_coins() {
        let options = options(Preprocess::ResizeAndCrop, 34, 32);
        let mut rng = SampleRng::seed_from_u64(7);
        let draws: Vec<_> = (0..200)
            .map(|_| TransformParams::draw(&options, Size::new(9, 9), &mut rng))
            .collect();
        for wanted in 0..=2 {
            assert!(draws.iter().any(|draw| draw.crop_x == wanted));
            assert!(draws.iter().any(|draw| draw.crop_y == wanted));
        }
        assert!(
            draws
                .iter()
                .all(|draw| draw.crop_x <= 2 && draw.crop_y <= 2)
        );
        assert!((60..140).contains(&draws.iter().filter(|draw| draw.flip).count()));
        let shortside = AugmentOptions {
            preprocess: Preprocess::ScaleShortsideAndCrop,
            ..options
        };
        // 9x18 becomes 34x68, so that x is 0..=2 and y 0..=36.
        let rows = (0..400).map(|_| TransformParams::draw(&shortside, Size::new(9, 18), &mut rng));
        assert_eq!(rows.map(|draw| draw.crop_y).max(), Some(36));
        let still = AugmentOptions {
            load_size: 34,
            ..options
        }
        .for_evaluation();
        assert_eq!(
            TransformParams::draw(&still, Size::new(9, 9), &mut rng),
            STAY
        );
    }

    #[test]
    fn signed_values_span_minus_one_to_one_by_channel() {
        let picture = Picture {
            width: 2,
            height: 1,
            channels: 3,
            pixels: vec![0, 1, 255, 128, 127, 64],
        };
        let expected =
            [0, 128, 1, 127, 255, 64].map(|value: u8| (f32::from(value) / 255.0 - 0.5) / 0.5);
        assert_eq!(signed_from_picture(&picture).data, expected);
        assert_eq!((expected[0], expected[4]), (-1.0, 1.0));
    }
}
