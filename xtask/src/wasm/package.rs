//! What `www/pkg` is made of: the modules, their one script, what it says of them, and the stamp that
//! tells whether it is current.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::json;
use wasm_bindgen_cli_support::Bindgen;

use super::variant::{MODULE, Variant};
use crate::project::sha256;

/// What a package was made from, in the package.
const STAMP: &str = ".made-from";
/// The code that makes a package: another one makes another package.
const CODE: [&str; 3] = [
    include_str!("mod.rs"),
    include_str!("package.rs"),
    include_str!("variant.rs"),
];

/// A build of the module as cargo has left it.
pub struct Built {
    pub variant: Variant,
    pub path: PathBuf,
    /// SHA-256.
    pub hash: String,
}

impl Built {
    /// Reads what cargo has built.
    ///
    /// # Errors
    /// When it is not there.
    pub fn read(variant: Variant, path: PathBuf) -> Result<Self> {
        let module = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let hash = sha256(&module);
        Ok(Self {
            variant,
            path,
            hash,
        })
    }
}

/// Whether the package in `folder` is as good as one of these modules: it may be shrunk where that was
/// not asked for, and have more modules.
pub fn is_current(folder: &Path, modules: &[Built], reader: &Built, shrink: bool) -> bool {
    let held = fs::read_to_string(folder.join(STAMP)).unwrap_or_default();
    let lines: Vec<_> = held.lines().collect();
    let has = |line: String| lines.contains(&line.as_str());
    has(code_line())
        && (has(shrunk_line(true)) || (!shrink && has(shrunk_line(false))))
        && modules.iter().all(|built| has(module_line(built)))
        && has(reader_line(reader))
}

/// Leaves in `folder` what [`is_current`] asks.
///
/// # Errors
/// When it cannot be written.
pub fn stamp(folder: &Path, modules: &[Built], reader: &Built, shrunk: bool) -> Result<()> {
    let lines = [code_line(), shrunk_line(shrunk), reader_line(reader)].into_iter();
    let lines: Vec<_> = lines.chain(modules.iter().map(module_line)).collect();
    fs::write(folder.join(STAMP), lines.join("\n") + "\n").context("writing the package's stamp")
}

fn code_line() -> String {
    format!("code {}", sha256(CODE.concat().as_bytes()))
}

fn shrunk_line(shrunk: bool) -> String {
    format!("shrunk {shrunk}")
}

fn module_line(built: &Built) -> String {
    format!("{} {}", built.variant.name(), built.hash)
}

fn reader_line(built: &Built) -> String {
    format!("reader {}", built.hash)
}

/// Writes the modules and the script that they share.
///
/// # Errors
/// When wasm-bindgen fails, or the modules would need scripts that differ.
pub fn bind(modules: &[Built], folder: &Path) -> Result<()> {
    let Some((first, others)) = modules.split_first() else {
        bail!("a package needs a module");
    };
    bind_one(first, folder)?;
    for other in others {
        let beside = folder.join(other.variant.name());
        bind_one(other, &beside)?;
        for script in [".js", ".d.ts"].map(|ending| format!("{MODULE}{ending}")) {
            expect_equal(&folder.join(&script), &beside.join(&script))?;
        }
        let bound = Variant::Plain.within(&beside);
        fs::rename(&bound, other.variant.within(folder))
            .with_context(|| format!("moving {}", bound.display()))?;
        fs::remove_dir_all(&beside).with_context(|| format!("removing {}", beside.display()))?;
    }
    Ok(())
}

/// Writes a module and its script.
///
/// # Errors
/// When wasm-bindgen fails.
pub fn bind_one(built: &Built, folder: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(&built.path)
        .typescript(true)
        .remove_producers_section(true)
        .remove_name_section(true)
        // Without arguments, `init()` then loads the module that lies beside the script.
        .omit_default_module_path(false);
    bindgen.web(true)?;
    bindgen
        .generate(folder)
        .with_context(|| format!("wasm-bindgen on {}", built.path.display()))
}

/// Comments do not count: wasm-bindgen names places in the module's function table there.
fn expect_equal(one: &Path, other: &Path) -> Result<()> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
    };
    let (first, second) = (read(one)?, read(other)?);
    let (mut first, mut second) = (code_of(&first), code_of(&second));
    loop {
        let (ours, theirs) = (first.next(), second.next());
        if ours != theirs {
            bail!(
                "wasm-bindgen made two scripts for the two builds of one module, expected them to be \
                 the same: {} has {:?} in one and {:?} in the other. Does what the crate imports or \
                 exports depend on CPU features?",
                one.file_name().unwrap_or_default().display(),
                ours.unwrap_or_default(),
                theirs.unwrap_or_default()
            );
        }
        if ours.is_none() {
            return Ok(());
        }
    }
}

fn code_of(script: &str) -> impl Iterator<Item = &str> {
    let lines = script.lines().map(str::trim);
    lines.filter(|line| !line.starts_with("//"))
}

/// Writes `modules.js`, by which the page knows what the package has. Sizes are there for the progress
/// of loading: a server that compresses a module does not say how long it is.
///
/// # Errors
/// When a module is not there, or the script cannot be written.
pub fn list_modules(folder: &Path, variants: &[Variant]) -> Result<()> {
    let mut script =
        String::from("/* What lies here, by cargo xtask wasm. */\nexport const MODULES = [\n");
    for variant in variants {
        let path = variant.within(folder);
        let bytes = fs::metadata(&path)
            .with_context(|| format!("measuring {}", path.display()))?
            .len();
        // Bundlers look for exactly this expression.
        script.push_str(&format!(
            "  {{ name: {}, url: new URL({}, import.meta.url).href, bytes: {bytes} }},\n",
            json!(variant.name()),
            json!(format!("./{}", variant.file())),
        ));
    }
    script.push_str("];\n");
    fs::write(folder.join("modules.js"), script).context("writing modules.js")?;
    fs::write(folder.join("modules.d.ts"), MODULES_TYPES).context("writing modules.d.ts")
}

/// Types of `modules.js`.
const MODULES_TYPES: &str = "\
/** The builds of the module in this package, the one first that runs everywhere. */
export const MODULES: readonly { readonly name: string; readonly url: string; readonly bytes: number }[];
";

#[cfg(test)]
mod tests {
    use super::*;

    fn built(variant: Variant, hash: &str) -> Built {
        Built {
            variant,
            path: PathBuf::new(),
            hash: hash.to_owned(),
        }
    }

    fn reader() -> Built {
        built(Variant::Plain, "reader")
    }

    #[test]
    fn a_package_is_made_again_for_another_module_or_to_shrink_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let plain = |hash| [built(Variant::Plain, hash)];
        assert!(!is_current(folder, &plain("one"), &reader(), false));
        stamp(folder, &plain("one"), &reader(), false).unwrap();
        assert!(is_current(folder, &plain("one"), &reader(), false));
        assert!(!is_current(folder, &plain("one"), &reader(), true));
        assert!(!is_current(folder, &plain("two"), &reader(), false));
        stamp(folder, &plain("one"), &reader(), true).unwrap();
        assert!(is_current(folder, &plain("one"), &reader(), false));
        assert!(is_current(folder, &plain("one"), &reader(), true));
        let other = built(Variant::Plain, "another reader");
        assert!(!is_current(folder, &plain("one"), &other, true));
    }

    #[test]
    fn a_package_of_both_builds_serves_who_asks_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let both = |relaxed| {
            [
                built(Variant::Plain, "one"),
                built(Variant::Relaxed, relaxed),
            ]
        };
        stamp(folder, &both("two"), &reader(), false).unwrap();
        assert!(is_current(folder, &both("two"), &reader(), false));
        assert!(is_current(folder, &both("two")[..1], &reader(), false));
        assert!(!is_current(folder, &both("three"), &reader(), false));
        stamp(folder, &both("two")[..1], &reader(), false).unwrap();
        assert!(!is_current(folder, &both("two"), &reader(), false));
    }

    #[test]
    fn scripts_that_differ_are_an_error_that_shows_where() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        fs::write(path("a.js"), "one\n  // shim_idx: 1\n  two\n").unwrap();
        fs::write(path("b.js"), "one\n  // shim_idx: 2\n  two\n").unwrap();
        fs::write(path("c.js"), "one\n").unwrap();
        assert!(expect_equal(&path("a.js"), &path("b.js")).is_ok());
        let error = expect_equal(&path("a.js"), &path("c.js")).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(r#"a.js has "two" in one and "" in the other"#),
            "{text}"
        );
    }

    #[test]
    fn the_list_names_each_module_and_its_size() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(Variant::Relaxed.within(folder.path()), [0; 12]).unwrap();
        list_modules(folder.path(), &[Variant::Relaxed]).unwrap();
        let script = fs::read_to_string(folder.path().join("modules.js")).unwrap();
        let expected = r#"{ name: "relaxed", url: new URL("./underpaint_web_relaxed_bg.wasm", import.meta.url).href, bytes: 12 }"#;
        assert!(script.contains(expected), "{script}");
        assert!(list_modules(folder.path(), &Variant::ALL).is_err());
    }
}
