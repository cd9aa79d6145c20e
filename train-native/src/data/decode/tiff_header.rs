//! What kind of samples a TIFF holds, by its header: to read those that pictures do not have, and to name the others.

/// Tags of a TIFF's first folder of fields.
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const SAMPLES_PER_PIXEL: u16 = 277;
const SAMPLE_FORMAT: u16 = 339;

/// Kind of the samples, in words; none if the bytes are not those of a TIFF.
pub(super) fn describe_tiff(bytes: &[u8]) -> Option<String> {
    let file = TiffHeader::open(bytes)?;
    let bits = file.bits();
    let samples = match (file.is_float(), file.is_signed()) {
        (true, _) => "floating-point",
        (false, true) => "signed integer",
        (false, false) => "integer",
    };
    Some(match file.photometric() {
        _ if !file.is_lossless() => "a TIFF compressed as JPEG, which changes samples".into(),
        Photometric::Palette => format!("a TIFF with a palette ({bits} bits)"),
        Photometric::Rgb => "a TIFF of RGB colours".into(),
        Photometric::BlackIsZero | Photometric::WhiteIsZero if file.channels() > 1 => {
            "a TIFF of several channels".into()
        }
        Photometric::WhiteIsZero => {
            "a TIFF whose 0 is white, of whose ids programs disagree which is 0".into()
        }
        Photometric::BlackIsZero if file.has_reversed_bits() => {
            format!("a TIFF of {bits}-bit {samples} samples in reversed order")
        }
        Photometric::BlackIsZero if !file.has_known_compression() => format!(
            "a TIFF of {bits}-bit {samples} samples, compressed in a way that is not read ({})",
            file.field(COMPRESSION).unwrap_or(1)
        ),
        Photometric::BlackIsZero => format!("a TIFF of {bits}-bit {samples} samples"),
        Photometric::Other => format!(
            "a TIFF of another kind (compression {})",
            file.field(COMPRESSION).unwrap_or(1)
        ),
    })
}

/// What samples of a TIFF mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Photometric {
    WhiteIsZero,
    BlackIsZero,
    Rgb,
    Palette,
    Other,
}

/// The fields of a TIFF's first picture.
pub(super) struct TiffHeader<'a> {
    bytes: &'a [u8],
    little_endian: bool,
    /// Offset of the first field.
    fields: usize,
    count: usize,
}

impl<'a> TiffHeader<'a> {
    /// The fields; none if the bytes are not those of a TIFF.
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        let little_endian = match bytes.get(..4)? {
            b"II\x2a\x00" => true,
            b"MM\x00\x2a" => false,
            _ => return None,
        };
        let mut file = Self {
            bytes,
            little_endian,
            fields: 0,
            count: 0,
        };
        let folder = usize::try_from(file.number(4, 4)?).ok()?;
        file.count = file.number(folder, 2)? as usize;
        file.fields = folder.checked_add(2)?;
        Some(file)
    }

    /// Bits of a sample.
    pub fn bits(&self) -> u32 {
        self.field(BITS_PER_SAMPLE).unwrap_or(1)
    }

    /// Samples of a pixel.
    pub fn channels(&self) -> u32 {
        self.field(SAMPLES_PER_PIXEL).unwrap_or(1)
    }

    /// What samples mean.
    pub fn photometric(&self) -> Photometric {
        match self.field(PHOTOMETRIC) {
            Some(0) => Photometric::WhiteIsZero,
            Some(1) => Photometric::BlackIsZero,
            Some(2) => Photometric::Rgb,
            Some(3) => Photometric::Palette,
            _ => Photometric::Other,
        }
    }

    /// Whether samples are floating-point numbers.
    pub fn is_float(&self) -> bool {
        self.field(SAMPLE_FORMAT) == Some(3)
    }

    fn is_signed(&self) -> bool {
        self.field(SAMPLE_FORMAT) == Some(2)
    }

    /// Whether samples are those that were saved: JPEG changes them.
    pub fn is_lossless(&self) -> bool {
        !matches!(self.field(COMPRESSION), Some(6 | 7))
    }

    /// Whether the decoder can undo the compression: none, CCITT's group 4, LZW, Deflate by both numbers, PackBits.
    fn has_known_compression(&self) -> bool {
        matches!(
            self.field(COMPRESSION),
            None | Some(1 | 4 | 5 | 8 | 32_773 | 32_946)
        )
    }

    /// Whether the first sample of a byte has its lowest bits, which the decoder does not know.
    pub fn has_reversed_bits(&self) -> bool {
        self.field(FILL_ORDER) == Some(2) && self.bits() < 8
    }

    /// The file with samples that mean gray.
    pub fn with_gray_photometric(&self) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        if let Some((place, width)) = self.value_place(PHOTOMETRIC) {
            let gray = &mut bytes[place..place + width];
            gray.fill(0);
            gray[if self.little_endian { 0 } else { width - 1 }] = 1;
        }
        bytes
    }

    /// The first value of a field of short or long numbers.
    fn field(&self, tag: u16) -> Option<u32> {
        let (place, width) = self.value_place(tag)?;
        self.number(place, width)
    }

    /// Place and width of the first value of a field, all of it within the file.
    fn value_place(&self, tag: u16) -> Option<(usize, usize)> {
        let entry = (0..self.count)
            .map(|index| self.fields + 12 * index)
            .find(|entry| self.number(*entry, 2) == Some(u32::from(tag)))?;
        let width = if self.number(entry + 2, 2)? == 3 {
            2
        } else {
            4
        };
        let count = self.number(entry + 4, 4)? as usize;
        let fits = count.checked_mul(width)? <= 4;
        let place = if fits {
            entry + 8
        } else {
            self.number(entry + 8, 4)? as usize
        };
        self.number(place, width).map(|_| (place, width))
    }

    /// A number of two or four bytes.
    fn number(&self, place: usize, length: usize) -> Option<u32> {
        let bytes = self.bytes.get(place..place.checked_add(length)?)?;
        let add = |sum: u32, byte: &u8| sum << 8 | u32::from(*byte);
        Some(if self.little_endian {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little-endian TIFF's header with those fields of one short number.
    pub(in crate::data::decode) fn header(fields: &[(u16, u16)]) -> Vec<u8> {
        let mut bytes = b"II\x2a\x00\x08\x00\x00\x00".to_vec();
        bytes.extend((fields.len() as u16).to_le_bytes());
        for (tag, value) in fields {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(3u16.to_le_bytes());
            bytes.extend(1u32.to_le_bytes());
            bytes.extend(u32::from(*value).to_le_bytes());
        }
        bytes
    }

    #[test]
    fn kinds_are_told_in_words() {
        let kind = |fields: &[(u16, u16)]| describe_tiff(&header(fields)).unwrap();
        assert_eq!(
            kind(&[(258, 8), (262, 3)]),
            "a TIFF with a palette (8 bits)"
        );
        let integers = [(258, 32), (262, 1), (277, 1), (339, 2)];
        assert_eq!(kind(&integers), "a TIFF of 32-bit signed integer samples");
        let floats = [(258, 32), (262, 1), (339, 3)];
        assert_eq!(kind(&floats), "a TIFF of 32-bit floating-point samples");
        assert_eq!(kind(&[(262, 2)]), "a TIFF of RGB colours");
        let zstd = kind(&[(258, 8), (259, 50_000), (262, 1)]);
        assert!(zstd.ends_with("not read (50000)"), "{zstd}");
    }

    #[test]
    fn damaged_headers_are_no_kind() {
        assert_eq!(describe_tiff(b"II\x2a\x00\xff\xff\xff\xff"), None);
        assert_eq!(describe_tiff(b"\x89PNG"), None);
        let whole = header(&[(258, 8), (262, 3)]);
        for length in 0..whole.len() {
            // Whatever is missing, nothing is read beyond the end.
            let _ = describe_tiff(&whole[..length]);
        }
    }
}
