//! `import`: the authors' weights, and what only looks like them.

use std::fs;
use std::path::{Path, PathBuf};

use underpaint_core::state_dict::{StateDict, StateTensor};

use super::{Place, distance, refused_here};

/// A file of a golden fixture: see `tests/fixtures` for how they were made.
fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(path)
}

#[test]
fn exported_weights_come_back_as_the_same_generator() {
    for architecture in ["unet_32", "resnet_2blocks"] {
        let place = Place::with_landscapes(2, 1);
        place.train("run", &format!("--steps 3 --net-g {architecture}"));
        place.run("export run --output one");
        place.run("import one/weights.safetensors --family pix2pix --output two --size 32");
        let (one, two) = (
            place.json("one/manifest.json"),
            place.json("two/manifest.json"),
        );
        for key in ["model", "output", "size", "test_time", "weights"] {
            assert_eq!(one[key], two[key], "{key} of {architecture}");
        }
        assert_eq!(two["provenance"]["imported_from"], "weights.safetensors");
        assert!(place.read("one/weights.safetensors") == place.read("two/weights.safetensors"));
        for model in ["one", "two"] {
            place.run(&format!(
                "generate --model {model} --input data/val --half left --output from-{model}"
            ));
        }
        assert!(
            place.tree("from-one") == place.tree("from-two"),
            "{architecture}"
        );
    }
}

/// Imports the authors' file and generates what the authors' code did.
fn assert_generates_as_the_original(name: &str, output: &str) {
    let place = Place::empty();
    let file = fixture(&format!("{name}/weights.pth"));
    place.run(&format!(
        "import {} --family pix2pix --output bundle",
        file.display()
    ));
    let tensors = fixture(&format!("{name}/io.safetensors"));
    place.run(&format!(
        "generate --model bundle --tensors-in {} --tensors-out out.safetensors --bn-stats running \
         --dropout off",
        tensors.display()
    ));
    let meta = fs::read(fixture(&format!("{name}/meta.json"))).expect("meta.json");
    let meta: serde_json::Value = serde_json::from_slice(&meta).expect("JSON");
    let allowed = meta["tolerance"][output]["atol"]
        .as_f64()
        .expect("a tolerance") as f32;
    let stride = meta["flags"]["stride_eval"].as_u64().unwrap_or(1) as usize;
    let golden = fs::read(tensors).expect("io.safetensors");
    let golden = underpaint_core::bundle::decode_weights(&golden).expect("safetensors");
    let found = strided(&place.weights("out.safetensors")["output"], stride);
    let off = distance(&found, &golden[output]);
    assert!(off <= allowed, "{name}: {off} off, {allowed} allowed");
    assert_eq!(
        place.json("bundle/manifest.json")["model"]["generator"]["architecture"],
        meta["flags"]["netG"]
    );
}

/// Every `stride`-th row and column.
fn strided(tensor: &StateTensor, stride: usize) -> StateTensor {
    let [batch, channels, height, width] = tensor.shape[..] else {
        panic!("{:?}", tensor.shape)
    };
    let rows = tensor.values.chunks_exact(width).enumerate();
    let kept = rows.filter(|(row, _)| (row % height).is_multiple_of(stride));
    let values = kept
        .flat_map(|(_, row)| row.iter().copied().step_by(stride))
        .collect();
    let shape = vec![
        batch,
        channels,
        height.div_ceil(stride),
        width.div_ceil(stride),
    ];
    StateTensor { shape, values }
}

#[test]
fn a_unet_with_batch_norm_in_a_zip_container() {
    assert_generates_as_the_original("p2p_unet256_bn", "output_eval_stride3");
}

#[test]
fn a_unet_with_instance_norm_in_a_legacy_container() {
    assert_generates_as_the_original("p2p_unet128_in", "output_eval");
}

#[test]
fn a_resnet_with_batch_norm_and_dropout_in_a_legacy_container() {
    assert_generates_as_the_original("p2p_resnet9_bn_dropout", "output_eval");
}

#[test]
fn a_resnet_with_instance_norm_in_a_zip_container() {
    assert_generates_as_the_original("p2p_resnet6_in", "output_eval");
}

#[test]
fn a_discriminator_is_recognised() {
    let place = Place::with_landscapes(2, 0);
    place.train("run", "--steps 1");
    let ours = format!(
        "{}/discriminator.safetensors",
        place.newest_checkpoint("run")
    );
    let theirs = ["p2p_D_basic_bn", "p2p_D_nlayers4_in", "p2p_D_pixel_bn"];
    let theirs = theirs.map(|name| {
        fixture(&format!("{name}/weights.pth"))
            .display()
            .to_string()
    });
    for file in theirs.iter().chain([&ours]) {
        let import = format!("import {file} --family pix2pix --output bundle");
        place.fails(&import, &[file, "looks like a PatchGAN discriminator"]);
        assert!(!place.path("bundle").exists());
    }
}

#[test]
fn weights_that_do_not_fit_are_all_listed_and_nothing_is_written() {
    let place = Place::with_landscapes(2, 0);
    place.train("run", "--steps 1");
    let mut dict = place.weights(&format!(
        "{}/generator.safetensors",
        place.newest_checkpoint("run")
    ));
    let norm = "model.model.1.model.2";
    let removed = format!("{norm}.running_mean");
    dict.remove(&removed).expect("there");
    let tensor = dict.remove(&format!("{norm}.bias")).expect("there");
    dict.insert(format!("{norm}.bios"), tensor);
    let reshaped = "model.model.3.bias";
    dict.get_mut(reshaped).expect("there").shape = vec![1, 3];
    place.write_weights("bad.safetensors", &dict);
    let finished = place.fails(
        "import bad.safetensors --family pix2pix --output bundle",
        &[
            "bad.safetensors",
            "2 missing, 1 unexpected, 1 of another shape",
            &removed,
            &format!("{norm}.bias"),
            &format!("{norm}.bios"),
            &format!("{reshaped}: expected [3], found [1, 3]"),
        ],
    );
    assert!(!place.path("bundle").exists(), "{finished:?}");
}

#[test]
fn names_and_wrappers_of_other_tools_are_understood() {
    let place = Place::with_landscapes(2, 1);
    place.train("run", "--steps 1");
    let dict = place.weights(&format!(
        "{}/generator.safetensors",
        place.newest_checkpoint("run")
    ));
    let wrapped: StateDict = dict
        .into_iter()
        .map(|(key, tensor)| (format!("module.{key}"), tensor))
        .collect();
    place.write_weights("wrapped.safetensors", &wrapped);
    place.run("import wrapped.safetensors --family pix2pix --output bundle --no-dropout");
    let manifest = place.json("bundle/manifest.json");
    assert_eq!(manifest["name"], "wrapped");
    assert_eq!(manifest["test_time"]["dropout"], false);
    place.run("generate --model bundle --input data/val --half left --output out");
}

#[test]
fn defaults_of_test_time_are_kept_in_the_bundle() {
    let place = Place::empty();
    let file = fixture("p2p_unet256_bn/weights.pth");
    place.run(&format!(
        "import {} --family pix2pix --output bundle --bn-stats running --dropout off --dtype f16",
        file.display()
    ));
    let manifest = place.json("bundle/manifest.json");
    assert_eq!(
        manifest["test_time"],
        serde_json::json!({"statistics": "running", "dropout": false})
    );
    assert_eq!(manifest["weights"]["dtype"], "f16");
    place.fails(
        &format!("import {} --family pix2pix --output bundle", file.display()),
        &["bundle", "--force"],
    );
    place.run(&format!(
        "import {} --family pix2pix --output bundle --force",
        file.display()
    ));
    assert_eq!(
        place.json("bundle/manifest.json")["weights"]["dtype"],
        "f32"
    );
}

#[test]
fn what_is_no_weight_file_is_an_error_and_never_a_panic() {
    let place = Place::empty();
    place.fails(
        "import weights.bin --family pix2pix --output bundle",
        &["cannot read weights.bin"],
    );
    let (file, bundle) = (place.path("weights.bin"), place.path("bundle"));
    let import = format!(
        "import {} --family pix2pix --output {}",
        file.display(),
        bundle.display()
    );
    let mut noise = Vec::new();
    let mut state = 1u64;
    for _ in 0..5000 {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        noise.push((state >> 56) as u8);
    }
    place.draw("picture.png", 8, 8, 1);
    let png = place.read("picture.png");
    let brace = b"\x10\0\0\0\0\0\0\0{\"a\": not json at all}".to_vec();
    let huge = b"\xff\xff\xff\xff\xff\xff\xff\x7f{}".to_vec();
    for bytes in [
        noise,
        png,
        Vec::new(),
        b"PK\x03\x04".to_vec(),
        b"\x80\x02}q\x00.".to_vec(),
        brace,
        huge,
    ] {
        place.write("weights.bin", bytes);
        let told = refused_here(&import);
        assert!(told.contains("weights.bin: "), "{told}");
    }
    for name in [
        "p2p_unet256_bn",
        "p2p_unet128_in",
        "p2p_resnet9_bn_dropout",
        "p2p_resnet6_in",
    ] {
        let whole = fs::read(fixture(&format!("{name}/weights.pth"))).expect("a fixture");
        for length in [10, 100, whole.len() / 2, whole.len() - 100, whole.len() - 1] {
            place.write("weights.bin", &whole[..length]);
            let told = refused_here(&import);
            assert!(
                told.contains("weights.bin: "),
                "{name} cut to {length}: {told}"
            );
        }
        place.fails(
            "import weights.bin --family pix2pix --output bundle",
            &["weights.bin: "],
        );
    }
    assert!(!place.path("bundle").exists());
}
