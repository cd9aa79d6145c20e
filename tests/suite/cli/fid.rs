//! `evaluate` with Inception's weights: the numbers are compared with pytorch-fid's in `parity`.

use underpaint_core::perceptual::Inception;
use underpaint_core::state_dict::{StateDict, state_dict};

use super::{Place, wave};

/// Weights that let a picture through to pool3, and different pictures differently.
fn write_inception(place: &Place) {
    let dict = state_dict(&Inception::new(&burn::tensor::Device::flex()));
    write_waves(place, "inception.safetensors", dict);
}

/// Writes weights of a network whose convolutions are [`wave`]s that keep the scale of what they see.
pub(super) fn write_waves(place: &Place, name: &str, mut dict: StateDict) {
    for tensor in dict.values_mut().filter(|tensor| tensor.shape.len() == 4) {
        let fan_in: usize = tensor.shape[1..].iter().product();
        let scale = (6.0 / fan_in as f32).sqrt();
        *tensor = wave(&tensor.shape);
        tensor.values.iter_mut().for_each(|value| *value *= scale);
    }
    place.write_weights(name, &dict);
}

#[test]
fn the_fid_of_folders_and_of_a_run() {
    let place = Place::with_landscapes(1, 2);
    write_inception(&place);
    for (name, width, height, seed) in [("a/1.png", 40, 30, 1), ("a/2.png", 20, 30, 2)] {
        place.draw(name, width, height, seed);
    }
    let fid = |arguments: &str| {
        let finished = place.run(&format!(
            "evaluate {arguments} --inception inception.safetensors --json numbers.json"
        ));
        assert!(finished.stdout.contains("FID"), "{finished:?}");
        assert!(finished.stderr.contains("2048"), "{finished:?}");
        place.json("numbers.json")
    };
    let equal = fid("--real a --fake a");
    assert!(equal["fid"].as_f64().expect("a number") < 1e-6, "{equal}");
    assert_eq!(equal["real"]["sizes"], "20x30 to 40x30");
    let other = fid("--real data/val_img --fake a");
    assert!(other["fid"].as_f64().expect("a number") > 1e-3, "{other}");
    assert_eq!(
        (&other["real"]["count"], &other["real"]["sizes"]),
        (&2.into(), &"32x32".into())
    );
    place.train("run", "--steps 1");
    let run = fid("--run run");
    assert!(
        run["fid"]["fid"].as_f64().expect("a number") > 1e-3,
        "{run}"
    );
    assert_eq!(run["fid"]["fake"]["count"], 2);
    place.fails(
        "evaluate --real data/train_img --fake a --inception inception.safetensors",
        &["at least 2 pictures", "found 1"],
    );
}

#[test]
fn plain_surfaces_of_equal_folders_have_equal_grain() {
    let place = Place::empty();
    place.run("dataset synthesize landscapes --count 2 --val 2 --size 96 --seed 9 --output data");
    let equal = "evaluate --real data/val_img --fake data/val_img --grain --json numbers.json";
    let finished = place.run(equal);
    assert!(finished.stdout.contains("plain surfaces"), "{finished:?}");
    let grain = &place.json("numbers.json")["grain"];
    assert_eq!(grain["checkerboard"], grain["checkerboard_real"]);
    assert!(grain["plain"].as_f64().expect("a share") > 0.05, "{grain}");
    place.draw("one/1.png", 32, 32, 1);
    place.fails(
        "evaluate --real data/val_img --fake one --grain",
        &["--grain", "found 1 for 2"],
    );
}

#[test]
fn inceptions_weights_are_not_ours_to_bring() {
    let place = Place::empty();
    place.draw("a/1.png", 4, 4, 1);
    place.fails(
        "evaluate --real a --fake a --inception nowhere.pth",
        &[
            "nowhere.pth",
            "pt_inception-2015-12-05-6726825d.pth",
            "github.com/mseitzer/pytorch-fid",
        ],
    );
    place.write_weights("other.safetensors", &[("a".to_owned(), wave(&[2]))].into());
    place.fails(
        "evaluate --real a --fake a --inception other.safetensors",
        &["other.safetensors", "Conv2d_1a_3x3.conv.weight"],
    );
    place.fails("evaluate --real a --inception nowhere.pth", &["--fake"]);
    place.fails("evaluate", &["--run"]);
}
