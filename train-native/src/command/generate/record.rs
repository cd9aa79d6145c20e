//! What a folder of pictures was made with: an interrupted run goes on where it ended, and pictures of
//! another model or of other settings are never taken for its own.
//!
//! The record is written before the first picture and says what decides how pictures look. A picture is
//! done if the record in its folder is the same one, the picture is not older than that, and what it is
//! made of has not changed since. Pictures are written under another name first, so that there is never
//! half of one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use underpaint_core::bundle::{Manifest, Provenance, sha256};

use crate::config::is_run;
use crate::trainer::checkpoint;

/// Name of the record, hidden from those who list pictures.
const FILE: &str = ".underpaint-generate.json";

/// What decides how pictures look.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Name of the model, for people.
    model: String,
    /// Flags that were given, for people.
    settings: String,
    /// SHA-256 over model, weights, flags and the files that flags name.
    sha256: String,
}

impl Record {
    /// Of a model, of flags, and of the files that those name.
    ///
    /// # Errors
    ///
    /// If one of the files cannot be read.
    pub fn new(
        path: &Path,
        manifest: &Manifest,
        settings: String,
        files: &[PathBuf],
    ) -> Result<Self> {
        // What is only said of a model changes none of its pictures.
        let mut manifest = manifest.clone();
        manifest.provenance = Provenance::default();
        let mut said = vec![manifest.to_json(), settings.clone()];
        if is_run(path) {
            // It lists the hashes of the weights.
            let newest = checkpoint::latest(path)?;
            let hashes = checkpoint::hashes(&newest)?;
            said.extend(
                hashes
                    .into_iter()
                    .map(|(file, hash)| format!("{file} {hash}")),
            );
        }
        for file in files.iter().filter(|file| file.is_file()) {
            said.push(crate::files::sha256(file)?);
        }
        Ok(Self {
            model: manifest.name,
            settings,
            sha256: sha256(said.join("\n").as_bytes()),
        })
    }
}

/// The pictures of a folder that are done.
pub(super) struct Done {
    /// When the record was written; nothing is done without one.
    since: Option<SystemTime>,
}

impl Done {
    /// Looks at the record of a folder, and writes this one if that is another, or if `again` asks for
    /// everything to be made anew.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made or written to.
    pub fn begin(folder: &Path, record: &Record, again: bool) -> Result<Self> {
        let path = folder.join(FILE);
        let found = fs::read(&path).ok();
        let found = found.and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok());
        if !again && found.as_ref() == Some(record) {
            return Ok(Self {
                since: modified(&path),
            });
        }
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        crate::files::write(&path, serde_json::to_string_pretty(record)?.as_bytes())?;
        Ok(Self { since: None })
    }

    /// Whether a picture is there and as it would be made now.
    pub fn has(&self, picture: &Path, made_of: &[PathBuf]) -> bool {
        let (Some(since), Some(written)) = (self.since, modified(picture)) else {
            return false;
        };
        let older = |file: &PathBuf| modified(file).is_some_and(|changed| changed <= written);
        since <= written && made_of.iter().all(older)
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(hash: &str) -> Record {
        Record {
            model: "m".into(),
            settings: "s".into(),
            sha256: hash.into(),
        }
    }

    fn set_time(path: &Path, seconds: u64) {
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let file = fs::File::options().write(true).open(path).expect("a file");
        file.set_modified(time).expect("set");
    }

    #[test]
    fn only_pictures_of_the_same_record_that_are_newer_than_their_input_are_done() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let done = |hash: &str, again| {
            let done = Done::begin(folder.path(), &record(hash), again).expect("a folder");
            done.has(&at("p.png"), &[at("in.png")])
        };
        assert!(!done("a", false), "nothing is there");
        for (name, seconds) in [("in.png", 100), (FILE, 200), ("p.png", 300)] {
            if name != FILE {
                fs::write(at(name), b"").expect("written");
            }
            set_time(&at(name), seconds);
        }
        assert!(done("a", false));
        set_time(&at("in.png"), 400);
        assert!(!done("a", false), "its input has changed");
        set_time(&at("in.png"), 100);
        assert!(!done("b", false), "other settings");
        assert!(!done("b", false), "older than the record");
        set_time(&at(FILE), 200);
        assert!(done("b", false));
        assert!(!done("b", true), "all again");
    }
}
