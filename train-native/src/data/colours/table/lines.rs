//! Lines of names and numbers, as CamVid, Pascal VOC and many others have them: `name red green blue`, `red green blue
//! name`, `id name red green blue`, `name #rrggbb`; between spaces, tabs, commas, semicolons or colons.

use super::{Entry, Rgb, hex_colour};

/// Classes in the order of the file.
///
/// # Errors
/// Naming line and what was expected.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let mut columns = None;
    let mut is_first = true;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        let words = words(line);
        let is_colour = words.first().is_some_and(|word| hex_colour(word).is_some());
        if words.is_empty() || (line.starts_with('#') && !is_colour) {
            continue;
        }
        let is_head = is_first
            && words
                .iter()
                .all(|word| word.parse::<f64>().is_err() && hex_colour(word).is_none());
        is_first = false;
        if is_head {
            columns = Columns::of(line);
            continue;
        }
        let entry = match &columns {
            Some(columns) => columns.entry(line),
            None => entry(&words),
        };
        entries.push(entry.ok_or_else(|| {
            format!(
                "line {number}: expected `name red green blue` or `red green blue name` with numbers from 0 to 255, \
                 found {line:?}"
            )
        })?);
    }
    // A number before every name is an id; before some names it is part of them.
    if !entries.iter().all(|entry| entry.id.is_some()) {
        entries.iter_mut().for_each(put_back_id);
    }
    Ok(entries)
}

/// Where the cells of a table with a head are.
struct Columns {
    separator: char,
    id: Option<usize>,
    name: Option<usize>,
    colour: [usize; 3],
}

impl Columns {
    /// The columns that a head names; none of a head without red, green and blue.
    fn of(head: &str) -> Option<Self> {
        let separator = [',', ';', '\t']
            .into_iter()
            .find(|separator| head.contains(*separator))?;
        let cells: Vec<String> = head
            .split(separator)
            .map(|cell| bare(cell).to_lowercase())
            .collect();
        let place = |names: &[&str]| cells.iter().position(|cell| names.contains(&cell.as_str()));
        Some(Self {
            separator,
            id: place(&["id", "class_id", "label_id", "index"]),
            name: place(&["name", "class", "label", "class_name", "label_name"]),
            colour: [
                place(&["r", "red"])?,
                place(&["g", "green"])?,
                place(&["b", "blue"])?,
            ],
        })
    }

    fn entry(&self, line: &str) -> Option<Entry> {
        let cells: Vec<&str> = line.split(self.separator).map(bare).collect();
        let [red, green, blue] = self.colour.map(|place| cells.get(place)?.parse().ok());
        Some(Entry {
            id: self.id.and_then(|place| cells.get(place)?.parse().ok()),
            name: self
                .name
                .and_then(|place| Some((*cells.get(place)?).to_owned())),
            colour: [red?, green?, blue?],
        })
    }
}

fn bare(cell: &str) -> &str {
    cell.trim().trim_matches('"').trim()
}

fn words(line: &str) -> Vec<&str> {
    let between = |letter: char| letter.is_whitespace() || ",;:=()[]\"'".contains(letter);
    line.split(between)
        .filter(|word| !word.is_empty())
        .collect()
}

fn entry(words: &[&str]) -> Option<Entry> {
    let numbers = |words: &[&str]| -> Option<Rgb> {
        let samples: Option<Vec<u8>> = words.iter().map(|word| word.parse().ok()).collect();
        samples?.try_into().ok()
    };
    let last = |count: usize| {
        words
            .len()
            .checked_sub(count)
            .map(|from| words.split_at(from))
    };
    if let Some(place) = words.iter().position(|word| hex_colour(word).is_some()) {
        let name = [&words[..place], &words[place + 1..]].concat();
        return Some(named(&name, hex_colour(words[place])?));
    }
    if let Some((names, colour)) = last(3)
        && let Some(colour) = numbers(colour)
    {
        // Four numbers after a name: nobody knows which three are the colour.
        let is_clear = names.len() < 2 || names[names.len() - 1].parse::<u8>().is_err();
        return is_clear.then(|| named(names, colour));
    }
    let (colour, names) = words.split_at_checked(3)?;
    Some(named(names, numbers(colour)?))
}

fn named(words: &[&str], colour: Rgb) -> Entry {
    let (id, name) = match words {
        [id, name @ ..] if id.parse::<u64>().is_ok() => (id.parse().ok(), name),
        name => (None, name),
    };
    Entry {
        id,
        name: (!name.is_empty()).then(|| name.join(" ")),
        colour,
    }
}

fn put_back_id(entry: &mut Entry) {
    if let Some(id) = entry.id.take() {
        entry.name = Some(match &entry.name {
            Some(name) => format!("{id} {name}"),
            None => id.to_string(),
        });
    }
}
