//! Links what is built here as the program is: see `train-native/build.rs`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for arg in std::env::var("DEP_UNDERPAINT_TORCH_LINK_ARGS")
        .iter()
        .flat_map(|args| args.split(' '))
    {
        println!("cargo:rustc-link-arg={arg}");
    }
}
