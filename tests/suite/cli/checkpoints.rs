//! Weight files of other tools that are damaged or hold something else, and files for PyTorch.

use std::fs;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use underpaint::import::read_checkpoint;

use super::{Place, UNET_64, refused_here};

/// A file that PyTorch wrote: see the README beside it.
fn container(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/containers")
        .join(name)
}

/// Small files of every kind that the reader takes apart itself or hands on; the first three are the
/// smallest.
const WHOLE: [&str; 6] = [
    "views.legacy.pth",
    "pgan.zip.pth",
    "pgan.legacy.pth",
    "views.zip.pth",
    "wrapped.legacy.pth",
    "module.zip.pth",
];

#[test]
fn a_checkpoint_cut_at_any_byte_is_an_error() {
    let place = Place::empty();
    let file = place.path("weights.pth");
    for name in &WHOLE[..3] {
        let whole = fs::read(container(name)).expect("a fixture");
        fs::write(&file, &whole).expect("written");
        assert!(read_checkpoint(&file).is_ok(), "{name}");
        for length in 0..whole.len() {
            fs::write(&file, &whole[..length]).expect("written");
            let told = match read_checkpoint(&file) {
                Err(error) => format!("{error:#}"),
                Ok(found) => panic!("{name} cut to {length}: {found:?}"),
            };
            assert!(told.contains("weights.pth"), "{name}, {length}: {told}");
        }
    }
}

#[test]
fn no_damage_to_a_checkpoint_is_a_panic() {
    let place = Place::empty();
    let file = place.path("weights.pth");
    let mut state = 3u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for round in 0..6000 {
        let mut bytes = fs::read(container(WHOLE[round % WHOLE.len()])).expect("a fixture");
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = random(256) as u8,
                1 => bytes.insert(at, random(256) as u8),
                _ => drop(bytes.remove(at)),
            }
        }
        fs::write(&file, &bytes).expect("written");
        // Damaged numbers are numbers all the same: an error is not required.
        let _ = read_checkpoint(&file);
    }
}

#[test]
fn what_a_file_holds_instead_of_a_generator_is_told() {
    let place = Place::empty();
    let import = |name: &str| {
        let (file, bundle) = (container(name), place.path("bundle"));
        refused_here(&format!(
            "import {} --family pix2pix --output {}",
            file.display(),
            bundle.display()
        ))
    };
    for (name, part) in [
        ("pgan.legacy.pth", "--family pgan"),
        ("networks.zip.pth", "found netD, netG"),
        ("settings.zip.pth", "the keys \"args\" (dictionary)"),
        ("big_endian.legacy.pth", "Big-endian"),
        ("wrapped.zip.pth", "found \"0.bias\" first"),
    ] {
        let told = import(name);
        assert!(told.contains(name) && told.contains(part), "{told}");
    }
    assert!(!place.path("bundle").exists());
}

/// Key, number type and shape of every tensor in a file.
fn layout(bytes: &[u8]) -> Vec<(String, Dtype, Vec<usize>)> {
    let tensors = SafeTensors::deserialize(bytes).expect("safetensors");
    let mut layout: Vec<_> = tensors
        .iter()
        .map(|(key, view)| (key.to_owned(), view.dtype(), view.shape().to_vec()))
        .collect();
    layout.sort_by(|a, b| a.0.cmp(&b.0));
    layout
}

#[test]
fn a_file_for_pytorch_has_the_authors_keys_and_counters() {
    let place = Place::with_landscapes(2, 0);
    place.train("run", "--steps 3");
    place.run("export run --output bundle");
    place.run("export run --format pytorch-keys --output run.safetensors");
    place.run("export bundle --format pytorch-keys --output bundle.safetensors --dtype f16");
    // unet_32, ngf 4: spec 2.1 with five levels.
    let mut expected = Vec::new();
    let mut add = |key: String, dtype: Dtype, shape: &[usize]| {
        expected.push((key, dtype, shape.to_vec()));
    };
    let mut norm = |prefix: &str, width: usize| {
        for name in ["bias", "running_mean", "running_var", "weight"] {
            add(format!("{prefix}.{name}"), Dtype::F32, &[width]);
        }
        add(format!("{prefix}.num_batches_tracked"), Dtype::I64, &[]);
    };
    let level = |depth: usize| format!("model.model.1{}", ".model.3".repeat(depth - 1));
    let widths = [4, 8, 16, 32, 32];
    for depth in 1..=3 {
        norm(&format!("{}.model.2", level(depth)), widths[depth]);
        norm(&format!("{}.model.6", level(depth)), widths[depth - 1]);
    }
    norm(&format!("{}.model.4", level(4)), widths[3]);
    for depth in 1..=4 {
        let (outer, inner) = (widths[depth - 1], widths[depth]);
        let (down, up, from) = match depth {
            4 => (1, 3, inner),
            _ => (1, 5, 2 * inner),
        };
        let key = |index: usize| format!("{}.model.{index}.weight", level(depth));
        add(key(down), Dtype::F32, &[inner, outer, 4, 4]);
        add(key(up), Dtype::F32, &[from, outer, 4, 4]);
    }
    add("model.model.0.weight".into(), Dtype::F32, &[4, 3, 4, 4]);
    add("model.model.3.weight".into(), Dtype::F32, &[8, 3, 4, 4]);
    add("model.model.3.bias".into(), Dtype::F32, &[3]);
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    let bytes = place.read("run.safetensors");
    assert_eq!(layout(&bytes), expected);
    let tensors = SafeTensors::deserialize(&bytes).expect("safetensors");
    let counter = tensors.tensor("model.model.1.model.2.num_batches_tracked");
    assert_eq!(counter.expect("there").data(), 3i64.to_le_bytes());
    let halves = layout(&place.read("bundle.safetensors"));
    assert!(
        halves
            .iter()
            .map(|(key, ..)| key)
            .eq(expected.iter().map(|(key, ..)| key))
    );
    assert!(
        halves
            .iter()
            .all(|(_, dtype, _)| matches!(dtype, Dtype::F16 | Dtype::I64))
    );
    // And back, bit for bit.
    place.run("import run.safetensors --family pix2pix --output back --size 32");
    assert!(place.read("back/weights.safetensors") == place.read("bundle/weights.safetensors"));
}

#[test]
fn a_network_without_batch_norm_gets_no_counters() {
    let place = Place::with_landscapes(2, 0);
    place.train("run", &format!("--steps 1 --norm instance {UNET_64}"));
    place.run("export run --format pytorch-keys --output run.safetensors");
    let found = layout(&place.read("run.safetensors"));
    assert!(found.iter().all(|(_, dtype, _)| *dtype == Dtype::F32));
}

#[test]
fn a_file_for_pytorch_replaces_nothing_unasked() {
    let place = Place::with_landscapes(2, 0);
    place.train("run", "--steps 1");
    let export = "export run --format pytorch-keys --output out";
    place.write("out", "something else");
    place.fails(export, &["out is already there", "--force"]);
    assert_eq!(place.text("out"), "something else");
    place.run(&format!("{export} --force"));
    assert!(!place.weights("out").is_empty());
    place.write("folder/file", "");
    for (arguments, part) in [
        ("--output folder --force", "folder is already there"),
        ("--output new --name x", "--name"),
    ] {
        let export = format!("export run --format pytorch-keys {arguments}");
        place.fails(&export, &[part]);
    }
    assert!(!place.path("new").exists());
    place.fails(
        "export bundle --format pytorch-keys --output new",
        &["bundle"],
    );
}
