//! Damage to bytes and to text.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// The stream that all damage of an input is drawn from.
pub type Rng = ChaCha8Rng;

/// No input grows beyond that.
const LARGEST: usize = 1 << 20;

/// Values that lengths, offsets and counts go wrong at.
const EDGES: [u64; 14] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x10000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];

/// Numbers and words that texts go wrong at.
const WORDS: [&str; 16] = [
    "0",
    "-1",
    "1",
    "0.5",
    "65536",
    "4294967296",
    "18446744073709551616",
    "1e999",
    "-1e-999",
    "nan",
    "null",
    "true",
    "\"\"",
    "[]",
    "{}",
    "\"\\u0000é\"",
];

/// Makes one to four changes.
pub fn bytes(rng: &mut Rng, data: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..rng.random_range(1..=4) {
        change(rng, data, other);
    }
    data.truncate(LARGEST);
}

fn change(rng: &mut Rng, data: &mut Vec<u8>, other: &[u8]) {
    if data.is_empty() {
        data.extend_from_slice(other);
        return;
    }
    let at = place(rng, data.len());
    let range = at..(at + length(rng)).min(data.len());
    match rng.random_range(0..10) {
        0 => data[at] ^= 1 << rng.random_range(0..8),
        1 => data[at] = rng.random(),
        2 | 3 => overwrite_number(rng, data, at),
        4 => drop(data.drain(range)),
        5 => {
            let copy = data[range].to_vec();
            let to = place(rng, data.len());
            data.splice(to..to, copy);
        }
        6 => {
            let noise: Vec<u8> = range.map(|_| rng.random()).collect();
            data.splice(at..at, noise);
        }
        7 => data.truncate(at),
        8 if !other.is_empty() => {
            data.truncate(at);
            data.extend_from_slice(&other[rng.random_range(0..other.len())..]);
        }
        _ => {
            let value = rng.random();
            data[range].fill(value);
        }
    }
}

/// Somewhere, half of the time near the beginning or the end, where headers and tables are.
fn place(rng: &mut Rng, length: usize) -> usize {
    let near = length.min(256);
    match rng.random_range(0..4) {
        0 => rng.random_range(0..near),
        1 => length - 1 - rng.random_range(0..near),
        _ => rng.random_range(0..length),
    }
}

/// Mostly short, sometimes long.
fn length(rng: &mut Rng) -> usize {
    let most = [4, 16, 256, 5000][rng.random_range(0..4)];
    rng.random_range(1..=most)
}

/// Puts a number at an edge, or next to what is there, over 1 to 8 bytes of either order.
fn overwrite_number(rng: &mut Rng, data: &mut [u8], at: usize) {
    let width = 1 << rng.random_range(0..4);
    let Some(field) = data.get_mut(at..at + width) else {
        return;
    };
    let little = rng.random_range(0..2) == 0;
    let mut whole = [0; 8];
    whole[..width].copy_from_slice(field);
    if !little {
        whole[..width].reverse();
    }
    let value = match rng.random_range(0..3) {
        0 => u64::from_le_bytes(whole)
            .wrapping_add(rng.random_range(0..5))
            .wrapping_sub(2),
        _ => EDGES[rng.random_range(0..EDGES.len())],
    };
    whole = value.to_le_bytes();
    if !little {
        whole[..width].reverse();
    }
    field.copy_from_slice(&whole[..width]);
}

/// Makes one to three changes that leave a text a text: to its lines, numbers and strings.
pub fn text(rng: &mut Rng, data: &mut Vec<u8>) {
    let Ok(mut text) = String::from_utf8(std::mem::take(data)) else {
        return;
    };
    for _ in 0..rng.random_range(1..=3) {
        text = match rng.random_range(0..6) {
            0 => without_line(rng, &text),
            1 => with_line_twice(rng, &text),
            2 => with_deep_nesting(rng, &text),
            _ => with_other_value(rng, &text),
        };
    }
    text.truncate(text.floor_char_boundary(LARGEST));
    *data = text.into_bytes();
}

fn without_line(rng: &mut Rng, text: &str) -> String {
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let gone = rng.random_range(0..lines.len().max(1));
    let kept = lines.iter().enumerate().filter(|(index, _)| *index != gone);
    kept.map(|(_, line)| *line).collect()
}

fn with_line_twice(rng: &mut Rng, text: &str) -> String {
    let mut lines: Vec<_> = text.split_inclusive('\n').collect();
    if lines.is_empty() {
        return String::new();
    }
    let line = lines[rng.random_range(0..lines.len())];
    lines.insert(rng.random_range(0..=lines.len()), line);
    lines.concat()
}

fn with_deep_nesting(rng: &mut Rng, text: &str) -> String {
    let depth = [3, 200, 100_000][rng.random_range(0..3)];
    let at = text.floor_char_boundary(rng.random_range(0..=text.len()));
    let bracket = ["[", "{\"a\":", "("][rng.random_range(0..3)];
    format!("{}{}{}", &text[..at], bracket.repeat(depth), &text[at..])
}

/// Replaces a number, a word or a string in quotes.
fn with_other_value(rng: &mut Rng, text: &str) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || "._-+\"".contains(letter);
    let at = text.floor_char_boundary(rng.random_range(0..=text.len()));
    let Some(start) = text[at..].find(is_part).map(|start| at + start) else {
        return text.to_owned();
    };
    let rest = &text[start..];
    let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
    let word = match rng.random_range(0..4) {
        0 => "a".repeat(rng.random_range(1..5000)),
        _ => WORDS[rng.random_range(0..WORDS.len())].to_owned(),
    };
    format!("{}{word}{}", &text[..start], &rest[end..])
}
