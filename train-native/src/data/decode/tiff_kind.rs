//! What kind of samples a TIFF holds, by its header: for messages about those that cannot be read.

/// Tags of a TIFF's first folder of fields.
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const SAMPLES_PER_PIXEL: u16 = 277;
const SAMPLE_FORMAT: u16 = 339;

/// Kind of the samples, in words; none if the bytes are not those of a TIFF.
pub(super) fn describe_tiff(bytes: &[u8]) -> Option<String> {
    let file = Tiff::open(bytes)?;
    let bits = file.field(BITS_PER_SAMPLE).unwrap_or(1);
    let samples = match file.field(SAMPLE_FORMAT) {
        Some(3) => "floating-point",
        _ => "integer",
    };
    Some(match file.field(PHOTOMETRIC) {
        Some(3) => format!("a TIFF with a palette ({bits} bits)"),
        Some(2) => "a TIFF of RGB colours".into(),
        Some(0 | 1) if file.field(SAMPLES_PER_PIXEL).unwrap_or(1) > 1 => {
            "a TIFF of several channels".into()
        }
        Some(0 | 1) => format!("a TIFF of {bits}-bit {samples} samples"),
        _ => format!(
            "a TIFF of another kind (compression {})",
            file.field(COMPRESSION).unwrap_or(1)
        ),
    })
}

/// The fields of a TIFF's first picture.
struct Tiff<'a> {
    bytes: &'a [u8],
    little_endian: bool,
    /// Offset of the first field.
    fields: usize,
    count: usize,
}

impl<'a> Tiff<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
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

    /// The first value of a field of short or long numbers.
    fn field(&self, tag: u16) -> Option<u32> {
        let entry = (0..self.count)
            .map(|index| self.fields + 12 * index)
            .find(|entry| self.number(*entry, 2) == Some(u32::from(tag)))?;
        let wide = if self.number(entry + 2, 2)? == 3 {
            2
        } else {
            4
        };
        let count = self.number(entry + 4, 4)? as usize;
        let fits = count.checked_mul(wide)? <= 4;
        let place = if fits {
            entry + 8
        } else {
            self.number(entry + 8, 4)? as usize
        };
        self.number(place, wide)
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
        assert_eq!(kind(&integers), "a TIFF of 32-bit integer samples");
        let floats = [(258, 32), (262, 1), (339, 3)];
        assert_eq!(kind(&floats), "a TIFF of 32-bit floating-point samples");
        assert_eq!(kind(&[(262, 2)]), "a TIFF of RGB colours");
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
