//! The same commands on libtorch's CPU, beside burn's own.

use super::{Place, distance, wave};

#[test]
fn losses_are_those_of_the_other_device() {
    let place = Place::with_landscapes(3, 1);
    for (arguments, run) in [
        ("", "pictures"),
        (" --label-nc 15 --norm instance", "labels"),
    ] {
        for device in ["cpu", "libtorch-cpu"] {
            place.train(
                &format!("{run}-{device}"),
                &format!("--steps 6 --no-dropout --device {device}{arguments}"),
            );
        }
        for name in ["G_GAN", "G_L1", "D_real", "D_fake"] {
            let [ours, theirs] = ["cpu", "libtorch-cpu"]
                .map(|device| place.column(&format!("{run}-{device}"), name));
            let off = |step: usize| ((ours[step] - theirs[step]) / ours[step]).abs();
            assert!(off(0) < 1e-4, "{name}, {run}: {ours:?} {theirs:?}");
            // Rounding grows from step to step.
            assert!(off(5) < 2e-2, "{name}, {run}: {ours:?} {theirs:?}");
        }
    }
}

#[test]
fn a_run_trains_resumes_and_generates() {
    let place = Place::with_landscapes(3, 1);
    place.train(
        "run",
        "--steps 6 --device libtorch-cpu --batch-size 2 --pool-size 2",
    );
    place.run("train --resume run --steps 8 --quiet");
    assert_eq!(place.column("run", "step").len(), 8);
    place.run(
        "generate --model run --input data/val --half left --output out --device libtorch-cpu",
    );
    assert_eq!(place.tree("out").len(), 1);
    place.run("evaluate --run run --device libtorch-cpu");
}

#[test]
fn a_resumed_run_is_the_whole_one() {
    let place = Place::with_landscapes(3, 1);
    let arguments = "--device libtorch-cpu --batch-size 2 --no-dropout";
    place.train("whole", &format!("{arguments} --steps 8"));
    place.train("parts", &format!("{arguments} --steps 5"));
    place.run("train --resume parts --steps 8 --quiet");
    for name in ["G_GAN", "G_L1", "D_real", "D_fake"] {
        let (whole, parts) = (place.column("whole", name), place.column("parts", name));
        for (a, b) in whole.iter().zip(&parts) {
            // libtorch's threads may add in another order.
            assert!(((a - b) / a).abs() < 1e-3, "{name}: {whole:?} {parts:?}");
        }
    }
}

#[test]
fn a_run_moves_from_one_device_to_another() {
    let place = Place::with_landscapes(3, 1);
    place.train("run", "--steps 3 --device libtorch-cpu --no-dropout");
    place.run("train --resume run --steps 6 --device cpu --quiet");
    place.train("whole", "--steps 6 --no-dropout");
    let (found, expected) = (place.column("run", "G_L1"), place.column("whole", "G_L1"));
    for (a, b) in found.iter().zip(&expected) {
        assert!(((a - b) / b).abs() < 2e-2, "{found:?} {expected:?}");
    }
    assert!(place.text("run/config.toml").contains("device = \"cpu\""));
    let tensors = |device: &str| {
        place.run(&format!(
            "generate --model run --tensors-in in.safetensors --tensors-out {device}.safetensors --device {device}"
        ));
        place.weights(&format!("{device}.safetensors"))["output"].clone()
    };
    let input = wave(&[1, 3, 32, 32]);
    place.write_weights("in.safetensors", &[("input".to_owned(), input)].into());
    assert!(distance(&tensors("cpu"), &tensors("libtorch-cpu")) < 1e-4);
}

#[test]
fn the_last_epoch_at_rate_zero_changes_no_weight() {
    // The update in place divides by its step size unless told otherwise: NaN in every default run's
    // last epoch.
    let place = Place::with_landscapes(2, 0);
    let schedule = "--device libtorch-cpu --n-epochs 1 --n-epochs-decay 1";
    place.train("before", &format!("{schedule} --epochs 1"));
    place.train("after", &format!("{schedule} --epochs 2"));
    assert_eq!(place.column("after", "lr")[2..], [0.0, 0.0]);
    let weights = |run: &str| {
        place.weights(&format!(
            "{}/generator.safetensors",
            place.newest_checkpoint(run)
        ))
    };
    for (key, after) in weights("after") {
        if !key.contains("running_") {
            assert_eq!(weights("before")[&key], after, "{key}");
        }
    }
}

#[test]
fn a_seed_drops_the_same_out_on_both_devices() {
    let place = Place::with_landscapes(2, 0);
    place.train(
        "run",
        "--steps 2 --device libtorch-cpu --net-g resnet_2blocks",
    );
    let input = wave(&[2, 3, 32, 32]);
    place.write_weights("in.safetensors", &[("input".to_owned(), input)].into());
    let tensors = |device: &str, seed: u32| {
        place.run(&format!(
            "generate --model run --tensors-in in.safetensors --tensors-out out.safetensors \
             --device {device} --seed {seed}"
        ));
        place.weights("out.safetensors")["output"].clone()
    };
    assert!(distance(&tensors("cpu", 7), &tensors("libtorch-cpu", 7)) < 1e-4);
    assert!(distance(&tensors("cpu", 7), &tensors("cpu", 8)) > 1e-3);
}
