//! `cargo xtask references`: whatever comments and documents refer to must be there.
//!
//! Sections and bugs of the specification ("spec 3.2", "B-23"), entries of DECISIONS.md, files of this
//! repository, and Markdown links. References may break over lines, as comments do.

mod flat;
mod library;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use regex::{Captures, Regex};

use crate::process;
use crate::project::Project;
use flat::Flat;
use library::{DECISIONS, Library, SPECIFICATION, anchors};

/// Endings of files that people write references in.
const READ: [&str; 13] = [
    "rs", "ts", "js", "mjs", "py", "md", "toml", "yml", "yaml", "html", "css", "sh", "wgsl",
];

/// A document that the program writes for people: the card of a model.
const WRITTEN: &str = "MODEL.md";

/// What holds references that lead nowhere on purpose.
const EXAMPLES: &str = "xtask/src/references";

/// A reference without anything behind it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Dangling {
    file: PathBuf,
    line: usize,
    reference: String,
    expected: String,
}

impl fmt::Display for Dangling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            reference,
            expected,
        } = self;
        write!(f, "{}:{line}: {reference}: {expected}", file.display())
    }
}

/// Lists the references that lead nowhere.
///
/// # Errors
/// When there is one, with the file and the line of each; when git or a file cannot be read.
pub fn run(project: &Project) -> Result<()> {
    let files = listed(&project.root)?;
    let read = |path: &str| {
        let file = project.root.join(path);
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    };
    let library = Library::new(&read(SPECIFICATION)?, &read(DECISIONS)?, files);
    let mut dangling = Vec::new();
    for file in library.files.iter().filter(|file| is_read(file)) {
        let bytes = fs::read(project.root.join(file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        dangling.extend(check(file, &String::from_utf8_lossy(&bytes), &library));
    }
    if dangling.is_empty() {
        return Ok(());
    }
    for found in &dangling {
        eprintln!("{found}");
    }
    bail!(
        "{} references lead nowhere: correct them, or what they refer to",
        dangling.len()
    );
}

/// The files of the checkout, those that are not committed yet too.
fn listed(root: &Path) -> Result<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let list = process::stdout_of(git.current_dir(root))?;
    let mut files: Vec<_> = list
        .split_terminator('\0')
        .map(PathBuf::from)
        .filter(|file| root.join(file).is_file())
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

fn is_read(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| READ.contains(&ending)) && !file.starts_with(EXAMPLES)
}

/// The references of a file that lead nowhere, line by line.
fn check(file: &Path, text: &str, library: &Library) -> Vec<Dangling> {
    let flat = Flat::of(text);
    let mut found = Vec::new();
    let mut add = |at: usize, reference: &str, expected: String| {
        found.push(Dangling {
            file: file.to_owned(),
            line: flat.line(at),
            reference: reference.to_owned(),
            expected,
        });
    };
    for (at, item) in specification_items(&flat.text, file) {
        if !library.specified(item) {
            add(at, item, format!("no such section in {SPECIFICATION}"));
        }
    }
    for item in named(&BUG, &flat.text) {
        if !library.specified(item.as_str()) {
            let expected = format!("no such bug in the register of {SPECIFICATION}");
            add(item.start(), item.as_str(), expected);
        }
    }
    for item in named(&DECISION, &flat.text) {
        for number in NUMBER.find_iter(item.as_str()) {
            if !library.decided(number.as_str()) {
                let expected = format!("{DECISIONS} has no {}", number.as_str());
                add(item.start() + number.start(), "decision", expected);
            }
        }
    }
    // Tests of the page make up names of documents.
    let makes_up = file.to_string_lossy().ends_with(".test.ts");
    let documents = (!makes_up).then_some(&*DOCUMENT);
    for pattern in std::iter::once(&*REPOSITORY_PATH).chain(documents) {
        for item in named(pattern, &flat.text) {
            let written = Path::new(item.as_str()).file_name() == Some(WRITTEN.as_ref());
            if !written && !library.holds(item.as_str(), file) {
                add(item.start(), item.as_str(), "no such file here".to_owned());
            }
        }
    }
    if file.extension().is_some_and(|ending| ending == "md") {
        for item in named(&LINK, &flat.text) {
            if let Some(expected) = broken_link(item.as_str(), file, text, library) {
                add(item.start(), item.as_str(), expected);
            }
        }
    }
    found.sort();
    // A document in docs/ is a path and a document.
    found.dedup();
    found
}

/// Sections that are named, each with where. The specification names its own by "section" alone.
fn specification_items<'t>(text: &'t str, file: &Path) -> Vec<(usize, &'t str)> {
    let own = (file == Path::new(SPECIFICATION)).then_some(&*SECTION);
    let patterns = std::iter::once(&*SPECIFIED).chain(own);
    let lists = patterns.flat_map(|pattern| pattern.captures_iter(text));
    lists
        .filter(|list| list.name("other").is_none())
        .filter_map(|list| list.name("list"))
        .flat_map(|list| {
            let items = SECTION_NUMBER.captures_iter(list.as_str());
            items.filter_map(move |item| {
                let item = item.get(1)?;
                Some((
                    list.start() + item.start(),
                    &text[list.start()..][item.range()],
                ))
            })
        })
        .collect()
}

/// What the group `name` of each match holds.
fn named<'t>(pattern: &'static Regex, text: &'t str) -> impl Iterator<Item = regex::Match<'t>> {
    let group = |captures: Captures<'t>| captures.name("name");
    pattern.captures_iter(text).filter_map(group)
}

/// What is wrong with the target of a Markdown link.
fn broken_link(target: &str, file: &Path, text: &str, library: &Library) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target, None),
    };
    if !path.is_empty() && !library.beside(path, file) {
        return Some("the link leads to no file here".to_owned());
    }
    let is_own = path.is_empty() && anchor.is_some_and(|anchor| !anchor.is_empty());
    let lost = is_own && !anchors(text).iter().any(|own| Some(own.as_str()) == anchor);
    lost.then(|| "the link leads to no heading of this file".to_owned())
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("patterns of this file are right")
}

/// A list of sections and bugs after "spec": `spec 3.2, 4.3`, `specification 1.2, and 2.5 (pix2pix)`.
static SPECIFIED: LazyLock<Regex> = LazyLock::new(|| {
    let item = r"(?:B-\d+|\d+(?:\.\d+)?)(?: \([\w ]+\))?";
    pattern(&format!(
        r"(?P<other>PNG )?\b[Ss]pec(?:ification)?(?: says)?[ ,(]+(?:sections? )?(?P<list>{item}(?:(?:,? and|,|;) {item})*)"
    ))
});
static SECTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bsections? (?P<list>\d+(?:\.\d+)?(?:(?:,| and) \d+\.\d+)*)"));
static SECTION_NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[ ,;])(\d+(?:\.\d+)?)\b"));
static BUG: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[^\w-])(?P<name>B-\d+)\b"));
static DECISION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:DECISIONS(?:\.md)?,?|[Dd]ecisions?) (?P<name>\d+(?:(?:,| and) \d+)*)\b")
});
static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d+"));
/// A source file or document by its path from the top level.
static REPOSITORY_PATH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^\w./-])(?P<name>(?:docs/[\w./-]*\w|(?:core|train-native|web|www|tests|xtask)/(?:[\w.-]+/)*[\w.-]+\.(?:rs|ts|py|toml))\b)",
    )
});
/// A Markdown file by any path, or by its name alone.
static DOCUMENT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|[^\w./:-])(?P<name>(?:\.{0,2}/)?(?:[\w.-]+/)*[\w-]+\.md)\b"));
static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"\]\((?P<name>[^()\s]+)\)"));
