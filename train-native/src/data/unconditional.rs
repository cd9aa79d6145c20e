//! Pictures alone, for a generator that starts from noise: one picture at one of the growing sizes.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::data::PixelsF32;
use crate::data::augment::{Region, signed_from_picture};
use crate::data::decode::{Color, Picture, read_picture};
use crate::data::error::{DataError, Size};
use crate::data::resize::{Filter, resize_bytes};

/// Which part of a picture is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaceCrop {
    /// All of it.
    #[default]
    None,
    /// The face of an aligned CelebA picture (178x218): columns 25 to 152, rows 57 to 184.
    Celeba,
}

/// Size of the pictures of CelebA's `img_align_celeba`.
const CELEBA_SIZE: Size = Size {
    width: 178,
    height: 218,
};

/// Centre x 89, y 121, 64 to every side.
const CELEBA_FACE: Region = Region {
    left: 25,
    top: 57,
    size: Size {
        width: 128,
        height: 128,
    },
};

/// Reads a picture as RGB, cuts out the face if asked to, and resizes it to `side` squared.
///
/// Photos are never mirrored here, and a picture that is not square is squashed.
///
/// # Shapes
/// The result is `[3, side, side]`, in [-1, 1].
///
/// # Errors
/// [`DataError::Io`] or [`DataError::Undecodable`]; [`DataError::SizeMismatch`] where the CelebA crop meets a picture
/// of another size; [`DataError::InvalidSetting`] for side 0.
///
/// Source: PGAN, model specification 5.6.
pub fn load_picture(path: &Path, side: usize, crop: FaceCrop) -> Result<PixelsF32, DataError> {
    let picture = read_picture(path, Color::Rgb)?;
    let picture = match face_region(path, picture.size(), crop)? {
        None => picture,
        Some(region) => region.cut_picture(&picture),
    };
    if side == 0 {
        return Err(DataError::InvalidSetting {
            setting: "side",
            expected: "at least 1 pixel".into(),
            found: "0".into(),
        });
    }
    Ok(resized_to_square(&picture, side))
}

/// The part of a picture of that size that is used; none for all of it.
///
/// # Errors
/// [`DataError::SizeMismatch`] where the CelebA crop meets a picture of another size.
pub(crate) fn face_region(
    path: &Path,
    size: Size,
    crop: FaceCrop,
) -> Result<Option<Region>, DataError> {
    match crop {
        FaceCrop::None => Ok(None),
        FaceCrop::Celeba if size == CELEBA_SIZE => Ok(Some(CELEBA_FACE)),
        FaceCrop::Celeba => Err(DataError::SizeMismatch {
            path: path.to_path_buf(),
            expected: CELEBA_SIZE,
            expected_of: "an aligned CelebA picture, for the celeba crop".into(),
            found: size,
        }),
    }
}

/// Resizes to `side` squared by Pillow's bilinear filter.
///
/// # Shapes
/// `[height, width, channels]` bytes to `[channels, side, side]` in [-1, 1].
///
/// # Panics
/// If `side` is zero.
#[must_use]
pub fn resized_to_square(picture: &Picture, side: usize) -> PixelsF32 {
    let square = Size::new(side, side);
    let channels = picture.channels;
    let pixels = resize_bytes(
        &picture.pixels,
        picture.size(),
        channels,
        square,
        Filter::Bilinear,
    );
    signed_from_picture(&Picture {
        width: side,
        height: side,
        channels,
        pixels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::decode::write_picture_png;

    /// Red counts columns, green rows.
    fn coordinates(width: usize, height: usize) -> Picture {
        let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, 9]));
        Picture {
            width,
            height,
            channels: 3,
            pixels: pixels.collect(),
        }
    }

    fn bytes(image: &PixelsF32) -> Vec<u8> {
        let byte = |value: &f32| ((value + 1.0) * 127.5).round() as u8;
        image.data.iter().map(byte).collect()
    }

    #[test]
    fn the_celeba_crop_takes_columns_25_to_152_and_rows_57_to_184() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("000001.png");
        write_picture_png(&path, &coordinates(178, 218)).unwrap();
        let face = load_picture(&path, 128, FaceCrop::Celeba).unwrap();
        assert_eq!((face.channels, face.height, face.width), (3, 128, 128));
        let seen = bytes(&face);
        let (red, green) = (&seen[..128 * 128], &seen[128 * 128..2 * 128 * 128]);
        for (index, (&x, &y)) in red.iter().zip(green).enumerate() {
            assert_eq!(
                (x as usize, y as usize),
                (25 + index % 128, 57 + index / 128)
            );
        }
    }

    #[test]
    fn the_celeba_crop_refuses_other_sizes_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wide.png");
        write_picture_png(&path, &coordinates(218, 178)).unwrap();
        let error = load_picture(&path, 64, FaceCrop::Celeba).unwrap_err();
        let text = error.to_string();
        for part in ["wide.png", "178x218", "218x178", "celeba"] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
        load_picture(&path, 64, FaceCrop::None).unwrap();
        assert!(load_picture(&path, 0, FaceCrop::None).is_err());
    }

    #[test]
    fn shrinking_averages_instead_of_skipping() {
        // A checkerboard of single pixels becomes one gray, not black or white.
        let pixels = (0..32 * 32).map(|index| 255 * ((index % 32 + index / 32) % 2) as u8);
        let board = Picture {
            width: 32,
            height: 32,
            channels: 1,
            pixels: pixels.collect(),
        };
        let small = resized_to_square(&board, 4);
        assert_eq!((small.channels, small.data.len()), (1, 16));
        assert!(small.data.iter().all(|value| value.abs() < 0.02));
    }
}
