//! Compiles `cpp/` against the libtorch that torch-sys found, after a look at its version.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The release of libtorch that `cpp/` is written for; torch-sys 0.22 is, too, and `Cargo.toml` pins it.
const LIBTORCH: &str = "2.9";

const SOURCES: [&str; 8] = [
    "c10d.cpp",
    "device.cpp",
    "hccl.cpp",
    "nccl.cpp",
    "norm.cpp",
    "ops.cpp",
    "profile.cpp",
    "shared.cpp",
];

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
    process_groups(&mut build, root, &include);
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

/// Says which process groups there are: Gloo where libtorch's headers have it, NCCL where CUDA's are
/// found too, HCCL where `UNDERPAINT_TORCH_NPU` says where torch_npu is. What is missing says so when
/// it is asked for.
fn process_groups(build: &mut cc::Build, root: &Path, include: &Path) {
    println!("cargo:rerun-if-env-changed=UNDERPAINT_CUDA_INCLUDE");
    println!("cargo:rerun-if-env-changed=UNDERPAINT_TORCH_NPU");
    println!("cargo:rerun-if-env-changed=UNDERPAINT_PYTHON_INCLUDE");
    let header = include.join("torch/csrc/distributed/c10d/ProcessGroupGloo.hpp");
    // macOS' linker refuses what the stand-ins for gloo's headers leave open.
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") || !header.exists() {
        return;
    }
    build.include("cpp/gloo-stubs");
    build
        .define("USE_DISTRIBUTED", None)
        .define("USE_C10D_GLOO", None);
    if let Some(headers) = cuda_headers(root) {
        build.includes(headers).define("USE_C10D_NCCL", None);
        build.define("UNDERPAINT_NCCL", None);
        println!("cargo:rustc-link-lib=dylib=torch_cuda");
        println!("cargo:rustc-link-lib=dylib=c10_cuda");
    }
    if let Some(npu) = env::var_os("UNDERPAINT_TORCH_NPU").map(PathBuf::from) {
        // Its headers name c10d's as PyTorch's sources do, and, built for Python, Python's.
        build.include(include.join("torch/csrc/distributed"));
        build.includes(env::var_os("UNDERPAINT_PYTHON_INCLUDE"));
        let third_party = npu.join("include/third_party");
        build.include(npu.join("include"));
        build.includes(["acl/inc", "hccl/inc"].map(|folder| third_party.join(folder)));
        build.define("UNDERPAINT_HCCL", None);
        println!(
            "cargo:rustc-link-search=native={}",
            npu.join("lib").display()
        );
        println!("cargo:rustc-link-lib=dylib=torch_npu");
    }
}

/// Folders with `nccl.h` and CUDA's headers, if this libtorch has CUDA and all are found: those that
/// `UNDERPAINT_CUDA_INCLUDE` lists, NVIDIA's wheels beside PyTorch's, the toolkit.
fn cuda_headers(root: &Path) -> Option<Vec<PathBuf>> {
    if !root.join("lib/libtorch_cuda.so").exists() {
        return None;
    }
    let given = env::var_os("UNDERPAINT_CUDA_INCLUDE").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&given).collect();
    let wheels = root.parent().map(|packages| packages.join("nvidia"));
    for wheel in wheels
        .into_iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
    {
        let wheels = wheel.flatten().map(|wheel| wheel.path().join("include"));
        folders.extend(wheels.filter(|folder| folder.is_dir()));
    }
    let toolkit = env::var_os("CUDA_HOME").unwrap_or_else(|| "/usr/local/cuda".into());
    folders.push(Path::new(&toolkit).join("include"));
    let found = |name: &str| folders.iter().any(|folder| folder.join(name).is_file());
    let needed = [
        "nccl.h",
        "cuda_runtime_api.h",
        "crt/host_defines.h",
        "nv/target",
    ];
    needed.into_iter().all(found).then_some(folders)
}
