//! The same commands on the stand-in of an NPU, which the program loads as it would load Ascend's library.

use std::path::Path;

use underpaint_torch::npu::LIBRARY_VARIABLE;
use underpaint_torch::stand_in::{LIBRARY, REPORT_VARIABLE};

use super::families_train::ALL;
use super::{Finished, Place, UNET_64, distance, train_command, wave};

/// Runs a command that must succeed, with the stand-in; what was counted, which the program tells only
/// when it has given the device back.
fn run(place: &Place, arguments: &str) -> (Finished, serde_json::Value) {
    let report = place.path("report.json");
    let _ = std::fs::remove_file(&report);
    let variables = [
        (LIBRARY_VARIABLE, Path::new(LIBRARY)),
        (REPORT_VARIABLE, &report),
    ];
    let finished = place.start_with(arguments, &variables).wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    (finished, place.json("report.json"))
}

/// The end of a command that must fail.
fn fails(place: &Place, arguments: &str, library: &Path) -> String {
    let finished = place
        .start_with(arguments, &[(LIBRARY_VARIABLE, library)])
        .wait();
    assert!(matches!(finished.code, Some(1..=2)), "{finished:?}");
    assert!(!finished.stderr.contains("panicked"), "{finished:?}");
    finished.stderr
}

#[test]
fn a_run_with_dropout_learns_and_paints_as_on_the_cpu() {
    let place = Place::with_landscapes_of(64, 3, 1);
    let arguments = |device: &str| format!("{UNET_64} --steps 4 --device {device}");
    run(&place, &train_command("npu", &arguments("npu:0")));
    place.train("cpu", &arguments("libtorch-cpu"));
    for name in ["G_GAN", "G_L1", "D_real", "D_fake"] {
        let (found, expected) = (place.column("npu", name), place.column("cpu", name));
        for (a, b) in found.iter().zip(&expected) {
            assert!(((a - b) / b).abs() < 1e-4, "{name}: {found:?} {expected:?}");
        }
    }
    let input = wave(&[1, 3, 64, 64]);
    place.write_weights("in.safetensors", &[("input".to_owned(), input)].into());
    let command = |device: &str| {
        format!(
            "generate --model cpu --tensors-in in.safetensors --tensors-out {device}.safetensors \
             --device {device} --seed 3"
        )
    };
    // Another of its devices.
    run(&place, &command("npu:5"));
    place.run(&command("libtorch-cpu"));
    let output = |device: &str| place.weights(&format!("{device}.safetensors"))["output"].clone();
    assert!(distance(&output("npu:5"), &output("libtorch-cpu")) < 1e-5);
    let report = run(&place, "train --resume npu --steps 6 --quiet").1;
    assert!(report["allocations"].as_i64() > Some(0), "{report}");
    assert_eq!(place.column("npu", "step").len(), 6);
}

#[test]
fn a_step_waits_for_the_device_once() {
    let readbacks = |place: &Place, command: &dyn Fn(u64) -> String| {
        let of_run = |steps| {
            let report = run(place, &command(steps)).1;
            assert_eq!(report["doubles"], 0, "{report}");
            report["readbacks"].as_i64().expect("a number")
        };
        of_run(3) - of_run(1)
    };
    let place = Place::with_landscapes(5, 0);
    let pix2pix = |steps| {
        train_command(
            &format!("run{steps}"),
            &format!("--steps {steps} --device npu:0"),
        )
    };
    assert_eq!(readbacks(&place, &pix2pix), 2);
    for tiny in ALL {
        let place = Place::with_landscapes(5, 0);
        let command = |steps| {
            tiny.command(
                &format!("run{steps}"),
                &format!("--steps {steps} --device npu:0"),
            )
        };
        assert_eq!(readbacks(&place, &command), 2, "{}", command(3));
    }
}

#[test]
fn devices_are_listed_and_what_is_missing_is_told() {
    let place = Place::empty();
    let listed = run(&place, "devices").0.stdout;
    for index in 0..8 {
        let line = listed
            .lines()
            .find(|line| line.starts_with(&format!("npu:{index} ")));
        assert!(line.is_some_and(|line| line.ends_with("ready")), "{listed}");
    }
    let told = place.run("devices").stdout;
    let line = told
        .lines()
        .find(|line| line.starts_with("npu:0"))
        .expect("a line");
    for part in [
        "libtorch_npu.so",
        LIBRARY_VARIABLE,
        "driver",
        "CANN",
        "docs/npu.md",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let train = |device: &str| train_command("run", &format!("--steps 1 --device {device}"));
    let text = fails(&place, &train("npu:8"), Path::new(LIBRARY));
    assert!(text.contains("8 NPUs"), "{text}");
    let text = fails(&place, &train("npu"), &place.path("no.so"));
    assert!(text.contains("no.so") && text.contains("CANN"), "{text}");
    place.write("text.so", "no library");
    let text = fails(&place, &train("npu"), &place.path("text.so"));
    assert!(text.contains("text.so"), "{text}");
    assert!(!place.path("run").exists(), "half a run is left");
}
