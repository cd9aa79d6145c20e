//! JSON in the shapes that programs and data sets have it: objects of names and colours either way round, lists of
//! colours, lists of objects, and such lists inside an object (`classes`, `categories`, `labels`, …).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::{Entry, Rgb, hex_colour};

const WRAPPERS: [&str; 8] = [
    "classes",
    "categories",
    "labels",
    "label",
    "palette",
    "colors",
    "colours",
    "items",
];
const NAMES: [&str; 6] = [
    "name",
    "title",
    "label",
    "class",
    "label_name",
    "class_name",
];
const COLOURS: [&str; 7] = [
    "color",
    "colour",
    "rgb",
    "color_rgb",
    "colour_rgb",
    "hex",
    "value",
];
const IDS: [&str; 6] = ["id", "label_id", "class_id", "trainId", "train_id", "index"];

/// Classes in the order of the file.
///
/// # Errors
/// Saying what was expected where.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, String> {
    let not_json = |error: serde_json::Error| format!("not JSON: {error}");
    if text.trim_start().starts_with('[') {
        let list: Vec<Value> = serde_json::from_str(text).map_err(not_json)?;
        return of_list(&list);
    }
    let Pairs(pairs) = serde_json::from_str(text).map_err(not_json)?;
    let wrapped = pairs.iter().find_map(|(key, value)| {
        let known = WRAPPERS
            .iter()
            .any(|wrapper| key.eq_ignore_ascii_case(wrapper));
        // `{"label": [r, g, b]}` is a class called label.
        value
            .as_array()
            .filter(|list| known && colour(value).is_none() && !list.is_empty())
    });
    match wrapped {
        Some(list) => of_list(list),
        None => of_pairs(&pairs),
    }
}

fn of_list(list: &[Value]) -> Result<Vec<Entry>, String> {
    let entry = |(number, value): (usize, &Value)| match colour(value) {
        Some(colour) => Ok(Entry {
            id: None,
            name: None,
            colour,
        }),
        None => object(value, &format!("entry {number}")),
    };
    (1..).zip(list).map(entry).collect()
}

/// An object with a name and a colour.
fn object(value: &Value, place: &str) -> Result<Entry, String> {
    let get = |keys: &[&str]| keys.iter().find_map(|key| value.get(key));
    let name = get(&NAMES).and_then(Value::as_str).map(str::to_owned);
    let place = name.clone().unwrap_or_else(|| place.to_owned());
    let found = get(&COLOURS).ok_or_else(|| {
        format!("{place}: expected a colour (\"color\": [red, green, blue] or \"#rrggbb\"), found {value}")
    })?;
    Ok(Entry {
        id: get(&IDS).and_then(id),
        name,
        colour: colour(found).ok_or_else(|| wrong_colour(&place, found))?,
    })
}

fn of_pairs(pairs: &[(String, Value)]) -> Result<Vec<Entry>, String> {
    let are_ids = pairs
        .iter()
        .all(|(key, _)| key.trim().parse::<u64>().is_ok());
    let entry = |(key, value): &(String, Value)| {
        if are_ids {
            let mut entry = match colour(value) {
                Some(colour) => Entry {
                    id: None,
                    name: None,
                    colour,
                },
                None => object(value, key)?,
            };
            entry.id = key.trim().parse().ok();
            return Ok(entry);
        }
        if let (Some(colour), Some(name)) = (colour_of_text(key), value.as_str()) {
            return Ok(Entry {
                id: None,
                name: Some(name.to_owned()),
                colour,
            });
        }
        // `{"#rrggbb": 3}` and `{"r,g,b": 3}` say ids.
        if let (Some(colour), Some(id)) = (colour_of_text(key), id(value)) {
            return Ok(Entry {
                id: Some(id),
                name: None,
                colour,
            });
        }
        let entry = match (colour(value), value.is_object()) {
            (Some(colour), _) => Entry {
                id: None,
                name: None,
                colour,
            },
            (None, true) => object(value, key)?,
            (None, false) => return Err(wrong_colour(key, value)),
        };
        Ok(Entry {
            name: Some(key.clone()),
            ..entry
        })
    };
    pairs.iter().map(entry).collect()
}

fn id(value: &Value) -> Option<u64> {
    let text = || value.as_str().and_then(|text| text.trim().parse().ok());
    value.as_u64().or_else(text)
}

fn wrong_colour(place: &str, found: &Value) -> String {
    format!(
        "{place}: expected a colour as [red, green, blue] with numbers from 0 to 255, or \"#rrggbb\", found {found}"
    )
}

/// `[r, g, b]`, with an opacity or not; `{"r": …, "g": …, "b": …}`; text.
fn colour(value: &Value) -> Option<Rgb> {
    let byte = |value: &Value| value.as_u64().and_then(|value| u8::try_from(value).ok());
    match value {
        Value::String(text) => colour_of_text(text),
        Value::Array(samples) if matches!(samples.len(), 3 | 4) => {
            Some([byte(&samples[0])?, byte(&samples[1])?, byte(&samples[2])?])
        }
        Value::Object(parts) => {
            let part =
                |short: &str, long: &str| byte(parts.get(short).or_else(|| parts.get(long))?);
            Some([part("r", "red")?, part("g", "green")?, part("b", "blue")?])
        }
        _ => None,
    }
}

/// `#rrggbb`, or three numbers between commas or spaces, in brackets or `rgb(…)` or not.
fn colour_of_text(text: &str) -> Option<Rgb> {
    let numbers = |text: &str| -> Option<Rgb> {
        let inner = text
            .trim()
            .trim_start_matches("rgb")
            .trim_matches(['(', ')', '[', ']']);
        let words = inner.split([',', ' ']).filter(|word| !word.is_empty());
        let samples: Option<Vec<u8>> = words.map(|word| word.parse().ok()).collect();
        samples?.try_into().ok()
    };
    hex_colour(text).or_else(|| numbers(text))
}

/// The members of an object in the order of the file.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of names and colours")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
