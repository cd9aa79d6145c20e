//! A guard in front of the PNG decoder, which panics on palettes whose length is none (png 0.18.1).

/// Length of the signature.
const SIGNATURE: usize = 8;
/// Where a PNG says how its pixels are coloured, and the value for a palette.
const COLOR_TYPE: (usize, u8) = (25, 3);
/// Most bytes of a palette: 256 colours.
const LONGEST: usize = 256 * 3;

/// Checks the length of an indexed PNG's palette; any other file passes.
///
/// # Errors
/// With the length that was found.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let is_png = bytes.starts_with(b"\x89PNG\r\n\x1a\n");
    if !is_png || bytes.get(COLOR_TYPE.0) != Some(&COLOR_TYPE.1) {
        return Ok(());
    }
    let mut rest = &bytes[SIGNATURE..];
    while let Some((length, after)) = rest.split_first_chunk::<4>()
        && let Some((kind, content)) = after.split_first_chunk::<4>()
    {
        let length = u32::from_be_bytes(*length) as usize;
        if kind == b"PLTE" && (!length.is_multiple_of(3) || length > LONGEST) {
            return Err(format!(
                "the PNG is damaged: expected a palette of 3 bytes a colour and at most 256 colours, found {length} bytes"
            ));
        }
        // Content and checksum.
        rest = content.get(length.saturating_add(4)..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An indexed PNG of 3 by 2 pixels with a palette of so many bytes, transparent in its first colour.
    fn indexed(palette: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 3, 2);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(vec![7; palette]);
        encoder.set_trns(vec![0]);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[0; 6]).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn palettes_that_are_none_are_refused_before_the_decoder_sees_them() {
        for length in [3, 6, 768] {
            assert_eq!(check(&indexed(length)), Ok(()), "{length}");
        }
        for length in [1, 2, 4, 767, 769, 771] {
            let error = check(&indexed(length)).unwrap_err();
            assert!(error.contains(&format!("found {length} bytes")), "{error}");
        }
    }

    #[test]
    fn such_a_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.png");
        std::fs::write(&path, indexed(4)).unwrap();
        let read = crate::data::decode::read_picture(&path, crate::data::decode::Color::Rgb);
        let error = read.unwrap_err().to_string();
        assert!(
            error.contains("cut.png") && error.contains("found 4 bytes"),
            "{error}"
        );
    }

    #[test]
    fn other_and_shorter_files_pass() {
        let whole = indexed(3);
        assert_eq!(check(b"GIF89a"), Ok(()));
        for length in 0..whole.len() {
            assert_eq!(check(&whole[..length]), Ok(()), "{length}");
        }
    }
}
