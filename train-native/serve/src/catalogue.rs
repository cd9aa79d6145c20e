//! The bundles of a folder, as the studio's model picker wants to know them.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::folder::Folder;
use crate::single_file;
use crate::{Error, Result};

/// Name of the manifest in a bundle.
const MANIFEST: &str = "manifest.json";
/// Folder of example label maps in a bundle.
const SCENES: &str = "scenes";

/// A bundle that can be served.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// Name in URLs and share links: letters, digits, `-` and `_`, unique in its catalogue.
    pub id: String,
    /// Name for people, from the manifest.
    pub name: String,
    /// Paths of example label maps below the bundle, such as `scenes/lake.png`.
    pub scenes: Vec<String>,
    place: Place,
}

/// Where a bundle lies.
#[derive(Debug, Clone)]
enum Place {
    Folder(Folder),
    /// One file.
    File(PathBuf),
}

/// The bundles of a folder, in the order of their names there.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// What can be served.
    pub bundles: Vec<Bundle>,
    /// What looks like a bundle and cannot be served, one sentence each, with the file's name.
    pub warnings: Vec<String>,
}

/// `models/index.json`. Paths are relative to it, scenes to the bundle's path.
#[derive(Debug, Serialize)]
pub(crate) struct Index<'a> {
    models: Vec<IndexEntry<'a>>,
}

#[derive(Debug, Serialize)]
struct IndexEntry<'a> {
    id: &'a str,
    path: String,
    name: &'a str,
    scenes: Vec<String>,
}

/// As much of a manifest as it takes to offer the bundle. The browser checks everything.
#[derive(Deserialize)]
struct Manifest {
    name: String,
    weights: Weights,
}

#[derive(Deserialize)]
struct Weights {
    file: String,
    bytes: u64,
}

impl Catalogue {
    /// Looks for bundles: the folder itself, where it has a manifest, else the folders and files in it. A
    /// bundle in one file can be given as well.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read. A broken bundle is a warning.
    pub fn read(folder: &Path) -> Result<Self> {
        let unreadable = |source| Error::Folder {
            folder: folder.to_owned(),
            source,
        };
        let mut catalogue = Self::default();
        if single_file::has_ending(folder) && folder.is_file() {
            let path = folder.canonicalize().map_err(unreadable)?;
            catalogue.add_file(&path, folder);
            return Ok(catalogue);
        }
        let top = Folder::open(folder).map_err(unreadable)?;
        if top.root().join(MANIFEST).exists() {
            catalogue.add(top.root(), folder);
            return Ok(catalogue);
        }
        let entries = fs::read_dir(top.root()).map_err(unreadable)?;
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        for name in names.iter().filter(|name| !is_hidden(name)) {
            let (path, shown) = (top.root().join(name), folder.join(name));
            let is_file = single_file::has_ending(&path) && path.is_file();
            if !is_file && !path.join(MANIFEST).exists() {
                continue;
            }
            match path.canonicalize() {
                Ok(path) if top.visible(&path) && is_file => catalogue.add_file(&path, &shown),
                Ok(path) if top.visible(&path) => catalogue.add(&path, &shown),
                _ => catalogue.warnings.push(format!(
                    "{} is left out: it is a link that leads out of {}",
                    shown.display(),
                    folder.display()
                )),
            }
        }
        Ok(catalogue)
    }

    /// The bundle with this id.
    pub fn find(&self, id: &str) -> Option<&Bundle> {
        self.bundles.iter().find(|bundle| bundle.id == id)
    }

    /// The file that names below `models/` lead to.
    pub(crate) fn file(&self, names: &[String]) -> Option<PathBuf> {
        let (first, rest) = names.split_first()?;
        let id = match rest {
            [] => first.strip_suffix(single_file::ENDING)?,
            _ => first,
        };
        match &self.find(id)?.place {
            Place::Folder(folder) if !rest.is_empty() => folder.find(rest),
            Place::File(path) if rest.is_empty() => Some(path.clone()),
            _ => None,
        }
    }

    /// What the studio is told.
    pub(crate) fn index(&self) -> Index<'_> {
        let models = self.bundles.iter().map(|bundle| IndexEntry {
            id: &bundle.id,
            path: match bundle.place {
                Place::Folder(_) => format!("{}/", bundle.id),
                Place::File(_) => format!("{}{}", bundle.id, single_file::ENDING),
            },
            name: &bundle.name,
            scenes: bundle
                .scenes
                .iter()
                .map(|scene| relative_url(scene))
                .collect(),
        });
        Index {
            models: models.collect(),
        }
    }

    /// Adds the bundle at `path`, which people know as `shown`.
    fn add(&mut self, path: &Path, shown: &Path) {
        match read_bundle(path) {
            Ok((name, folder)) => self.bundles.push(Bundle {
                id: self.free_id(path.file_name()),
                name,
                scenes: scenes(&folder),
                place: Place::Folder(folder),
            }),
            Err((file, why)) => self
                .warnings
                .push(format!("{} is left out: {why}", shown.join(file).display())),
        }
    }

    /// Adds the bundle in the file at `path`, which people know as `shown`.
    fn add_file(&mut self, path: &Path, shown: &Path) {
        let read = single_file::manifest(path).and_then(|json| name_in(&json));
        match read {
            Ok((name, _)) => self.bundles.push(Bundle {
                id: self.free_id(path.file_stem()),
                name,
                scenes: Vec::new(),
                place: Place::File(path.to_owned()),
            }),
            Err(why) => self
                .warnings
                .push(format!("{} is left out: {why}", shown.display())),
        }
    }

    /// An id after the folder's or file's name that no other bundle has.
    fn free_id(&self, name: Option<&OsStr>) -> String {
        let base = id_from_name(name.unwrap_or_default());
        let taken: HashSet<_> = self
            .bundles
            .iter()
            .map(|bundle| bundle.id.as_str())
            .collect();
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        std::iter::once(base.clone())
            .chain(numbered)
            .find(|id| !taken.contains(id.as_str()))
            .expect("there are more numbers than bundles")
    }
}

/// The bundle's name and folder, or the file that is wrong and what is wrong with it.
fn read_bundle(path: &Path) -> std::result::Result<(String, Folder), (PathBuf, String)> {
    let wrong = |why: String| (PathBuf::from(MANIFEST), why);
    let folder = Folder::open(path).map_err(|error| (PathBuf::new(), error.to_string()))?;
    let bytes = fs::read(path.join(MANIFEST)).map_err(|error| wrong(error.to_string()))?;
    let (name, Weights { file, bytes }) = name_in(&bytes).map_err(wrong)?;
    let Some(weights) = folder.find(std::slice::from_ref(&file)) else {
        return Err(wrong(format!("no such weight file beside it: {file:?}")));
    };
    let found = weights.metadata().map_or(0, |metadata| metadata.len());
    if found != bytes {
        let why = format!("{found} bytes, where the manifest says {bytes}: copy it again");
        return Err((PathBuf::from(file), why));
    }
    Ok((name, folder))
}

/// The name in a manifest, and its weight file; or what is wrong with it.
fn name_in(json: &[u8]) -> std::result::Result<(String, Weights), String> {
    let manifest: Manifest =
        serde_json::from_slice(json).map_err(|error| format!("not a manifest: {error}"))?;
    if manifest.name.trim().is_empty() {
        return Err("the model's name is empty".to_owned());
    }
    Ok((manifest.name, manifest.weights))
}

/// The example label maps of a bundle, sorted.
fn scenes(bundle: &Folder) -> Vec<String> {
    let entries = fs::read_dir(bundle.root().join(SCENES));
    let names = entries.into_iter().flatten().flatten();
    let mut scenes: Vec<_> = names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| {
            Path::new(name)
                .extension()
                .is_some_and(|it| it.eq_ignore_ascii_case("png"))
        })
        .filter(|name| bundle.find(&[SCENES.to_owned(), name.clone()]).is_some())
        .map(|name| format!("{SCENES}/{name}"))
        .collect();
    scenes.sort();
    scenes
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// What of a folder's name can stand in a URL as it is.
fn id_from_name(name: &OsStr) -> String {
    let kept = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let name = name.to_string_lossy();
    let words: Vec<_> = name
        .split(|letter| !kept(letter))
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        "model".to_owned()
    } else {
        words.join("-")
    }
}

/// A path as a relative URL. Only what would end the path is encoded, so that file names still read
/// as names.
fn relative_url(path: &str) -> String {
    path.replace('%', "%25")
        .replace('#', "%23")
        .replace('?', "%3F")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_bundle(folder: &Path, name: &str) {
        fs::create_dir_all(folder).unwrap();
        let manifest = format!(
            r#"{{"format_version":1,"name":"{name}","weights":{{"file":"weights.safetensors","bytes":4}}}}"#
        );
        fs::write(folder.join(MANIFEST), manifest).unwrap();
        fs::write(folder.join("weights.safetensors"), "1234").unwrap();
    }

    fn index(folder: &Path) -> serde_json::Value {
        serde_json::to_value(Catalogue::read(folder).unwrap().index()).unwrap()
    }

    #[test]
    fn bundles_are_listed_by_folder_with_their_scenes() {
        let folder = tempfile::tempdir().unwrap();
        write_bundle(&folder.path().join("trees"), "Trees");
        let lakes = folder.path().join("lakes & hills");
        write_bundle(&lakes, "Lakes");
        fs::create_dir_all(lakes.join("scenes/deep.png")).unwrap();
        for name in ["two.png", "One #1.PNG", "notes.txt", ".hidden.png"] {
            fs::write(lakes.join("scenes").join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("empty")).unwrap();
        write_bundle(&folder.path().join(".hidden"), "Hidden");
        assert_eq!(
            index(folder.path()),
            serde_json::json!({ "models": [
                { "id": "lakes-hills", "path": "lakes-hills/", "name": "Lakes",
                  "scenes": ["scenes/One %231.PNG", "scenes/two.png"] },
                { "id": "trees", "path": "trees/", "name": "Trees", "scenes": [] },
            ] })
        );
    }

    #[test]
    fn bundles_in_one_file_are_listed_and_led_to() {
        let folder = tempfile::tempdir().unwrap();
        let json = r#"{"name":"Lakes","weights":{"file":"weights.safetensors","bytes":4}}"#;
        let file = folder.path().join("my lakes.underpaint");
        fs::write(&file, single_file::tests::written(json)).unwrap();
        fs::write(folder.path().join("cut.underpaint"), "PK").unwrap();
        fs::write(folder.path().join("other.zip"), "PK").unwrap();
        let entry = serde_json::json!({ "models": [
            { "id": "my-lakes", "path": "my-lakes.underpaint", "name": "Lakes", "scenes": [] },
        ] });
        assert_eq!(index(folder.path()), entry);
        assert_eq!(index(&file), entry);
        let catalogue = Catalogue::read(folder.path()).unwrap();
        assert!(
            catalogue.warnings[0].contains("cut.underpaint"),
            "{:?}",
            catalogue.warnings
        );
        let names = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
        let found = catalogue.file(&names("my-lakes.underpaint")).unwrap();
        assert_eq!(found, file.canonicalize().unwrap());
        for path in [
            "my-lakes",
            "my-lakes/",
            "my-lakes/manifest.json",
            "cut.underpaint",
            "",
        ] {
            assert_eq!(catalogue.file(&names(path)), None, "{path}");
        }
    }

    #[test]
    fn a_folder_that_is_one_bundle_is_listed_alone() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("facades");
        write_bundle(&bundle, "Façades");
        write_bundle(&bundle.join("inner"), "Inner");
        let catalogue = Catalogue::read(&bundle).unwrap();
        let names: Vec<_> = catalogue
            .bundles
            .iter()
            .map(|it| (&*it.id, &*it.name))
            .collect();
        assert_eq!(names, [("facades", "Façades")]);
    }

    #[test]
    fn ids_are_unique_and_plain() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a b", "a+b", "风景", "山", "a_b", "index.json"] {
            write_bundle(&folder.path().join(name), name);
        }
        let catalogue = Catalogue::read(folder.path()).unwrap();
        let mut ids: Vec<_> = catalogue.bundles.iter().map(|it| it.id.as_str()).collect();
        ids.sort();
        assert_eq!(
            ids,
            ["a-b", "a-b-2", "a_b", "index-json", "model", "model-2"]
        );
        assert_eq!(catalogue.find("model-2").unwrap().name, "风景");
        assert!(catalogue.find("model-3").is_none());
    }

    #[test]
    fn broken_bundles_are_left_out_with_the_file_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in [
            "cut",
            "empty-name",
            "good",
            "no-weights",
            "outside",
            "short",
        ] {
            write_bundle(&path(name), name);
        }
        fs::write(path("cut").join(MANIFEST), r#"{"name": "cu"#).unwrap();
        write_bundle(&path("empty-name"), " ");
        fs::remove_file(path("no-weights/weights.safetensors")).unwrap();
        let outside = r#"{"name":"o","weights":{"file":"../good/weights.safetensors","bytes":4}}"#;
        fs::write(path("outside").join(MANIFEST), outside).unwrap();
        fs::write(path("short/weights.safetensors"), "12").unwrap();
        let catalogue = Catalogue::read(folder.path()).unwrap();
        assert_eq!(catalogue.bundles.len(), 1);
        let expected = [
            ("cut/manifest.json", "not a manifest"),
            ("empty-name/manifest.json", "name is empty"),
            ("no-weights/manifest.json", "no such weight file"),
            ("outside/manifest.json", "no such weight file"),
            (
                "short/weights.safetensors",
                "2 bytes, where the manifest says 4",
            ),
        ];
        assert_eq!(
            catalogue.warnings.len(),
            expected.len(),
            "{:?}",
            catalogue.warnings
        );
        for (warning, (file, why)) in catalogue.warnings.iter().zip(expected) {
            assert!(warning.contains(file) && warning.contains(why), "{warning}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let models = folder.path().join("models");
        write_bundle(&models.join("inside"), "Inside");
        write_bundle(&folder.path().join("elsewhere"), "Elsewhere");
        let link = models.join("link");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), link).unwrap();
        let catalogue = Catalogue::read(&models).unwrap();
        assert_eq!(catalogue.bundles.len(), 1);
        assert!(
            catalogue.warnings[0].contains("leads out of"),
            "{:?}",
            catalogue.warnings
        );
    }

    #[test]
    fn a_missing_folder_is_an_error_that_names_it() {
        let error = Catalogue::read(Path::new("no/such/models")).unwrap_err();
        assert!(error.to_string().contains("no/such/models"), "{error}");
    }
}
