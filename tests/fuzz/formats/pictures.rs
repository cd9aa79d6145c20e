//! Picture files: as photos, as label maps, and in a data set.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage, RgbaImage};
use underpaint::data::decode::{
    Color, read_ids_of_kind, read_label_map_header, read_picture, read_picture_size,
};

use super::{Case, Sample, names_file, taken, underpaint};

const WIDTH: u32 = 21;
const HEIGHT: u32 = 13;
/// A data set is checked with one of so many inputs: it takes longer than reading a picture.
const CHECKED: u64 = 8;

/// Pictures of several kinds of samples, whichever the format has.
fn samples(name: &'static str, format: ImageFormat, extra: Vec<Vec<u8>>) -> Vec<Sample> {
    let wave = |x: u32, y: u32, by: u32| ((x * 11 + y * 7) * by % 251) as u8;
    let gray = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([(x / 4 + y / 5) as u8]));
    let rgb = RgbImage::from_fn(
        WIDTH,
        HEIGHT,
        |x, y| Rgb([1, 2, 3].map(|by| wave(x, y, by))),
    );
    let rgba = RgbaImage::from_fn(WIDTH, HEIGHT, |x, y| {
        image::Rgba([1, 2, 3, 4].map(|by| wave(x, y, by)))
    });
    let gray16 = ImageBuffer::from_fn(WIDTH, HEIGHT, |x, y| Luma([(x * 1000 + y) as u16]));
    let rgb16 = ImageBuffer::from_fn(WIDTH, HEIGHT, |x, y| {
        Rgb([1, 2, 3].map(|by| u16::from(wave(x, y, by)) * 257))
    });
    let pictures: [DynamicImage; 5] = [
        gray.into(),
        rgb.into(),
        rgba.into(),
        DynamicImage::ImageLuma16(gray16),
        DynamicImage::ImageRgb16(rgb16),
    ];
    let encoded = pictures.iter().filter_map(|picture| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).ok()?;
        Some(bytes.into_inner())
    });
    let all = encoded.chain(extra);
    all.map(|bytes| Sample::new(name, bytes)).collect()
}

pub fn png() -> Vec<Sample> {
    samples(
        "file.png",
        ImageFormat::Png,
        vec![palette_png(8), palette_png(2)],
    )
}

pub fn jpeg() -> Vec<Sample> {
    samples("file.jpg", ImageFormat::Jpeg, Vec::new())
}

pub fn tiff() -> Vec<Sample> {
    samples("file.tiff", ImageFormat::Tiff, Vec::new())
}

pub fn webp() -> Vec<Sample> {
    samples("file.webp", ImageFormat::WebP, Vec::new())
}

pub fn bmp() -> Vec<Sample> {
    samples("file.bmp", ImageFormat::Bmp, Vec::new())
}

pub fn pnm() -> Vec<Sample> {
    let text = |text: &str| text.as_bytes().to_vec();
    let extra = vec![
        text("P1\n# ids\n4 2\n0 1 1 0\n1 0 0 1\n"),
        text("P2\n3 2\n255\n0 1 2\n3 4 5\n"),
        text("P3\n1 2\n255\n0 1 2 3 4 5\n"),
        text("P4\n8 2\n\u{5}\u{7}"),
        text("P5\n3 2\n255\n\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}"),
    ];
    samples("file.ppm", ImageFormat::Pnm, extra)
}

/// An indexed PNG, which label maps usually are.
fn palette_png(depth: u8) -> Vec<u8> {
    let row = (WIDTH as usize * usize::from(depth)).div_ceil(8);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(if depth == 8 {
        png::BitDepth::Eight
    } else {
        png::BitDepth::Two
    });
    encoder.set_palette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255].as_slice());
    encoder.set_trns([255, 0].as_slice());
    let ids: Vec<u8> = (0..row * HEIGHT as usize)
        .map(|index| (index % 4) as u8)
        .collect();
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&ids).expect("pixels");
    writer.finish().expect("an end");
    bytes
}

/// Reads a picture in every way that there is.
pub fn check(case: &Case) -> Result<(), String> {
    let size = read_picture_size(&case.path);
    for (color, channels) in [(Color::Rgb, 3), (Color::Gray, 1)] {
        let read = read_picture(&case.path, color);
        taken(case, &read)?;
        match read {
            Ok(picture) if picture.pixels.len() != picture.width * picture.height * channels => {
                return Err(format!(
                    "{} bytes for {}",
                    picture.pixels.len(),
                    picture.size()
                ));
            }
            Ok(picture) if size.as_ref().ok() != Some(&picture.size()) => {
                return Err(format!(
                    "decoded as {}, announced as {size:?}",
                    picture.size()
                ));
            }
            Ok(_) => {}
            Err(error) => names_file(&error.to_string(), case)?,
        }
    }
    let header = read_label_map_header(&case.path);
    match read_ids_of_kind(&case.path) {
        Ok((map, _)) if map.ids.len() != map.width * map.height => {
            return Err(format!("{} ids for {}", map.ids.len(), map.size()));
        }
        Ok((map, kind)) => match header {
            Ok(announced) if announced == (map.size(), kind) => {}
            other => {
                return Err(format!(
                    "ids of {} {kind}, announced as {other:?}",
                    map.size()
                ));
            }
        },
        Err(error) => names_file(&error.to_string(), case)?,
    }
    if case.iteration.is_multiple_of(CHECKED) {
        let folder = &case.folder;
        // Whether it finds faults depends on the picture; that it ends well does not.
        let _ = underpaint([
            &"dataset",
            &"check",
            &"--images",
            folder,
            &"--labels",
            folder,
        ]);
        let _ = underpaint([&"dataset", &"check", &"--pairs", folder]);
    }
    Ok(())
}
