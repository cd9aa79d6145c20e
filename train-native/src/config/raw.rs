//! Settings as they are given, before defaults and checks.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Command};
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::de::DeTable;

use super::{FamilyConfig, RunConfig, RunFlags};

/// Key of the family's name in a file.
const FAMILY: &str = "family";
/// Family of files that do not name one: those of runs from before there were others.
const FIRST_FAMILY: &str = "pix2pix";

/// Settings of a run of one family, none of them required.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Raw<F> {
    /// Those of every run.
    pub run: RunFlags,
    /// The family's own.
    pub own: F,
}

/// The family that a file of settings says it is for.
///
/// # Errors
///
/// If the file is no TOML, with its place.
fn named_family(text: &str) -> Result<Option<String>> {
    let table = DeTable::parse(text)?;
    let name = table.get_ref().get(FAMILY);
    let name = name.and_then(|value| value.get_ref().as_str());
    Ok(name.map(str::to_owned))
}

/// The family of a run's config.
///
/// # Errors
///
/// If it is no TOML, with its place.
pub(super) fn family_of(text: &str) -> Result<String> {
    Ok(named_family(text)?.unwrap_or_else(|| FIRST_FAMILY.to_owned()))
}

/// These settings, and those of `other` where these are silent.
fn or<T: Serialize + DeserializeOwned>(first: &T, other: &T) -> Result<T> {
    let mut table = toml::Table::try_from(other)?;
    table.extend(toml::Table::try_from(first)?);
    Ok(table.try_into()?)
}

/// Names of the settings that a set of flags has.
fn names<T: Args>() -> BTreeSet<String> {
    let command = T::augment_args(Command::new("names"));
    let names = command.get_arguments().map(|arg| arg.get_id().to_string());
    names.collect()
}

impl<F: Args + Serialize + DeserializeOwned + Default> Raw<F> {
    /// Reads a TOML file for a family.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is for another family, or holds an unknown name or a value of the wrong
    /// kind, with its place.
    pub fn read(path: &Path, family: &str) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text, family).with_context(|| format!("{}", path.display()))
    }

    /// As [`read`](Self::read), from the text.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), without the name of the file.
    pub fn parse(text: &str, family: &str) -> Result<Self> {
        let found = family_of(text)?;
        let named = text
            .lines()
            .any(|line| line.trim_start().starts_with(FAMILY));
        if named && found != family {
            bail!("expected settings of {family}, found those of {found}");
        }
        check_names::<F>(text, family)?;
        Ok(Self {
            run: toml::from_str(text)?,
            own: toml::from_str(text)?,
        })
    }

    /// Puts these settings, those of a file and those of a preset together.
    ///
    /// # Errors
    ///
    /// If a value cannot be written as TOML, such as a path that is no Unicode.
    pub fn or(self, mut other: Self) -> Result<Self> {
        // How long to train is one setting in two units: the later word replaces the earlier.
        if self.run.steps.is_some() || self.run.epochs.is_some() {
            (other.run.steps, other.run.epochs) = (None, None);
        }
        Ok(Self {
            run: or(&self.run, &other.run)?,
            own: or(&self.own, &other.own)?,
        })
    }

    /// The settings as TOML.
    ///
    /// # Errors
    ///
    /// As [`or`](Self::or).
    pub fn to_toml(&self, family: &str) -> Result<String> {
        let run = toml::to_string(&self.run).context("settings as TOML")?;
        let own = toml::to_string(&self.own).context("settings as TOML")?;
        Ok(format!("{FAMILY} = \"{family}\"\n{run}{own}"))
    }

    /// Fills in defaults and checks.
    ///
    /// # Errors
    ///
    /// Naming the flag, what was expected and what was found.
    pub fn config<C: FamilyConfig<Flags = F>>(&self) -> Result<(RunConfig, C)> {
        let run = RunConfig::from_flags(&self.run, &C::defaults(&self.own))?;
        let own = C::from_flags(&self.own, &run)?;
        Ok((run, own))
    }
}

/// Every name in the file is one of a setting.
fn check_names<F: Args>(text: &str, family: &str) -> Result<()> {
    let known: BTreeSet<String> = names::<RunFlags>().union(&names::<F>()).cloned().collect();
    let table = DeTable::parse(text)?;
    for key in table.get_ref().keys() {
        let name: &str = key.get_ref();
        if name != FAMILY && !known.contains(name) {
            let line = 1 + text[..key.span().start].matches('\n').count();
            return Err(anyhow!(
                "line {line}: {name} is no setting of {family}; `underpaint train {family} --help` lists \
                 them"
            ));
        }
    }
    Ok(())
}
