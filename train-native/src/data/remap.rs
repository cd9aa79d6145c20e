//! Tables of old ids and new ones, for label maps whose ids do not count from zero, or hold too many classes.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::Path;

use crate::data::decode::LabelMap;
use crate::data::error::DataError;
use crate::data::ids::UNKNOWN_ID;

/// Every id of a label map to another one.
///
/// # File
/// Plain text, one rule a line: old id and new id, apart by spaces, a comma, a semicolon, a colon or `->`. A range of
/// old ids is `10-15`, all ids of no other rule are `*`, and ids of no rule at all stay as they are. The new id may be
/// `dont_care` (also `ignore` or 255): a pixel of no class, which needs `--contain-dontcare-label`. What follows a `#`
/// is a comment.
///
/// ```text
/// # old new
/// 7 0          # road
/// 11-14: 1     # all that is built
/// 23 -> 2
/// * dont_care
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remap {
    /// The new id of every old one.
    table: Vec<u16>,
}

impl Remap {
    /// Reads a table.
    ///
    /// # Errors
    /// [`DataError::Io`], or [`DataError::InvalidRemap`] with file and line.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| DataError::io("read", path, error))?;
        Self::parse(&text).map_err(|(line, reason)| DataError::InvalidRemap {
            path: path.to_path_buf(),
            line,
            reason,
        })
    }

    /// The new id of `id`.
    #[must_use]
    pub fn id(&self, id: u16) -> u16 {
        self.table[usize::from(id)]
    }

    /// Puts the new ids in the place of the old ones.
    pub fn apply(&self, labels: &mut LabelMap) {
        labels.ids.iter_mut().for_each(|id| *id = self.id(*id));
    }

    /// The table of a file's text; else the line, from 1, and what is wrong with it.
    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut line_of_id: HashMap<u16, usize> = HashMap::new();
        let mut rules = Vec::new();
        let mut others = None;
        for (number, line) in (1..).zip(text.lines()) {
            let Some((old, new)) = parse_line(line).map_err(|reason| (number, reason))? else {
                continue;
            };
            let Some(old) = old else {
                if let Some((first, _)) = others.replace((number, new)) {
                    return Err((number, format!("* has a rule in line {first} already")));
                }
                continue;
            };
            for id in old.clone() {
                if let Some(first) = line_of_id.insert(id, number) {
                    return Err((
                        number,
                        format!("id {id} has a rule in line {first} already"),
                    ));
                }
            }
            rules.push((old, new));
        }
        if rules.is_empty() && others.is_none() {
            return Err((1, "expected lines of old id and new id, found none".into()));
        }
        let mut table: Vec<u16> = match others {
            Some((_, new)) => vec![new; 1 << 16],
            None => (0..=u16::MAX).collect(),
        };
        for (old, new) in rules {
            old.for_each(|id| table[usize::from(id)] = new);
        }
        Ok(Self { table })
    }
}

/// Old ids, none meaning all others, and the new id.
type Rule = (Option<RangeInclusive<u16>>, u16);

/// The rule of a line; none of an empty one.
fn parse_line(line: &str) -> Result<Option<Rule>, String> {
    let rule = line
        .split('#')
        .next()
        .unwrap_or_default()
        .replace("->", " ");
    let between = |sign: char| sign.is_whitespace() || matches!(sign, ',' | ';' | ':');
    let words: Vec<_> = rule
        .split(between)
        .filter(|word| !word.is_empty())
        .collect();
    match words.as_slice() {
        [] => Ok(None),
        [old, new] => Ok(Some((parse_old(old)?, parse_new(new)?))),
        _ => Err(format!(
            "expected an old id and a new id, found {:?}",
            line.trim()
        )),
    }
}

fn parse_old(word: &str) -> Result<Option<RangeInclusive<u16>>, String> {
    let expected =
        || format!("expected an old id (0 to 65535), a range 10-15 or *, found {word:?}");
    if word == "*" {
        return Ok(None);
    }
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) if first <= last => Ok(Some(first..=last)),
        _ => Err(expected()),
    }
}

fn parse_new(word: &str) -> Result<u16, String> {
    match word.to_ascii_lowercase().as_str() {
        "dont_care" | "dontcare" | "ignore" => Ok(UNKNOWN_ID),
        number => number
            .parse()
            .map_err(|_| format!("expected a new id (0 to 65535) or dont_care, found {word:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str, old: &[u16]) -> Vec<u16> {
        let mut labels = LabelMap {
            width: old.len(),
            height: 1,
            ids: old.to_vec(),
        };
        Remap::parse(text).unwrap().apply(&mut labels);
        labels.ids
    }

    #[test]
    fn every_spelling_of_a_rule_means_the_same() {
        let text = "# old new\n7 0 # road\n\n8:1\n9,2\n10 -> 3\n11; 4\n\t12\t5\r\n20-22 6\n30 dont_care\n31: IGNORE\n32 255";
        let old = [7, 8, 9, 10, 11, 12, 20, 21, 22, 30, 31, 32, 1, 65_535];
        let new = [0, 1, 2, 3, 4, 5, 6, 6, 6, 255, 255, 255, 1, 65_535];
        assert_eq!(ids(text, &old), new);
    }

    #[test]
    fn the_star_stands_for_ids_of_no_other_rule_wherever_it_is() {
        assert_eq!(ids("* 9\n1 0\n2 1", &[0, 1, 2, 3, 300]), [9, 0, 1, 9, 9]);
        assert_eq!(
            ids("1-150 1\n* ignore", &[0, 1, 150, 151]),
            [255, 1, 1, 255]
        );
    }

    #[test]
    fn a_bad_line_is_named_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.txt");
        for (text, line, part) in [
            ("1 0\nx 3", 2, "\"x\""),
            ("1 0 2", 1, "\"1 0 2\""),
            ("1 0\n\n2 -1", 3, "\"-1\""),
            ("-1 0", 1, "\"-1\""),
            ("9-7 0", 1, "\"9-7\""),
            ("1-5 0\n5 1", 2, "id 5 has a rule in line 1 already"),
            ("* 0\n* 1", 2, "line 1"),
            ("1 70000", 1, "70000"),
            ("# nothing\n", 1, "found none"),
        ] {
            std::fs::write(&path, text).unwrap();
            let told = Remap::read(&path).unwrap_err().to_string();
            for part in ["table.txt", &format!("line {line}:"), part] {
                assert!(told.contains(part), "{part} missing in {told}");
            }
        }
        let missing = Remap::read(&folder.path().join("none.txt"));
        assert!(matches!(missing, Err(DataError::Io { .. })));
    }
}
