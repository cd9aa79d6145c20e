use super::*;

fn library() -> Library {
    let specification = "# Models\n## 2. pix2pix\n### 2.4 Losses, updates\n### 2.5 Data\n\n\
                         | Id | Bug |\n|---|---|\n| B-22 | a rate |\n";
    let decisions = "# Decisions\n## 1. Pinned\n## 12. Classes\n";
    let files = [
        "core/src/pgan/dual.rs",
        "docs/specification.md",
        "docs/a/migrating.md",
        "README.md",
        DECISIONS,
    ];
    Library::new(specification, decisions, files.map(PathBuf::from))
}

/// What is found in a file of this name, as `line: reference`.
fn found(file: &str, text: &str) -> Vec<String> {
    let dangling = check(Path::new(file), text, &library());
    let show = |it: &Dangling| format!("{}: {}", it.line, it.reference);
    dangling.iter().map(show).collect()
}

#[test]
fn what_is_there_may_be_referred_to() {
    let text = "/// Source: pix2pix `get_scheduler` (spec 2.4, B-22); model specification 2.4 and 2.5 (data).\n\
                // spec section 2.5; the specification says (2.4). See DECISIONS.md, 12, decisions 1 and 12.\n\
                // `core/src/pgan/dual.rs`, docs/specification.md, migrating.md, docs/a\n";
    assert_eq!(found("web/src/a.rs", text), [""; 0]);
}

#[test]
fn sections_and_bugs_that_are_not_there_are_listed_by_line() {
    let text = "\n/// Source: spec 2.4, 9.9.\nfn a() {} // (B-99)\n";
    assert_eq!(found("a.rs", text), ["2: 9.9", "3: B-99"]);
}

#[test]
fn a_reference_may_break_over_lines_of_a_comment() {
    let rust = "    /// with a normalisation (spec\n    ///   7.1), or (spec 2.4,\n    /// 7.2)\n";
    assert_eq!(found("a.rs", rust), ["2: 7.1", "3: 7.2"]);
    let python = "# an object (spec\n# 7.1).\n";
    assert_eq!(found("a.py", python), ["2: 7.1"]);
}

#[test]
fn other_numbers_are_no_references() {
    let text = "// The PNG specification says (9.2); PNG specification, 8.2; library.spec.ts\n\
                // section 6.1 of the paper; A-B-3; version 7.7; spec 2.4: 6 rows of 8\n";
    assert_eq!(found("a.ts", text), [""; 0]);
}

#[test]
fn the_specification_is_held_to_its_own_sections() {
    let text = "weights as in section 2.4 and section 7.7\n";
    assert_eq!(found(SPECIFICATION, text), ["1: 7.7"]);
    assert_eq!(found("a.rs", text), [""; 0]);
}

#[test]
fn decisions_that_were_not_taken_are_listed() {
    let text = "// DECISIONS.md, 1; DECISIONS 44\n// as decided (decision 13)\n";
    assert_eq!(found("a.rs", text), ["1: decision", "2: decision"]);
}

#[test]
fn files_that_are_gone_are_listed_once() {
    let text = "// As architecture.md has it, and core/src/gone.rs, docs/gone.md, spec/models.md.\n\
                // https://example.org/docs/gone.md, www/dist/lib/index.md, licenses.md\n";
    let gone = [
        "1: architecture.md",
        "1: core/src/gone.rs",
        "1: docs/gone.md",
        "1: spec/models.md",
    ];
    assert_eq!(found("a.rs", text), gone);
    assert_eq!(found("a.test.ts", "readMe(\"m/readme.md\")"), [""; 0]);
}

#[test]
fn links_lead_to_files_and_headings() {
    let text = "# A guide: to `this`\n\n[up](../README.md) [own](#a-guide-to-this) [out](https://a.b/c)\n\
                [gone](gone.png)\n[lost](#nowhere) [folder](a) [file](a/migrating.md#anything)\n";
    assert_eq!(found("docs/b.md", text), ["4: gone.png", "5: #nowhere"]);
}

#[test]
fn only_what_people_write_is_read() {
    assert!(is_read(Path::new("core/src/lib.rs")) && is_read(Path::new("docs/a.md")));
    assert!(!is_read(Path::new("www/package-lock.json")) && !is_read(Path::new("a.png")));
}
