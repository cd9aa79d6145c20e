//! `export --format all`: everything in one folder, with a card.

use serde_json::json;

use super::families::{features, fixture, vae};
use super::{Place, file_names};

#[test]
fn one_command_gives_a_page_and_a_peer_what_they_need() {
    let place = Place::with_landscapes(2, 2);
    place.train("run", "--steps 3");
    place.run("evaluate --run run --phase val");
    // Numbers of another way to run it are none of the bundle's.
    let kept = place.read("run/scores-latest.json");
    place.run("evaluate --run run --phase train --bn-stats running");
    assert!(place.read("run/scores-latest.json") == kept);
    let told = place.run("export run --output sea --format all --name Seaside --licence CC0-1.0");
    assert!(told.stderr.contains("sea/MODEL.md"), "{told:?}");
    let expected = [
        "MODEL.md",
        "manifest.json",
        "sea.onnx",
        "sea.pytorch.safetensors",
        "sea.underpaint",
        "weights.safetensors",
    ];
    assert_eq!(file_names(&place.path("sea")), expected);
    let card = place.text("sea/MODEL.md");
    let manifest = place.json("sea/manifest.json");
    let l1 = manifest["provenance"]["scores"]["numbers"]["L1"].as_f64();
    for part in [
        "# Seaside".to_owned(),
        "3 steps on pairs of pictures in data.".to_owned(),
        "On 2 pictures (val), after 3 steps:".to_owned(),
        format!("| L1 | {:.5} |", l1.expect("a number")),
        "CC0-1.0".to_owned(),
        manifest["weights"]["sha256"]
            .as_str()
            .expect("a hash")
            .to_owned(),
    ] {
        assert!(card.contains(&part), "{part}: {card}");
    }
    assert_eq!(manifest["provenance"]["licence"], json!("CC0-1.0"));
    // The folder is a bundle, and so is the file in it.
    place.draw("in.png", 32, 32, 1);
    for (model, output) in [("sea", "a"), ("sea/sea.underpaint", "b"), ("run", "c")] {
        place.run(&format!(
            "generate --model {model} --input in.png --output {output}.png"
        ));
    }
    assert!(
        place.read("a.png") == place.read("b.png") && place.read("a.png") == place.read("c.png")
    );
    place.run("export run --output new/keys.safetensors --format pytorch-keys");
    assert!(place.read("new/keys.safetensors") == place.read("sea/sea.pytorch.safetensors"));
    let again = "export run --output sea --format all";
    place.fails(again, &["sea", "--force"]);
    let told = place.run(&format!("{again} --force"));
    assert!(told.stderr.contains("no licence is stated"), "{told:?}");
    assert!(place.text("sea/MODEL.md").contains("**Not stated**"));
    place.fails(
        "export run --output data --format all --force",
        &["data", "not a bundle"],
    );
    place.fails(
        "export run --output x.onnx --format onnx --licence CC0-1.0",
        &["--licence", "--format all"],
    );
    std::fs::rename(place.path("data"), place.path("elsewhere")).expect("moved");
    place.run("evaluate --run run --phase train --data elsewhere");
    let scores = place.json("run/scores-latest.json");
    assert_eq!(scores["on"], json!("2 pictures (train) of elsewhere"));
    // A licence stays with a bundle that is exported again.
    place.run("export run --output with --licence CC0-1.0");
    place.run("export with --output again --format all --dtype f16");
    assert!(place.text("again/MODEL.md").contains("CC0-1.0"));
}

#[test]
fn encoders_and_imported_weights_are_told_of() {
    let place = Place::empty();
    vae(&place, "vae");
    features(&place, "hd");
    for model in ["vae", "hd"] {
        place.run(&format!("export {model} --output all-{model} --format all"));
        let names = file_names(&place.path(&format!("all-{model}")));
        for ending in ["-encoder.onnx", "-encoder.pytorch.safetensors"] {
            let name = format!("all-{model}{ending}");
            assert!(names.contains(&name), "{name}: {names:?}");
        }
    }
    let checkpoint = fixture("pgan_checkpoint/pgan_checkpoint_s2_i48000.pt");
    place.run(&format!("import {checkpoint} --output pgan"));
    place.run("export pgan --output faces --format all");
    let card = place.text("faces/MODEL.md");
    for part in [
        "Imported from `pgan_checkpoint_s2_i48000.pt`",
        "whoever gave them out",
        "--count 16",
    ] {
        assert!(card.contains(part), "{part}: {card}");
    }
}

#[test]
fn numbers_of_a_run_are_kept_for_its_card() {
    let place = Place::with_landscapes(2, 2);
    place.train("run", "--steps 2 --save-every 1");
    place.run("evaluate --run run --checkpoints 1,2");
    assert!(
        !place.path("run/scores-latest.json").exists(),
        "only of the newest by itself"
    );
    place.run("evaluate --run run");
    assert_eq!(place.json("run/scores-latest.json")["step"], 2);
    place.write("run/scores-latest.json", "{");
    place.fails(
        "export run --output bundle",
        &["run/scores-latest.json", "evaluate --run run"],
    );
}
