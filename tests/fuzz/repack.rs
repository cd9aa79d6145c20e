//! Damage inside of a format's own wrapping, so that it is not all stopped by checksums.

use std::io::{Cursor, Read, Write};

use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use rand::RngExt;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::mutate::{self, Rng};

/// Length of a PNG's signature.
const SIGNATURE: usize = 8;

/// A PNG with one chunk's content changed, all checksums right, and every packed pixel in one chunk.
pub fn png(rng: &mut Rng, data: &mut Vec<u8>, _other: &[u8]) {
    let (signature, rest) = data.split_at(SIGNATURE.min(data.len()));
    let mut chunks = chunks(rest);
    if chunks.is_empty() {
        return;
    }
    let chosen = rng.random_range(0..chunks.len());
    let (kind, content) = &mut chunks[chosen];
    if kind == b"IDAT" && rng.random_range(0..4) > 0 {
        let mut rows = unpacked(content);
        mutate::bytes(rng, &mut rows, &[]);
        *content = packed(&rows);
    } else {
        mutate::bytes(rng, content, &[]);
    }
    match rng.random_range(0..8) {
        0 => drop(chunks.remove(chosen)),
        1 => {
            let copy = chunks[chosen].clone();
            chunks.insert(rng.random_range(0..=chunks.len()), copy);
        }
        _ => {}
    }
    let mut whole = signature.to_vec();
    for (kind, content) in &chunks {
        whole.extend((content.len() as u32).to_be_bytes());
        whole.extend_from_slice(kind);
        whole.extend_from_slice(content);
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(content);
        whole.extend(crc.sum().to_be_bytes());
    }
    *data = whole;
}

fn chunks(mut rest: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    let mut chunks = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>()
        && let Some((kind, after)) = after.split_first_chunk::<4>()
        && let Some((content, after)) = after.split_at_checked(u32::from_be_bytes(*length) as usize)
    {
        chunks.push((*kind, content.to_vec()));
        rest = after.get(4..).unwrap_or_default();
    }
    chunks
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut rows = Vec::new();
    // As much as there is of a stream that is cut off.
    let _ = ZlibDecoder::new(bytes).read_to_end(&mut rows);
    rows
}

fn packed(rows: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(rows).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}

/// A zip file with one entry's content changed, most often the pickle's, each stored or deflated. Of
/// other files, their bytes.
pub fn zip(rng: &mut Rng, data: &mut Vec<u8>, other: &[u8]) {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(&*data)) else {
        return mutate::bytes(rng, data, other);
    };
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let Ok(mut entry) = archive.by_index(index) else {
            return;
        };
        let Ok(name) = entry.name().map(|name| name.into_owned()) else {
            return;
        };
        let mut content = Vec::new();
        if entry.read_to_end(&mut content).is_err() {
            return;
        }
        entries.push((name, content));
    }
    if entries.is_empty() {
        return;
    }
    let pickle = entries.iter().position(|(name, _)| name.ends_with(".pkl"));
    let chosen = match (pickle, rng.random_range(0..4)) {
        (Some(pickle), 1..) => pickle,
        _ => rng.random_range(0..entries.len()),
    };
    mutate::bytes(rng, &mut entries[chosen].1, &[]);
    if rng.random_range(0..10) == 0 {
        entries.remove(chosen);
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in &entries {
        let method = match rng.random_range(0..4) {
            0 => CompressionMethod::Deflated,
            _ => CompressionMethod::Stored,
        };
        let options = SimpleFileOptions::default().compression_method(method);
        let written = writer.start_file(name.as_str(), options);
        if written.is_ok() {
            writer
                .write_all(content)
                .expect("a vector takes everything");
        }
    }
    *data = writer
        .finish()
        .expect("a vector takes everything")
        .into_inner();
}

/// A safetensors file with its header's text changed and its length right.
pub fn safetensors(rng: &mut Rng, data: &mut Vec<u8>, other: &[u8]) {
    let Some((length, rest)) = data.split_first_chunk::<8>() else {
        return;
    };
    let length = u64::from_le_bytes(*length) as usize;
    let Some((header, tensors)) = rest.split_at_checked(length) else {
        return mutate::bytes(rng, data, other);
    };
    let mut header = header.to_vec();
    mutate::text(rng, &mut header);
    let mut whole = (header.len() as u64).to_le_bytes().to_vec();
    whole.extend_from_slice(&header);
    whole.extend_from_slice(tensors);
    *data = whole;
}

/// A text that stays one.
pub fn text(rng: &mut Rng, data: &mut Vec<u8>, _other: &[u8]) {
    mutate::text(rng, data);
}
