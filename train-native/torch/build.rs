//! Compiles `cpp/` against the libtorch that torch-sys found, after a look at its version.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The release of libtorch that `cpp/` is written for; torch-sys 0.22 is, too, and `Cargo.toml` pins it.
const LIBTORCH: &str = "2.9";

const SOURCES: [&str; 1] = ["ops.cpp"];

fn main() {
    let lib = env::var_os("DEP_TCH_LIBTORCH_LIB").expect("torch-sys says where libtorch is");
    let root = PathBuf::from(lib);
    let root = root.parent().expect("libtorch's lib/ lies in a folder");
    let include = root.join("include");
    check_version(root, &include);

    println!("cargo:rerun-if-changed=cpp");
    println!("cargo:rerun-if-env-changed=LIBTORCH_BYPASS_VERSION_CHECK");
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .pic(true)
        // libtorch's own headers are full of them.
        .warnings(false)
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        .flag_if_supported("-D_GLIBCXX_USE_CXX11_ABI=1");
    for source in SOURCES {
        build.file(Path::new("cpp").join(source));
    }
    build.compile("underpaint_torch");
    println!("cargo:rustc-link-lib=dylib=torch_cpu");
    println!("cargo:rustc-link-lib=dylib=c10");
}

/// C++ has no stable interface over releases: another libtorch is refused unless the one variable asks
/// for it that torch-sys knows, too.
fn check_version(root: &Path, include: &Path) {
    let found = version(root, include).unwrap_or_else(|| "an unknown one".to_owned());
    let expected = found == LIBTORCH || found.starts_with(&format!("{LIBTORCH}."));
    let bypass = env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_some();
    if !expected && !bypass {
        panic!(
            "expected libtorch {LIBTORCH} at {}, found {found}; to build with it nevertheless, set \
             LIBTORCH_BYPASS_VERSION_CHECK=1",
            root.display()
        );
    }
}

/// From the file beside the libraries, or from the headers.
fn version(root: &Path, include: &Path) -> Option<String> {
    if let Ok(text) = fs::read_to_string(root.join("build-version")) {
        return Some(text.trim().to_owned());
    }
    let headers = [
        "torch/headeronly/version.h",
        "torch/csrc/api/include/torch/version.h",
    ];
    let text = headers
        .iter()
        .find_map(|header| fs::read_to_string(include.join(header)).ok())?;
    let number = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("#define {name} ")))?;
        line.split_whitespace().nth(2).map(str::to_owned)
    };
    Some(format!(
        "{}.{}",
        number("TORCH_VERSION_MAJOR")?,
        number("TORCH_VERSION_MINOR")?
    ))
}
