//! Which files of several folders belong together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::SampleFiles;
use crate::data::error::DataError;

/// Files of one kind, each with what it has in common with its partners.
#[derive(Debug)]
pub(super) struct Kind {
    /// What they are, in the plural: "label maps".
    pub what: &'static str,
    /// Where they lie, for messages.
    pub place: PathBuf,
    /// Files by what they have in common with their partners.
    files: BTreeMap<String, PathBuf>,
    count: usize,
}

impl Kind {
    /// Files with their keys; two of one key are a problem.
    pub fn new(
        what: &'static str,
        place: PathBuf,
        keyed: impl IntoIterator<Item = (String, PathBuf)>,
        problems: &mut Vec<DataError>,
    ) -> Self {
        let (mut files, mut count) = (BTreeMap::new(), 0);
        for (key, path) in keyed {
            count += 1;
            if let Some(first) = files.insert(key, path.clone()) {
                let second = path;
                problems.push(DataError::AmbiguousName { first, second });
            }
        }
        Self {
            what,
            place,
            files,
            count,
        }
    }

    /// Samples of one file each, in natural order of their keys.
    pub fn alone(self) -> Vec<(String, SampleFiles)> {
        let sample = |(key, path): (String, PathBuf)| (key.clone(), SampleFiles::single(key, path));
        let mut samples: Vec<_> = self.files.into_iter().map(sample).collect();
        samples.sort_by(|(a, _), (b, _)| natord::compare(a, b));
        samples
    }

    fn counted(&self) -> String {
        format!("{} {}", self.count, self.what)
    }

    /// The error of a file of another kind that has no partner here.
    fn lacks(&self, path: PathBuf, key: &str, counts: &str) -> DataError {
        DataError::MissingPartner {
            path,
            expected: format!("{}/{key}.*", self.place.display()),
            found: format!("no such file ({counts} in all)"),
        }
    }
}

/// Pairs inputs with photos by key; both must be complete. Natural order of the names (`2` before `10`).
pub(super) fn join(
    inputs: Kind,
    mut targets: Kind,
    name_of: impl Fn(&str, &PathBuf, &PathBuf) -> String,
    problems: &mut Vec<DataError>,
) -> Vec<(String, SampleFiles)> {
    let counts = format!("{} and {}", inputs.counted(), targets.counted());
    let mut samples = Vec::new();
    let place = inputs.place.clone();
    for (key, input) in inputs.files {
        match targets.files.remove(&key) {
            Some(target) => {
                let name = name_of(&key, &input, &target);
                let mut files = SampleFiles::single(name, input);
                files.target = Some(target);
                samples.push((key, files));
            }
            None => problems.push(targets.lacks(input, &key, &counts)),
        }
    }
    for (key, path) in targets.files {
        problems.push(DataError::MissingPartner {
            path,
            expected: format!("{}/{key}.*", place.display()),
            found: format!("no such file ({counts} in all)"),
        });
    }
    samples.sort_by(|(_, a), (_, b)| natord::compare(&a.name, &b.name));
    samples
}

/// Gives every sample its file of a further kind; files of no sample are only noted.
pub(super) fn attach(
    samples: &mut [(String, SampleFiles)],
    mut kind: Kind,
    place: fn(&mut SampleFiles) -> &mut Option<PathBuf>,
    problems: &mut Vec<DataError>,
    notes: &mut Vec<(PathBuf, String)>,
) {
    let counts = format!("{} label maps and {}", samples.len(), kind.counted());
    for (key, files) in samples {
        match kind.files.remove(key) {
            Some(path) => *place(files) = Some(path),
            None => problems.push(kind.lacks(files.input.clone(), key, &counts)),
        }
    }
    if let Some((_, first)) = kind.files.first_key_value() {
        let note = format!(
            "{}: {} of the {} belong to no label map, {} for one, and are not used",
            kind.place.display(),
            kind.files.len(),
            kind.counted(),
            first.display()
        );
        notes.push((kind.place, note));
    }
}
