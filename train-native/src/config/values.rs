//! How values of settings are written on the command line.

use serde::Deserialize;
use serde::de::IntoDeserializer;

/// A switch that may also be given a value: `--no-flip`, `--no-flip true`, `--no-flip 0`.
pub(super) fn parse_switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

/// A name that serde knows, for clap.
pub(super) fn parse_name<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
    let name: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
        text.into_deserializer();
    T::deserialize(name).map_err(|error| error.to_string())
}

/// A number of files, where the original writes `inf` (or Python's `sys.maxsize`) for all of them.
pub(super) fn parse_limit(text: &str) -> Result<usize, String> {
    match text {
        "inf" | "all" => Ok(usize::MAX),
        _ => text
            .parse()
            .map_err(|_| "expected a number or inf".to_owned()),
    }
}

/// A value that is written as text in TOML, as on the command line.
pub(super) mod as_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom))
            .transpose()
    }
}
