//! Which colour is which class: read from the files that annotation programs and data sets come with.
//!
//! One parser for each format, tried by what the file looks like: `json`, CVAT's `labelmap.txt` in `cvat`, and lines of
//! names and numbers in `lines`.

mod cvat;
mod json;
mod lines;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use underpaint_core::label::Palette;

use super::convert::Match;
use super::{Rgb, colour_in_words, palette_of};
use crate::data::error::DataError;

/// Names that are told of a table at most.
const TOLD: usize = 6;

/// A class as a file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// Its id, in formats that have one.
    id: Option<u64>,
    /// Its name, where it has one.
    name: Option<String>,
    colour: Rgb,
}

/// Colours of classes, each with an id and a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColourTable {
    /// What the table is called in messages.
    origin: String,
    classes: BTreeMap<u16, (String, Rgb)>,
    ids: HashMap<Rgb, u16>,
    /// What people should know about how it was read.
    notes: Vec<String>,
}

impl ColourTable {
    /// Reads a file: CVAT's or Datumaro's `labelmap.txt`; lines of `name red green blue` or `red green blue name`, also
    /// with commas and as `#rrggbb`; JSON of a palette, of `{"name": [r, g, b]}`, `{"#rrggbb": "name"}`, `[[r, g, b], …]`
    /// and of lists of objects with a name and a colour.
    ///
    /// Ids are those of the file, or 0, 1, 2, … in its order.
    ///
    /// # Errors
    /// [`DataError::Io`], or [`DataError::InvalidPalette`] saying what is wrong where.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let bytes = std::fs::read(path).map_err(|error| DataError::io("read", path, error))?;
        let invalid = |reason: String| DataError::InvalidPalette {
            path: path.to_path_buf(),
            reason,
        };
        let text = String::from_utf8(bytes).map_err(|_| {
            invalid("expected text (labelmap.txt, names and colours, or JSON), found bytes that are none".into())
        })?;
        // Windows' editors put a mark in front.
        let text = text.trim_start_matches('\u{feff}');
        let entries = if text.trim_start().starts_with(['{', '[']) {
            json::parse(text)
        } else if cvat::is_it(text) {
            cvat::parse(text)
        } else {
            lines::parse(text)
        };
        let origin = path.display().to_string();
        entries
            .and_then(|entries| Self::new(origin, entries))
            .map_err(invalid)
    }

    /// Classes named by their ids, in the order of the colours.
    pub(super) fn numbered(colours: impl Iterator<Item = Rgb>) -> Self {
        let classes = (0..).zip(colours);
        let classes: BTreeMap<u16, _> = classes
            .map(|(id, colour)| (id, (format!("class {id}"), colour)))
            .collect();
        Self {
            origin: "the maps".into(),
            ids: classes
                .iter()
                .map(|(id, (_, colour))| (*colour, *id))
                .collect(),
            classes,
            notes: Vec::new(),
        }
    }

    fn new(origin: String, entries: Vec<Entry>) -> Result<Self, String> {
        if entries.is_empty() {
            return Err("expected classes with colours, found none".into());
        }
        let mut table = Self {
            origin,
            classes: BTreeMap::new(),
            ids: HashMap::new(),
            notes: Vec::new(),
        };
        let ids = table.ids_of(&entries)?;
        for (id, Entry { name, colour, .. }) in ids.into_iter().zip(entries) {
            let name = name.unwrap_or_else(|| format!("class {id}"));
            if let Some(first) = table.ids.get(&colour) {
                table.notes.push(format!(
                    "{name} has the colour of {} ({}): its pixels cannot be told apart and get id {first}",
                    table.classes[first].0,
                    colour_in_words(colour)
                ));
            } else {
                table.ids.insert(colour, id);
            }
            if let Some((other, _)) = table.classes.insert(id, (name.clone(), colour)) {
                return Err(format!(
                    "expected one class for each id, found {other} and {name} with id {id}"
                ));
            }
        }
        Ok(table)
    }

    /// The ids of entries: their own if all have one that a map can hold, else their places.
    fn ids_of(&mut self, entries: &[Entry]) -> Result<Vec<u16>, String> {
        let given: Vec<u64> = entries.iter().filter_map(|entry| entry.id).collect();
        let fits = |id: &u64| u16::try_from(*id).ok();
        let own: Option<Vec<u16>> = given.iter().map(fits).collect();
        match own {
            Some(own) if own.len() == entries.len() => return Ok(own),
            _ if given.is_empty() => {}
            _ if given.len() < entries.len() => {
                return Err(format!(
                    "expected an id for every class or for none, found {} ids for {} classes",
                    given.len(),
                    entries.len()
                ));
            }
            _ => self.notes.push(
                "the ids in the file are above 65535 and were left aside: classes are numbered in its order".into(),
            ),
        }
        if entries.len() > usize::from(u16::MAX) {
            return Err(format!(
                "expected at most 65535 classes, found {}",
                entries.len()
            ));
        }
        Ok((0..).take(entries.len()).collect())
    }

    /// What people should know about how the file was read.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The id of a colour.
    pub(super) fn id(&self, colour: Rgb) -> Option<u16> {
        self.ids.get(&colour).copied()
    }

    /// The id of the nearest colour within a tolerance; of two equally near ones the smaller id.
    pub(super) fn nearest(&self, [red, green, blue]: Rgb, matching: Match) -> Option<u16> {
        let within = |[r, g, b]: &Rgb| {
            let differences = [r.abs_diff(red), g.abs_diff(green), b.abs_diff(blue)];
            differences
                .iter()
                .max()
                .is_some_and(|largest| *largest <= matching.tolerance)
        };
        let distance = |[r, g, b]: Rgb| -> u32 {
            let differences = [r.abs_diff(red), g.abs_diff(green), b.abs_diff(blue)];
            differences
                .into_iter()
                .map(|difference| u32::from(difference).pow(2))
                .sum()
        };
        let candidates = self.ids.iter().filter(|(colour, _)| within(colour));
        candidates
            .min_by_key(|(colour, id)| (distance(**colour), **id))
            .map(|(_, id)| *id)
    }

    /// The name of an id.
    pub(super) fn name(&self, id: u16) -> Option<&str> {
        self.classes.get(&id).map(|(name, _)| name.as_str())
    }

    /// The colour of an id.
    pub(super) fn colour(&self, id: u16) -> Option<Rgb> {
        self.classes.get(&id).map(|(_, colour)| *colour)
    }

    /// The largest id, 255 aside where it is beyond the others: that is "don't care".
    pub(super) fn largest_id(&self) -> Option<u16> {
        let mut ids = self.classes.keys().rev().copied();
        let largest = ids.next()?;
        match ids.next() {
            Some(below) if largest == crate::data::ids::UNKNOWN_ID && below < largest - 1 => {
                Some(below)
            }
            _ => Some(largest),
        }
    }

    /// Names and colours for all ids up to the largest.
    pub(super) fn palette(&self) -> Palette {
        let largest = self.largest_id().unwrap_or(0);
        let known = self.classes.range(..=largest);
        palette_of(&known.map(|(id, class)| (*id, class.clone())).collect())
    }

    /// The table with its first classes.
    pub(super) fn in_words(&self) -> String {
        let told = self.classes.values().take(TOLD);
        let told: Vec<&str> = told.map(|(name, _)| name.as_str()).collect();
        let more = if self.classes.len() > TOLD {
            ", …"
        } else {
            ""
        };
        format!(
            "{} ({} classes: {}{more})",
            self.origin,
            self.classes.len(),
            told.join(", ")
        )
    }
}

/// `#rrggbb`, `#rgb`, and eight digits whose last two say opaque.
fn hex_colour(text: &str) -> Option<Rgb> {
    let digits = text.trim().strip_prefix('#')?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |from: usize| u8::from_str_radix(&digits[from..from + 2], 16).ok();
    let nibble = |at: usize| {
        u8::from_str_radix(&digits[at..=at], 16)
            .ok()
            .map(|value| value * 17)
    };
    match digits.len() {
        3 => Some([nibble(0)?, nibble(1)?, nibble(2)?]),
        6 | 8 => Some([byte(0)?, byte(2)?, byte(4)?]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ColourTable, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("colours");
        std::fs::write(&path, text).unwrap();
        ColourTable::read(&path)
    }

    /// Sky 0, grass 1: what every format here says.
    fn assert_sky_and_grass(text: &str) {
        let table = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found = [[70, 130, 180], [0, 255, 1]].map(|colour| table.id(colour));
        assert_eq!(found, [Some(0), Some(1)], "{text}");
        assert_eq!(table.name(0), Some("sky"), "{text}");
        assert_eq!(table.name(1), Some("grass"), "{text}");
        assert_eq!(table.classes.len(), 2, "{text}");
        assert!(table.notes().is_empty(), "{text}: {:?}", table.notes());
    }

    #[test]
    fn every_format_says_the_same() {
        for text in [
            "# label:color_rgb:parts:actions\nsky:70,130,180::\ngrass:0,255,1::\n",
            "sky:70,130,180::\r\ngrass:0,255,1:blade,root:\r\n",
            "sky 70 130 180\ngrass 0 255 1\n",
            "70 130 180 sky\n0 255 1\tgrass\n",
            "name,r,g,b\nsky,70,130,180\ngrass,0,255,1\n",
            "id;name;red;green;blue\n0;sky;70;130;180\n1;grass;0;255;1\n",
            "name,r,g,b,class_11\n\"sky\",70,130,180,1\ngrass,0,255,1,1\n",
            "0 sky 70 130 180\n1 grass 0 255 1\n",
            "sky: (70, 130, 180)\ngrass: (0, 255, 1)\n",
            "\u{feff}# colours\nsky #4682b4\n\n#00ff01 grass\n",
            r#"{"sky":[70,130,180],"grass":[0,255,1]}"#,
            r##"{"#4682B4":"sky","#00ff01":"grass"}"##,
            r##"{"sky":"#4682B4","grass":"#00ff01"}"##,
            r#"{"70,130,180":"sky","(0, 255, 1)":"grass"}"#,
            r#"{"1":{"name":"grass","color":[0,255,1]},"0":{"name":"sky","color":[70,130,180]}}"#,
            r#"[{"name":"sky","color":[70,130,180]},{"name":"grass","rgb":[0,255,1,255]}]"#,
            r##"[{"label":"sky","colour":"#4682b4"},{"label":"grass","color":"#00ff01ff"}]"##,
            r##"{"classes":[{"title":"sky","shape":"polygon","color":"#4682B4"},{"title":"grass","color":"#00FF01"}]}"##,
            r#"{"classes":[{"id":1,"name":"grass","color":[0,255,1]},{"id":0,"name":"sky","color":[70,130,180]}]}"#,
            r#"{"version":"1","labels":[{"color":[70,130,180],"name":"sky"},{"color":[0,255,1],"name":"grass"}]}"#,
            r#"{"categories":[{"id":0,"name":"sky","color":{"r":70,"g":130,"b":180}},{"id":1,"name":"grass","color":"0,255,1"}]}"#,
        ] {
            assert_sky_and_grass(text);
        }
    }

    #[test]
    fn the_order_of_the_file_counts_and_not_the_alphabet() {
        let table = read(r#"{"z":[1,1,1],"a":[2,2,2],"m":[3,3,3]}"#).unwrap();
        let names: Vec<_> = (0..3)
            .map(|id| table.name(id).unwrap().to_owned())
            .collect();
        assert_eq!(names, ["z", "a", "m"]);
        let bare = read("[[5,5,5],[0,0,0]]").unwrap();
        assert_eq!(
            (bare.id([5, 5, 5]), bare.name(1)),
            (Some(0), Some("class 1"))
        );
    }

    #[test]
    fn ids_of_the_file_are_kept_and_gaps_filled() {
        let text = r#"{"categories":[{"id":3,"name":"b","color":[2,2,2]},{"id":255,"name":"void","color":[9,9,9]}]}"#;
        let table = read(text).unwrap();
        assert_eq!(
            (table.id([2, 2, 2]), table.id([9, 9, 9])),
            (Some(3), Some(255))
        );
        assert_eq!(table.largest_id(), Some(3), "255 means don't care");
        let palette = table.palette();
        assert_eq!(
            (palette.classes.len(), palette.classes[3].name.as_str()),
            (4, "b")
        );
        let huge = r#"[{"id":8812345,"name":"a","color":[1,1,1]},{"id":8812346,"name":"b","color":[2,2,2]}]"#;
        let table = read(huge).unwrap();
        assert_eq!((table.id([2, 2, 2]), table.notes().len()), (Some(1), 1));
    }

    #[test]
    fn two_classes_of_one_colour_are_told_and_the_first_is_taken() {
        let table = read("a 0 0 0\nb 1 1 1\nc 0 0 0\n").unwrap();
        assert_eq!(table.id([0, 0, 0]), Some(0));
        assert!(
            table.notes()[0].contains("c has the colour of a"),
            "{:?}",
            table.notes()
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, part) in [
            ("", "found none"),
            ("sky 1 2 3\ngrass 1 2\n", "line 2"),
            ("sky 1 2 300\n", "line 1"),
            ("sky 1 2 3 0\n", "line 1"),
            ("# label:color_rgb:parts:actions\nsky:1,2::\n", "line 2"),
            ("sky:1,2,3::\ngrass:::\n", "grass"),
            (r#"{"sky":[1,2]}"#, "sky"),
            (r#"{"sky":[1,2,256]}"#, "sky"),
            (r#"[{"name":"sky"}]"#, "sky"),
            (
                r#"[{"id":1,"name":"a","color":[1,1,1]},{"id":1,"name":"b","color":[2,2,2]}]"#,
                "id 1",
            ),
            (
                r#"[{"id":1,"name":"a","color":[1,1,1]},{"name":"b","color":[2,2,2]}]"#,
                "1 ids for 2 classes",
            ),
            (r#"{"sky": "#, "JSON"),
            ("{}", "found none"),
        ] {
            let error = read(text).expect_err(text).to_string();
            assert!(error.contains(part), "{part} missing in {error} ({text})");
        }
    }

    #[test]
    fn the_nearest_colour_is_within_the_tolerance_and_stable() {
        let table = read("a 0 0 0\nb 100 100 100\n").unwrap();
        let near = |colour, tolerance| table.nearest(colour, Match { tolerance });
        assert_eq!(near([10, 0, 3], 10), Some(0));
        assert_eq!(near([11, 0, 3], 10), None);
        assert_eq!(near([90, 120, 80], 255), Some(1));
        assert_eq!(near([50, 50, 50], 255), Some(0));
    }
}
