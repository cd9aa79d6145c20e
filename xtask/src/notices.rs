//! The licences of the crates that the WebAssembly module is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;
use crate::project::Project;

/// The part of `cargo metadata` that is used.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    repository: Option<String>,
    manifest_path: PathBuf,
    /// Absent for the workspace's own.
    source: Option<String>,
}

/// The notices of everything that `root`, a member of the workspace, links on `target`: each licence
/// text once, below the crates that come under it.
///
/// # Errors
///
/// When cargo fails.
pub fn of(project: &Project, root: &str, target: &str) -> Result<String> {
    // `cargo tree` knows what is linked, `cargo metadata` where it lies; the latter's own graph has
    // everything that any feature of any member could bring.
    let mut cargo = project.cargo();
    cargo.args(["tree", "--prefix", "none", "--format", "{p}"]);
    cargo.args(["--edges", "normal,no-proc-macro"]);
    cargo.args(["--package", root, "--target", target]);
    let tree = process::stdout_of(&mut cargo)?;
    let linked = linked(&tree);

    let mut cargo = project.cargo();
    cargo.args(["metadata", "--format-version", "1", "--filter-platform"]);
    cargo.arg(target);
    let answer = process::stdout_of(&mut cargo)?;
    let metadata: Metadata = serde_json::from_str(&answer).context("reading cargo's metadata")?;
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in &metadata.packages {
        let key = (package.name.as_str(), package.version.as_str());
        if package.source.is_some() && linked.contains(&key) {
            let folder = package.manifest_path.parent().unwrap_or(Path::new("."));
            let text = licence_text(folder).unwrap_or_default();
            texts.entry(text).or_default().insert(headline(package));
        }
    }
    Ok(joined(&texts))
}

/// Names and versions in what `cargo tree` prints: `serde v1.0.229 (*)`.
fn linked(tree: &str) -> BTreeSet<(&str, &str)> {
    fn package(line: &str) -> Option<(&str, &str)> {
        let (name, rest) = line.split_once(" v")?;
        Some((name, rest.split_whitespace().next()?))
    }
    tree.lines().filter_map(package).collect()
}

fn headline(package: &Package) -> String {
    let license = package
        .license
        .as_deref()
        .unwrap_or("licence: see its source");
    let repository = package.repository.as_deref().unwrap_or_default();
    format!(
        "{} {} ({license}) {repository}",
        package.name, package.version
    )
}

/// The crate's own text: of two to choose from the shorter, MIT, one.
fn licence_text(folder: &Path) -> Option<String> {
    let is_text = |name: &str| {
        let name = name.to_ascii_uppercase();
        ["LICENSE", "LICENCE", "COPYING", "UNLICENSE"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    let mut names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| is_text(name) && folder.join(name).is_file())
        .collect();
    names.sort_by_key(|name| (!name.to_ascii_uppercase().contains("MIT"), name.clone()));
    let text = fs::read_to_string(folder.join(names.first()?)).ok()?;
    Some(text.replace("\r\n", "\n").trim().to_owned())
}

fn joined(texts: &BTreeMap<String, BTreeSet<String>>) -> String {
    let rule = "=".repeat(80);
    texts
        .iter()
        .map(|(text, crates)| {
            let crates: Vec<&str> = crates.iter().map(String::as_str).collect();
            format!("{rule}\n{}\n\n{text}\n", crates.join("\n"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_from_what_cargo_tree_prints() {
        let tree = "web v0.1.0 (/w/web)\nserde v1.0.229\nburn-std v0.22.1 (*)\n\n";
        let expected = [
            ("burn-std", "0.22.1"),
            ("serde", "1.0.229"),
            ("web", "0.1.0"),
        ];
        assert_eq!(linked(tree), BTreeSet::from(expected));
    }

    #[test]
    fn the_mit_text_is_taken_where_there_are_two() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("LICENSE-APACHE"), "long").unwrap();
        fs::write(folder.path().join("license-mit"), "short\r\n").unwrap();
        assert_eq!(licence_text(folder.path()).as_deref(), Some("short"));
        assert_eq!(licence_text(&folder.path().join("none")), None);
    }

    #[test]
    fn crates_with_one_text_share_it() {
        let mut texts = BTreeMap::new();
        texts.insert(
            "text".to_owned(),
            BTreeSet::from(["a 1".to_owned(), "b 2".to_owned()]),
        );
        let joined = joined(&texts);
        assert!(joined.ends_with("=\na 1\nb 2\n\ntext\n"), "{joined}");
    }
}
