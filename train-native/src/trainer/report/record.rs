//! TFRecords and protobuf messages, as far as event files need them.

use std::io::Read;

/// Appends `payload` framed as a TFRecord: its length and the payload, each with a masked CRC-32C.
pub(super) fn push_record(records: &mut Vec<u8>, payload: &[u8]) {
    let length = (payload.len() as u64).to_le_bytes();
    records.extend_from_slice(&length);
    records.extend_from_slice(&masked_crc(&length).to_le_bytes());
    records.extend_from_slice(payload);
    records.extend_from_slice(&masked_crc(payload).to_le_bytes());
}

/// Reads one TFRecord's payload; `None` at the end of the file and at a record that is cut or
/// damaged.
pub(super) fn read_record(reader: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    reader.by_ref().take(12).read_to_end(&mut head)?;
    let Some((length, crc)) = head.split_first_chunk::<8>() else {
        return Ok(None);
    };
    if crc != masked_crc(length).to_le_bytes() {
        return Ok(None);
    }
    let mut payload = Vec::new();
    let length = u64::from_le_bytes(*length);
    reader.by_ref().take(length).read_to_end(&mut payload)?;
    let mut crc = Vec::new();
    reader.by_ref().take(4).read_to_end(&mut crc)?;
    Ok((crc == masked_crc(&payload).to_le_bytes()).then_some(payload))
}

/// The CRC of a TFRecord: CRC-32C (Castagnoli), rotated and offset so that a CRC over data that
/// holds CRCs stays strong.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// A protobuf message being written.
#[derive(Debug, Default)]
pub(super) struct Message(pub(super) Vec<u8>);

impl Message {
    /// Appends a `double` field.
    pub(super) fn double(&mut self, field: u32, value: f64) {
        self.key(field, 1);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn key(&mut self, field: u32, wire_type: u32) {
        self.raw_varint(u64::from(field << 3 | wire_type));
    }

    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Appends an integer field.
    pub(super) fn varint(&mut self, field: u32, value: u64) {
        self.key(field, 0);
        self.raw_varint(value);
    }

    /// Appends a `float` field.
    pub(super) fn float(&mut self, field: u32, value: f32) {
        self.key(field, 5);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Appends a field of bytes, text or a message.
    pub(super) fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.key(field, 2);
        self.raw_varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }
}

/// Takes a varint off the front of `rest`; `None` when it is cut or too long.
pub(super) fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What TensorBoard 2.21's own `RecordWriter` writes for
    /// `Event(wall_time=1.5, file_version="brain.Event:2")`; the check value of the CRC is that of
    /// RFC 3720, B.4 (32 zero bytes), its masked value TensorBoard's `masked_crc32c(bytes(32))`.
    #[test]
    fn records_are_byte_for_byte_those_of_tensorboards_writer() {
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(masked_crc(&[0; 32]), 0x0fd7_fffa);
        let mut event = Message::default();
        event.double(1, 1.5);
        event.bytes(3, b"brain.Event:2");
        let mut record = Vec::new();
        push_record(&mut record, &event.0);
        let reference = b"\x18\x00\x00\x00\x00\x00\x00\x00\xa3\x7fK\"\
            \t\x00\x00\x00\x00\x00\x00\xf8?\x1a\rbrain.Event:2*(dl";
        assert_eq!(record, reference);
    }

    #[test]
    fn damaged_lengths_end_the_copy_without_a_panic() {
        let mut record = Vec::new();
        push_record(&mut record, b"payload");
        for index in 0..record.len() {
            let mut damaged = record.clone();
            damaged[index] ^= 0x40;
            let read = read_record(&mut damaged.as_slice()).unwrap();
            assert_eq!(read, None, "byte {index}");
        }
    }
}
