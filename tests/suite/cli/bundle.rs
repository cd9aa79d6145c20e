//! `export`: bundles that give what their run gives, and refuse what is not theirs.

use std::io::{Cursor, Read};

use serde_json::{Value, json};
use underpaint_core::bundle::sha256;
use zip::{CompressionMethod, ZipArchive};

use super::{Place, UNET_64, distance, file_names, wave};

/// A run of six steps.
fn with_run(arguments: &str) -> Place {
    let place = Place::with_landscapes(2, 2);
    place.train("run", &format!("--steps 6 --lr 0.002 {arguments}"));
    place
}

#[test]
fn a_bundle_generates_exactly_what_its_run_does() {
    let place = with_run(UNET_64);
    place.run("export run --output bundle");
    assert_eq!(
        file_names(&place.path("bundle")),
        ["manifest.json", "weights.safetensors"]
    );
    let input = wave(&[2, 3, 32, 64]);
    place.write_weights("in.safetensors", &[("input".to_owned(), input)].into());
    for model in ["run", "bundle"] {
        place.run(&format!(
            "generate --model {model} --input data/val --half left --output from-{model} --seed 4"
        ));
        place.run(&format!(
            "generate --model {model} --tensors-in in.safetensors --tensors-out {model}.safetensors \
             --seed 4"
        ));
    }
    assert_eq!(place.tree("from-run").len(), 2);
    assert!(place.tree("from-run") == place.tree("from-bundle"));
    assert!(place.read("run.safetensors") == place.read("bundle.safetensors"));
    assert_eq!(
        place.weights("run.safetensors")["output"].shape,
        [2, 3, 32, 64]
    );
}

#[test]
fn half_precision_halves_the_file_and_stays_close() {
    let place = with_run("");
    let input = wave(&[1, 3, 32, 32]);
    place.write_weights("in.safetensors", &[("input".to_owned(), input)].into());
    for dtype in ["f32", "f16"] {
        place.run(&format!("export run --output {dtype} --dtype {dtype}"));
        assert_eq!(
            place.json(&format!("{dtype}/manifest.json"))["weights"]["dtype"],
            dtype
        );
        place.run(&format!(
            "generate --model {dtype} --tensors-in in.safetensors --tensors-out {dtype}.safetensors \
             --dropout off"
        ));
    }
    let size = |name: &str| place.read(&format!("{name}/weights.safetensors")).len() as f64;
    assert!(size("f16") < size("f32") * 0.6);
    let output = |name: &str| place.weights(&format!("{name}.safetensors"))["output"].clone();
    let off = distance(&output("f16"), &output("f32"));
    assert!(off > 0.0 && off < 2e-2, "{off}");
}

#[test]
fn the_manifest_says_what_the_model_is() {
    let place = with_run("--no-dropout");
    place.run("export run --output bundle --name Seaside");
    let manifest = place.json("bundle/manifest.json");
    assert_eq!(manifest["format_version"], 1);
    assert_eq!(manifest["name"], "Seaside");
    let model = &manifest["model"];
    assert_eq!(model["family"], "pix2pix");
    let expected = json!({
        "architecture": "unet_32", "input_channels": 3, "output_channels": 3,
        "base_channels": 4, "norm": "batch", "dropout": false
    });
    assert_eq!(model["generator"], expected);
    assert_eq!(manifest["input"]["kind"], "image");
    assert_eq!(manifest["input"]["channels"], 3);
    assert_eq!(manifest["input"]["value_range"], json!([-1.0, 1.0]));
    assert_eq!(
        manifest["input"]["palette"],
        place.json("data/palette.json")["classes"]
    );
    assert_eq!(manifest["output"]["channels"], 3);
    assert_eq!(
        manifest["size"],
        json!({"height": 32, "width": 32, "multiple": 32})
    );
    assert_eq!(
        manifest["test_time"],
        json!({"statistics": "batch", "dropout": false})
    );
    assert_eq!(manifest["provenance"]["steps"], 6);
    assert_weights_match(&place, &manifest);
}

fn assert_weights_match(place: &Place, manifest: &Value) {
    let bytes = place.read("bundle/weights.safetensors");
    let weights = &manifest["weights"];
    assert_eq!(weights["file"], "weights.safetensors");
    assert_eq!(weights["sha256"], sha256(&bytes));
    assert_eq!(weights["bytes"], bytes.len());
}

#[test]
fn the_manifest_of_a_label_model_names_its_classes_and_colours() {
    let place = with_run("--label-nc 17");
    place.run("export run --output bundle");
    let manifest = place.json("bundle/manifest.json");
    assert_eq!(manifest["name"], "run");
    assert_eq!(manifest["input"]["kind"], "labels");
    assert_eq!(manifest["input"]["num_classes"], 17);
    let classes = manifest["input"]["classes"].as_array().expect("classes");
    let palette = place.json("data/palette.json");
    let named = palette["classes"].as_array().expect("classes");
    assert_eq!((classes.len(), named.len()), (17, 15));
    assert_eq!(
        classes[..15],
        named[..],
        "names and colours of the data set"
    );
    assert_eq!(
        (&classes[15]["id"], &classes[16]["id"]),
        (&15.into(), &16.into())
    );
    assert_weights_match(&place, &manifest);
    for model in ["run", "bundle"] {
        place.run(&format!(
            "generate --model {model} --input data/val_label --output out-{model}"
        ));
    }
    assert!(place.tree("out-run") == place.tree("out-bundle"));
}

#[test]
fn what_is_there_is_replaced_only_with_force() {
    let place = with_run("");
    place.run("export run --output bundle");
    let before = place.tree("bundle");
    place.run("train --resume run --steps 7 --quiet");
    place.fails("export run --output bundle", &["bundle", "--force"]);
    assert!(place.tree("bundle") == before);
    place.run("export run --output bundle --force");
    assert_eq!(place.json("bundle/manifest.json")["provenance"]["steps"], 7);
    assert_eq!(
        file_names(place.folder.path()),
        ["bundle", "data", "run", "tiny.toml"]
    );
}

#[test]
fn a_damaged_bundle_says_what_is_wrong_with_it() {
    let place = with_run("");
    place.run("export run --output bundle");
    let generate = "generate --model bundle --input data/val --half left --output out";
    let weights = place.read("bundle/weights.safetensors");
    place.damage("bundle/weights.safetensors");
    let integrity = ["integrity", "weights.safetensors", "SHA-256", "bundle"];
    place.fails(generate, &integrity);
    place.write("bundle/weights.safetensors", &weights[..weights.len() - 5]);
    place.fails(generate, &integrity);
    std::fs::remove_file(place.path("bundle/weights.safetensors")).expect("removed");
    place.fails(generate, &["cannot read", "bundle/weights.safetensors"]);
    place.write("bundle/weights.safetensors", weights);
    place.run(generate);

    let manifest = place.text("bundle/manifest.json");
    let bad: [(&str, &str, &str); 4] = [
        (
            "\"format_version\": 1",
            "\"format_version\": 2",
            "format_version: expected 1",
        ),
        ("\"base_channels\": 4", "\"base_channels\": 5", "shape"),
        (
            "\"family\": \"pix2pix\"",
            "\"family\": \"pix3pix\"",
            "pix3pix",
        ),
        (
            "\"input_channels\": 3",
            "\"input_channels\": 4",
            "the generator takes 4",
        ),
    ];
    for (good, bad, told) in bad {
        assert!(manifest.contains(good), "{good}");
        place.write("bundle/manifest.json", manifest.replace(good, bad));
        place.fails(generate, &[told]);
    }
    for length in [0, manifest.len() / 2] {
        place.write("bundle/manifest.json", &manifest[..length]);
        place.fails(generate, &["bundle", "manifest.json", "EOF"]);
    }
    place.write(
        "bundle/manifest.json",
        manifest.replace("weights.safetensors", "../data/x"),
    );
    place.fails(generate, &["bundle", "beside the manifest"]);
}

#[test]
fn only_runs_are_exported() {
    let place = with_run("");
    place.run("export run --output bundle");
    place.fails(
        "export bundle --output other",
        &["bundle: expected a run, found a bundle", "--format all"],
    );
    place.fails("export nothing --output other", &["nothing", "not a run"]);
    assert!(!place.path("other").exists());
}

#[test]
fn force_replaces_bundles_and_nothing_else() {
    let place = Place::with_landscapes(2, 0);
    place.train("run", "--steps 1");
    let checkpoint = place.checkpoint("run");
    for folder in ["run", "data"] {
        let export = format!("export run --output {folder} --force");
        place.fails(&export, &[folder, "bundle"]);
    }
    assert!(place.checkpoint("run") == checkpoint);
    assert!(place.path("data/train/00000.png").exists());
}

#[test]
fn a_bundle_in_one_file_is_what_its_folder_is() {
    let place = with_run(UNET_64);
    place.run("export run --output bundle --dtype f16");
    place.run("export run --output packed --dtype f16 --single-file");
    place.run("export bundle --output again.underpaint");
    assert!(place.read("packed.underpaint") == place.read("again.underpaint"));
    // Any program that reads ZIP archives gets the folder's files out of it.
    let mut archive = ZipArchive::new(Cursor::new(place.read("packed.underpaint"))).expect("a ZIP");
    for name in ["manifest.json", "weights.safetensors"] {
        let mut entry = archive.by_name(name).expect("there");
        assert_eq!(entry.compression(), CompressionMethod::Stored);
        assert_eq!(entry.data_start().expect("known") % 64, 0, "{name}");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its checksum");
        assert!(bytes == place.read(&format!("bundle/{name}")), "{name}");
    }
    for model in ["bundle", "packed.underpaint"] {
        place.run(&format!(
            "generate --model {model} --input data/val --half left --output from-{model} --seed 4"
        ));
        place.run(&format!("plan {model}"));
        place.run(&format!(
            "export {model} --format pytorch-keys --output {model}.safetensors"
        ));
    }
    assert!(place.tree("from-bundle") == place.tree("from-packed.underpaint"));
    place.run("import bundle.safetensors --output imported --single-file --size 64");
    place
        .run("generate --model imported.underpaint --input data/val --half left --output imported");
}

#[test]
fn a_bundle_in_one_file_is_replaced_only_when_asked_and_told_from_others() {
    let place = with_run("");
    place.run("export run --output a.underpaint");
    let whole = place.read("a.underpaint");
    place.fails(
        "export run --output a.underpaint",
        &["a.underpaint", "--force"],
    );
    place.run("export run --output a.underpaint --force");
    assert!(place.read("a.underpaint") == whole);
    place.write("b.underpaint", "mine");
    place.fails(
        "export run --output b.underpaint --force",
        &["b.underpaint", "bundle"],
    );
    assert_eq!(place.read("b.underpaint"), b"mine");
    let generate = "generate --model b.underpaint --input data/val --half left --output out";
    place.fails(generate, &["b.underpaint", "bundle in one file"]);
    for length in [whole.len() - 1, whole.len() / 2, 40, 0] {
        place.write("b.underpaint", &whole[..length]);
        place.fails(generate, &["b.underpaint", "cut short"]);
    }
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    place.write("b.underpaint", &flipped);
    place.fails(generate, &["b.underpaint", "integrity"]);
    place.fails(
        "export run --output c --single-file --format onnx",
        &["--single-file", "--format bundle"],
    );
    assert!(!place.path("out").exists());
}
