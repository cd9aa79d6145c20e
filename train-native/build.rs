//! Lets a program built with libtorch find it again without `LD_LIBRARY_PATH`, and links it so that tch
//! can be told to use an NPU.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if std::env::var_os("CARGO_FEATURE_TCH").is_none()
        || std::env::var_os("CARGO_CFG_UNIX").is_none()
    {
        return;
    }
    for arg in std::env::var("DEP_UNDERPAINT_TORCH_LINK_ARGS")
        .iter()
        .flat_map(|args| args.split(' '))
    {
        println!("cargo:rustc-link-arg={arg}");
    }
    if let Ok(libtorch) = std::env::var("LIBTORCH") {
        println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{libtorch}/lib");
    }
}
