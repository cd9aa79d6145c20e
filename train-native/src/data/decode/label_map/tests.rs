use super::*;
use crate::data::decode::{Picture, write_label_map_png, write_picture_png};

pub(in crate::data::decode) fn encode_png(
    path: &Path,
    color: ::png::ColorType,
    depth: ::png::BitDepth,
    size: (u32, u32),
    data: &[u8],
) {
    let file = fs::File::create(path).unwrap();
    let mut encoder = ::png::Encoder::new(file, size.0, size.1);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == ::png::ColorType::Indexed {
        encoder.set_palette((0..48u8).collect::<Vec<u8>>());
    }
    encoder
        .write_header()
        .unwrap()
        .write_image_data(data)
        .unwrap();
}

fn noise_picture() -> Picture {
    let pixels = (0..36).map(|index| (index * 97 % 251) as u8).collect();
    Picture {
        width: 4,
        height: 3,
        channels: 3,
        pixels,
    }
}

/// A TIFF of one strip of samples, with further fields of one number.
fn tiff_of((width, height): (u16, u16), fields: &[(u16, u16)], samples: &[u8]) -> Vec<u8> {
    let mut all = vec![(256, width), (257, height), (277, 1), (278, height)];
    all.extend(fields);
    all.extend([(273, 8), (279, samples.len() as u16)]);
    all.sort_by_key(|(tag, _)| *tag);
    let mut bytes = b"II\x2a\x00".to_vec();
    bytes.extend((8 + samples.len() as u32).to_le_bytes());
    bytes.extend(samples);
    bytes.extend((all.len() as u16).to_le_bytes());
    for (tag, value) in all {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(3u16.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(u32::from(value).to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes
}

/// A BMP with a palette, its rows from below.
fn bmp_of(width: i32, height: i32, bits: u16, rows: &[u8]) -> Vec<u8> {
    let colors = if bits <= 8 { 1usize << bits } else { 0 };
    let start = 54 + 4 * colors as u32;
    let mut bytes = b"BM".to_vec();
    bytes.extend((start + rows.len() as u32).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(start.to_le_bytes());
    bytes.extend(40u32.to_le_bytes());
    bytes.extend(width.to_le_bytes());
    bytes.extend(height.to_le_bytes());
    bytes.extend(1u16.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend([0; 24]);
    bytes.extend((0..4 * colors).map(|index| (index * 37 % 251) as u8));
    bytes.extend(rows);
    bytes
}

/// Reads bytes from a file whose name says nothing of its format.
fn read(bytes: &[u8]) -> Result<(LabelMap, IdKind), DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.png");
    fs::write(&path, bytes).unwrap();
    let header = read_label_map_header(&path);
    let found = read_ids_of_kind(&path);
    if let (Ok((size, kind)), Ok((labels, same))) = (&header, &found) {
        assert_eq!((*size, kind), (labels.size(), same));
    }
    found
}

fn ids(bytes: &[u8]) -> (Vec<u16>, IdKind) {
    let (labels, kind) = read(bytes).unwrap();
    assert_eq!(labels.ids.len(), labels.width * labels.height);
    (labels.ids, kind)
}

/// The refusal of a file: it names it and says how to save ids.
fn refused(bytes: &[u8]) -> String {
    let text = read(bytes).unwrap_err().to_string();
    assert!(text.contains("labels.png"), "{text}");
    text
}

#[test]
fn samples_of_a_tiff_are_ids_at_every_depth() {
    let gray = |bits| [(258, bits), (262, 1)];
    let one = tiff_of((9, 2), &gray(1), &[0b1000_0001, 0x80, 0b0100_0000, 0]);
    let (found, kind) = ids(&one);
    assert_eq!(found[..9], [1, 0, 0, 0, 0, 0, 0, 1, 1]);
    assert_eq!((found[10], kind), (1, IdKind::Gray8));
    let two = tiff_of((3, 1), &gray(2), &[0b11_10_01_00]);
    assert_eq!(ids(&two).0, [3, 2, 1]);
    let four = tiff_of((3, 1), &gray(4), &[0x1a, 0xf0]);
    assert_eq!(ids(&four).0, [1, 10, 15]);
    let eight = tiff_of((2, 1), &gray(8), &[3, 255]);
    assert_eq!(ids(&eight), (vec![3, 255], IdKind::Gray8));
    let sixteen = tiff_of((2, 1), &gray(16), &[0xe9, 0x80, 7, 0]);
    assert_eq!(ids(&sixteen), (vec![33_001, 7], IdKind::Gray16));
}

#[test]
fn wide_and_signed_integers_of_a_tiff_are_ids_if_they_fit() {
    let samples = |numbers: &[i32]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    for format in [1, 2] {
        let fields = [(258, 32), (262, 1), (339, format)];
        let bytes: Vec<u8> = samples(&[0, 2, 33_001]);
        let found = ids(&tiff_of((3, 1), &fields, &bytes));
        assert_eq!(found, (vec![0, 2, 33_001], IdKind::Integers));
        let bytes: Vec<u8> = samples(&[0, 1, 2, 70_000]);
        let text = refused(&tiff_of((2, 2), &fields, &bytes));
        assert!(text.contains("70000 at x=1, y=1"), "{text}");
    }
    let signed = [(258, 32), (262, 1), (339, 2)];
    let bytes: Vec<u8> = samples(&[5, -1]);
    let text = refused(&tiff_of((2, 1), &signed, &bytes));
    assert!(
        text.contains("-1 at x=1, y=0") && text.contains("255"),
        "{text}"
    );
    let short = tiff_of((2, 1), &[(258, 16), (262, 1), (339, 2)], &[4, 0, 9, 0]);
    assert_eq!(ids(&short), (vec![4, 9], IdKind::Integers));
}

#[test]
fn indices_of_a_palette_are_ids_in_tiff_and_bmp() {
    let tiff = |bits| [(258, bits), (262, 3)];
    let found = ids(&tiff_of((3, 1), &tiff(8), &[0, 200, 7]));
    assert_eq!(found, (vec![0, 200, 7], IdKind::Palette));
    assert_eq!(
        ids(&tiff_of((3, 1), &tiff(4), &[0x1a, 0xf0])).0,
        [1, 10, 15]
    );
    // Rows of a BMP begin at multiples of four bytes, the lowest first.
    let rows = [2, 1, 0, 0, 9, 255, 0, 0];
    let found = ids(&bmp_of(2, 2, 8, &rows));
    assert_eq!(found, (vec![9, 255, 2, 1], IdKind::Palette));
    assert_eq!(ids(&bmp_of(2, -2, 8, &rows)).0, [2, 1, 9, 255]);
    assert_eq!(ids(&bmp_of(3, 1, 4, &[0x1a, 0xf0, 0, 0])).0, [1, 10, 15]);
    assert_eq!(ids(&bmp_of(3, 1, 1, &[0b1010_0000, 0, 0, 0])).0, [1, 0, 1]);
    assert!(refused(&bmp_of(40, 2, 8, &rows)).contains("truncated"));
}

#[test]
fn samples_of_a_pgm_are_ids_whatever_its_maximum() {
    let small = b"P5\n# ids\n3 1\n4\n\x00\x04\x01";
    assert_eq!(ids(small), (vec![0, 4, 1], IdKind::Gray8));
    assert_eq!(ids(b"P2\n3 2\n1\n0 1 1\n1 0 0\n").0, [0, 1, 1, 1, 0, 0]);
    let wide = b"P5 2 1 1000\n\x03\xe8\x00\x07";
    assert_eq!(ids(wide), (vec![1000, 7], IdKind::Gray16));
    let pam = b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 3\nTUPLTYPE GRAYSCALE\nENDHDR\n\x03\x00";
    assert_eq!(ids(pam).0, [3, 0]);
    assert!(refused(b"P5 3 1 4\n\x00\x05\x01").contains("5, above"));
    for cut in [
        &b"P5 3 2 4\n\x00\x01\x01"[..],
        b"P2 3 1 9\n1 2",
        b"P2 2 1 9\n1 x",
    ] {
        assert!(refused(cut).contains("truncated"));
    }
    assert!(refused(b"P5 99999999 99999999 4\n\x00").contains("cannot be read"));
}

#[test]
fn files_whose_samples_are_no_ids_are_refused_by_what_they_are() {
    let tiff = |fields: &[(u16, u16)]| tiff_of((1, 1), fields, &[0; 8]);
    for (bytes, found) in [
        (b"P4 8 1\n\x80".to_vec(), "PBM"),
        (b"P1 2 1\n0 1".to_vec(), "PBM"),
        (b"P6 1 1 255\n\x01\x02\x03".to_vec(), "RGB"),
        (bmp_of(1, 1, 24, &[0; 4]), "BMP of RGB colours"),
        (tiff(&[(258, 1), (262, 0)]), "0 is white"),
        (
            tiff(&[(258, 32), (262, 1), (339, 3)]),
            "32-bit floating-point",
        ),
        (tiff(&[(258, 12), (262, 1)]), "12-bit integer"),
        (tiff(&[(258, 8), (259, 7), (262, 1)]), "JPEG"),
        (tiff(&[(258, 1), (262, 1), (266, 2)]), "reversed"),
        (tiff(&[(258, 8), (262, 2)]), "RGB"),
    ] {
        let text = refused(&bytes);
        for part in [found, "single-channel", "8-bit gray"] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
    }
    assert!(refused(b"II\x2b\x00\x08\x00\x00\x00").contains("BigTIFF"));
    assert!(refused(b"GIF89a\x01\x00\x01\x00\x00\x00\x00").contains("Gif"));
}

#[test]
fn palette_and_gray_labels_keep_raw_values_at_every_depth() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.png");
    for color in [::png::ColorType::Indexed, ::png::ColorType::Grayscale] {
        encode_png(
            &path,
            color,
            ::png::BitDepth::Two,
            (5, 2),
            &[0b00_01_10_11, 0b01_000000, 0b11_11_00_00, 0b10_000000],
        );
        assert_eq!(
            read_label_map(&path).unwrap().ids,
            [0, 1, 2, 3, 1, 3, 3, 0, 0, 2]
        );
        encode_png(&path, color, ::png::BitDepth::Four, (3, 1), &[0x1a, 0xf0]);
        assert_eq!(read_label_map(&path).unwrap().ids, [1, 10, 15]);
        encode_png(
            &path,
            color,
            ::png::BitDepth::One,
            (9, 1),
            &[0b1000_0001, 0b1000_0000],
        );
        assert_eq!(
            read_label_map(&path).unwrap().ids,
            [1, 0, 0, 0, 0, 0, 0, 1, 1]
        );
        encode_png(&path, color, ::png::BitDepth::Eight, (2, 1), &[3, 15]);
        assert_eq!(read_label_map(&path).unwrap().ids, [3, 15]);
    }
    encode_png(
        &path,
        ::png::ColorType::Grayscale,
        ::png::BitDepth::Sixteen,
        (2, 1),
        &[0x80, 0xe9, 0, 7],
    );
    assert_eq!(read_label_map(&path).unwrap().ids, [33_001, 7]);
    let header = read_label_map_header(&path).unwrap();
    assert_eq!(header, (Size::new(2, 1), IdKind::Gray16));
}

#[test]
fn colored_and_jpeg_label_maps_are_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.png");
    write_picture_png(&path, &noise_picture()).unwrap();
    for error in [
        read_label_map(&path).unwrap_err(),
        read_label_map_size(&path).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(
            text.contains("labels.png")
                && text.contains("found RGB")
                && text.contains("8-bit gray"),
            "{text}"
        );
    }
    let jpeg = folder.path().join("labels.jpg");
    image::GrayImage::new(8, 8).save(&jpeg).unwrap();
    assert!(matches!(
        read_label_map(&jpeg),
        Err(DataError::WrongMode { .. })
    ));
}

#[test]
fn label_maps_survive_writing_at_both_widths() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.png");
    for ids in [vec![0, 255, 7, 3, 2, 1], vec![0, 65_535, 256, 3, 2, 1]] {
        let labels = LabelMap {
            width: 3,
            height: 2,
            ids,
        };
        write_label_map_png(&path, &labels).unwrap();
        let wide = labels.ids.iter().any(|id| *id > 255);
        let depth = if wide { IdDepth::Word } else { IdDepth::Byte };
        assert_eq!(read_ids(&path).unwrap(), (labels, depth));
    }
}

#[test]
fn range_check_names_the_first_offending_pixel() {
    let labels = LabelMap {
        width: 2,
        height: 2,
        ids: vec![0, 1, 2, 255],
    };
    labels.check_range(Path::new("x.png"), 256).unwrap();
    let error = labels.check_range(Path::new("x.png"), 3).unwrap_err();
    assert!(
        matches!(
            error,
            DataError::LabelOutOfRange {
                value: 255,
                x: 1,
                y: 1,
                ..
            }
        ),
        "{error}"
    );
}
