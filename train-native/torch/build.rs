//! Compiles `cpp/` against the libtorch that torch-sys found, after a look at its version.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The release of libtorch that `cpp/` is written for; torch-sys 0.22 is, too, and `Cargo.toml` pins it.
const LIBTORCH: &str = "2.9";

const SOURCES: [&str; 3] = ["device.cpp", "ops.cpp", "profile.cpp"];

/// What only Linux has: its linkers' `--wrap`, and Ascend's driver.
const ON_LINUX: [&str; 2] = ["npu.cpp", "wrap.cpp"];

/// What executables must be linked with for `wrap.cpp` to be in the way of tch's calls. The build scripts
/// of packages that have executables read it as `DEP_UNDERPAINT_TORCH_LINK_ARGS`.
const LINK_ARGS: &str =
    "-Wl,--wrap=at_device -Wl,--wrap=_Z13device_of_inti -Wl,--undefined=underpaint_npu_wrapped";

fn main() {
    let lib = env::var_os("DEP_TCH_LIBTORCH_LIB").expect("torch-sys says where libtorch is");
    let root = PathBuf::from(lib);
    let root = root.parent().expect("libtorch's lib/ lies in a folder");
    let include = root.join("include");
    check_version(root, &include);

    println!("cargo:rerun-if-changed=cpp");
    println!("cargo:rerun-if-env-changed=LIBTORCH_BYPASS_VERSION_CHECK");
    let linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    let mut build = compiler(&include);
    for source in SOURCES.iter().chain(ON_LINUX.iter().filter(|_| linux)) {
        build.file(Path::new("cpp").join(source));
    }
    build.compile("underpaint_torch");
    println!("cargo:rustc-link-lib=dylib=torch_cpu");
    println!("cargo:rustc-link-lib=dylib=c10");
    if linux {
        println!("cargo:link_args={LINK_ARGS}");
        for arg in LINK_ARGS.split(' ') {
            println!("cargo:rustc-link-arg={arg}");
        }
        if env::var_os("CARGO_FEATURE_STAND_IN").is_some() {
            stand_in(compiler(&include), root);
        }
    }
}

fn compiler(include: &Path) -> cc::Build {
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .pic(true)
        // libtorch's own headers are full of them.
        .warnings(false)
        .include(include)
        .include(include.join("torch/csrc/api/include"))
        .flag_if_supported("-D_GLIBCXX_USE_CXX11_ABI=1");
    build
}

/// A `libtorch_npu.so` of our own beside what is built here, for tests to load.
fn stand_in(mut build: cc::Build, root: &Path) {
    let objects = build.file("cpp/standin.cpp").compile_intermediates();
    let library = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"))
        .join("stand-in/libtorch_npu.so");
    let folder = library.parent().expect("it was just put into one");
    fs::create_dir_all(folder).expect("OUT_DIR can be written");
    let mut linker = build.get_compiler().to_command();
    linker.arg("-shared").arg("-o").arg(&library).args(objects);
    linker
        .arg("-L")
        .arg(root.join("lib"))
        .args(["-ltorch_cpu", "-lc10"]);
    let status = linker.status().expect("the C++ compiler has just compiled");
    assert!(status.success(), "linking {}: {status}", library.display());
    println!("cargo:rustc-env=UNDERPAINT_STAND_IN={}", library.display());
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
