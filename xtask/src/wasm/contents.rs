//! `cargo xtask wasm --by-crate`: which crates fill the module.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use rustc_demangle::demangle;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// Code of a module by the crate that it comes from, and its data.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Bytes of function bodies; generic code counts where it was written, code that was inlined
    /// where it went.
    code: BTreeMap<String, u64>,
    /// Bytes of the data section: strings, tables, shader texts.
    data: u64,
}

impl Contents {
    /// Reads a module that still has its names.
    ///
    /// # Errors
    ///
    /// When it is no WebAssembly module.
    pub fn of(module: &[u8]) -> Result<Self> {
        let mut names: HashMap<u32, String> = HashMap::new();
        let mut sizes = Vec::new();
        let mut imported = 0;
        let mut data = 0;
        for payload in Parser::new(0).parse_all(module) {
            match payload.context("parsing the module")? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let function = matches!(import?.ty, TypeRef::Func(_));
                        imported += u32::from(function);
                    }
                }
                Payload::CodeSectionEntry(body) => sizes.push(body.range().len() as u64),
                Payload::DataSection(section) => data = section.range().len() as u64,
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(section) = section.as_known() {
                        names.extend(function_names(section)?);
                    }
                }
                _ => {}
            }
        }
        let mut code = BTreeMap::new();
        for (index, size) in (imported..).zip(sizes) {
            let name = names.get(&index).map_or("", String::as_str);
            *code.entry(crate_of(name)).or_default() += size;
        }
        Ok(Self { code, data })
    }

    /// Prints the largest crates, in bytes and in percent of code and data.
    pub fn print(&self) {
        let total = self.code.values().sum::<u64>() + self.data;
        let percent = |bytes: u64| 100.0 * bytes as f64 / total.max(1) as f64;
        let mut rows: Vec<(&str, u64)> = self.code.iter().map(|(k, v)| (k.as_str(), *v)).collect();
        rows.push(("(data)", self.data));
        rows.sort_by_key(|&(_, bytes)| std::cmp::Reverse(bytes));
        println!("{:<36}{:>12}{:>12}", "crate, before wasm-opt", "bytes", "%");
        for (name, bytes) in rows.iter().take(25) {
            println!("{name:<36}{bytes:>12}{:>12.1}", percent(*bytes));
        }
    }
}

fn function_names(section: wasmparser::NameSectionReader<'_>) -> Result<Vec<(u32, String)>> {
    let mut names = Vec::new();
    for subsection in section {
        if let Name::Function(map) = subsection? {
            for naming in map {
                let naming = naming?;
                names.push((naming.index, naming.name.to_owned()));
            }
        }
    }
    Ok(names)
}

/// The crate that a mangled function name starts with: `<core::option::Option<T> as …>::f` is
/// `core`'s.
fn crate_of(mangled: &str) -> String {
    let name = format!("{:#}", demangle(mangled));
    let start = name.trim_start_matches(|c: char| "<&*[(".contains(c));
    let start = start
        .trim_start_matches("mut ")
        .trim_start_matches("dyn ")
        .trim_start_matches("impl ");
    let word: String = start
        .chars()
        .take_while(|&c| c.is_alphanumeric() || c == '_')
        .collect();
    if start[word.len()..].starts_with("::") {
        word
    } else {
        "(other)".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_belong_to_the_crate_that_their_name_starts_with() {
        assert_eq!(
            crate_of("_ZN4wgpu3api6device6Device7destroy17h0123456789abcdefE"),
            "wgpu"
        );
        assert_eq!(
            crate_of("<core::option::Option<T> as core::fmt::Debug>::fmt"),
            "core"
        );
        assert_eq!(crate_of("<&mut dyn log::Log>::log"), "log");
        assert_eq!(crate_of("memcpy"), "(other)");
        assert_eq!(crate_of(""), "(other)");
    }

    #[test]
    fn an_empty_module_is_empty_and_anything_else_is_told() {
        let empty = Contents::of(b"\0asm\x01\0\0\0").unwrap();
        assert_eq!(empty, Contents::default());
        assert!(Contents::of(b"not wasm").is_err());
    }
}
