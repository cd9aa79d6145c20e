//! `labelmap.txt` of CVAT and Datumaro: `label:color_rgb:parts:actions`.

use super::Entry;

/// Whether every line is one of that format: a name and a colour between colons.
pub(super) fn is_it(text: &str) -> bool {
    let has_head = text
        .lines()
        .any(|line| line.trim_start().starts_with("# label:"));
    let mut lines = lines(text).peekable();
    has_head || (lines.peek().is_some() && lines.all(|(_, line)| line.matches(':').count() == 3))
}

/// Classes in the order of the file.
///
/// # Errors
/// Naming line and what was expected.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, String> {
    lines(text)
        .map(|(number, line)| entry(number, line))
        .collect()
}

fn entry(number: usize, line: &str) -> Result<Entry, String> {
    let wrong =
        || format!("line {number}: expected `name:red,green,blue:parts:actions`, found {line:?}");
    let (name, rest) = line.split_once(':').ok_or_else(wrong)?;
    let colour = rest.split(':').next().unwrap_or("");
    let samples: Option<Vec<u8>> = colour
        .split(',')
        .map(|sample| sample.trim().parse().ok())
        .collect();
    let colour = samples
        .and_then(|samples| samples.try_into().ok())
        .ok_or_else(wrong)?;
    Ok(Entry {
        id: None,
        name: Some(name.trim().to_owned()),
        colour,
    })
}

/// Lines with their numbers, from 1, without comments and empty ones.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines().map(str::trim));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}
