//! `export --format onnx` and `plan`: graphs of every family, computed again by ONNX Runtime.

use std::fs;
use std::path::Path;
use std::process::Command;

use burn::tensor::{Device, Tensor, TensorData};
use underpaint::model::Model;
use underpaint_core::bundle::Runner;
use underpaint_core::state_dict::{StateDict, StateTensor};

use super::families::{features, fixture, vae};
use super::{Place, UNET_64, file_names, wave};

/// A Python with `onnx`, `onnxruntime`, `numpy` and `safetensors`: `cargo xtask test` makes one.
const PYTHON: &str = "UNDERPAINT_ONNX_PYTHON";

/// ONNX files with what goes in and what must come out.
struct Cases(Place);

impl Cases {
    /// Exports a model and has the native program run it. `inputs`: the graph's name, the native
    /// program's, and numbers.
    fn add(
        &self,
        name: &str,
        model: &str,
        flags: &str,
        run: &str,
        inputs: &[(&str, &str, StateTensor)],
    ) {
        let place = &self.0;
        fs::create_dir_all(place.path("cases")).expect("made");
        place.run(&format!(
            "export {model} --format onnx --output cases/{name}.onnx {flags}"
        ));
        let native = inputs
            .iter()
            .map(|(_, native, tensor)| ((*native).to_owned(), tensor.clone()));
        place.write_weights("in.safetensors", &native.collect());
        place.run(&format!(
            "generate --model {model} --tensors-in in.safetensors --tensors-out out.safetensors {run}"
        ));
        let picture = place
            .weights("out.safetensors")
            .remove("output")
            .expect("a picture");
        // `number`s are flags of the graph's export.
        let graph = inputs.iter().filter(|(name, ..)| !name.is_empty());
        let graph = graph.map(|(name, _, tensor)| ((*name).to_owned(), tensor.clone()));
        self.write(
            name,
            &graph.collect(),
            &[("picture".to_owned(), picture)].into(),
        );
    }

    fn write(&self, name: &str, given: &StateDict, expected: &StateDict) {
        self.0
            .write_weights(&format!("cases/{name}.in.safetensors"), given);
        self.0
            .write_weights(&format!("cases/{name}.out.safetensors"), expected);
    }

    /// Changes what the graph is given.
    fn give(&self, name: &str, change: impl Fn(&mut StateTensor)) {
        let file = format!("cases/{name}.in.safetensors");
        let mut given = self.0.weights(&file);
        given.values_mut().for_each(change);
        self.0.write_weights(&file, &given);
    }

    /// An encoder's file, compared with the encoder itself.
    fn encoder(&self, generator: &str, model: &str, side: usize) {
        let model = Model::open(&self.0.path(model)).expect("a bundle");
        let test_time = model.manifest.test_time;
        let device = Device::flex();
        let runner =
            Runner::new(&model.manifest, model.weights(), test_time, &device).expect("a runner");
        let picture = wave(&[1, 3, side, side]);
        let tensor = Tensor::<4>::from_data(
            TensorData::new(picture.values.clone(), picture.shape.clone()),
            &device,
        );
        let expected = match model.manifest.model.family() {
            "spade" => {
                let (mean, log_variance) = runner.style_distribution(tensor).expect("a style");
                vec![
                    ("mean".to_owned(), stored(mean)),
                    ("log_variance".to_owned(), stored(log_variance)),
                ]
            }
            _ => {
                let features = runner.pixel_features(tensor).expect("features");
                vec![("features".to_owned(), stored(features))]
            }
        };
        let given = [("picture".to_owned(), picture)].into();
        self.write(
            &format!("{generator}-encoder"),
            &given,
            &expected.into_iter().collect(),
        );
    }

    /// Runs all graphs, where there is a Python that can.
    fn compare(&self) {
        let Some(python) = std::env::var_os(PYTHON) else {
            eprintln!("{PYTHON} is not set: the graphs are not run");
            return;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("onnx/run.py");
        let mut command = Command::new(python);
        let output = command
            .arg(script)
            .arg(self.0.path("cases"))
            .output()
            .expect("Python starts");
        let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (told(&output.stdout), told(&output.stderr));
        assert!(output.status.success(), "{stdout}{stderr}");
        eprint!("{stdout}");
        let graphs = file_names(&self.0.path("cases")).into_iter();
        let graphs = graphs.filter(|name| name.ends_with(".onnx")).count();
        assert_eq!(stdout.lines().count(), graphs, "{stdout}");
    }
}

fn stored<const D: usize>(tensor: Tensor<D>) -> StateTensor {
    StateTensor {
        shape: tensor.dims().to_vec(),
        values: tensor.into_data().iter::<f32>().collect(),
    }
}

fn number(value: f32) -> StateTensor {
    StateTensor {
        shape: vec![1],
        values: vec![value],
    }
}

fn condition(shape: [usize; 4]) -> [(&'static str, &'static str, StateTensor); 1] {
    [("condition", "input", wave(&shape))]
}

#[test]
fn pix2pix_graphs_give_the_native_pictures() {
    let cases = Cases(Place::with_landscapes(2, 2));
    let place = &cases.0;
    place.train("unet", &format!("--steps 2 --lr 0.002 {UNET_64}"));
    let dropped = "--dropout off";
    let side = condition([1, 3, 64, 64]);
    cases.add("unet-seed", "unet", "--seed 4", "--seed 4", &side);
    cases.add("unet", "unet", dropped, dropped, &side);
    cases.add(
        "unet-unit",
        "unet",
        "--dropout off --normalised-input",
        dropped,
        &side,
    );
    cases.give("unet-unit", |signed| {
        signed
            .values
            .iter_mut()
            .for_each(|value| *value = (*value + 1.0) / 2.0);
    });
    let other = condition([1, 3, 128, 64]);
    cases.add(
        "unet-free",
        "unet",
        "--dropout off --dynamic",
        dropped,
        &other,
    );
    cases.add(
        "unet-padded",
        "unet",
        "--dropout off --size 70x50",
        dropped,
        &condition([1, 3, 50, 70]),
    );
    let running = "--dropout off --bn-stats running";
    cases.add("unet-running", "unet", running, running, &side);
    place.train("labels", "--steps 2 --label-nc 15");
    let labels = condition([1, 15, 32, 32]);
    cases.add("labels", "labels", "--pad-channels 4", "", &labels);
    cases.give("labels", |planes| {
        planes.shape[1] = 16;
        planes.values.extend(wave(&[1024]).values);
    });
    place.train("resnet", "--steps 2 --net-g resnet_6blocks");
    let free = "--dynamic --dropout off";
    cases.add(
        "resnet",
        "resnet",
        free,
        dropped,
        &condition([1, 3, 40, 36]),
    );
    cases.compare();
    let masks = place.run("export unet --format onnx --output new/again.onnx --seed 4");
    assert!(
        masks.stderr.contains("the dropout masks of seed 4"),
        "{masks:?}"
    );
    assert!(place.read("new/again.onnx") == place.read("cases/unet-seed.onnx"));
    let export = "export unet --format onnx --output x.onnx";
    place.fails(
        &format!("{export} --dynamic"),
        &["--dynamic", "--dropout off"],
    );
    place.fails(&format!("{export} --dropout off --seed 1"), &["--seed"]);
    place.fails(&format!("{export} --alpha 0.5"), &["--alpha", "pix2pix"]);
    place.fails(&format!("{export} --size 64"), &["512x256", "64"]);
    place.fails(
        "export labels --format onnx --output x.onnx --normalised-input",
        &["--normalised-input", "takes a picture"],
    );
    place.fails(
        "export unet --output x --dynamic",
        &["--dynamic", "--format onnx"],
    );
    place.fails(
        "export unet --format onnx --output cases/unet.onnx",
        &["--force"],
    );
    assert!(!place.path("x.onnx").exists() && !place.path("x").exists());
}

#[test]
fn graphs_of_the_other_families_give_the_native_pictures() {
    let cases = Cases(Place::empty());
    let place = &cases.0;
    let import = |fixture_name: &str, name: &str, flags: &str| {
        place.run(&format!(
            "import {} --output {name} {flags}",
            fixture(fixture_name)
        ));
    };
    import(
        "hd_global_d2_b2/weights.pth",
        "hd",
        "--family pix2pixhd --size 64",
    );
    cases.add("hd", "hd", "--size 64x32", "", &condition([1, 6, 32, 64]));
    cases.add("hd-free", "hd", "--dynamic", "", &condition([1, 6, 40, 48]));
    import(
        "spade_g_syncbatch/weights.pth",
        "spade",
        "--size 64 --edges on",
    );
    cases.add("spade", "spade", "", "", &condition([1, 8, 64, 64]));
    vae(place, "vae");
    let [label] = condition([1, 5, 32, 32]);
    let latents = ("latents", "z", wave(&[1, 4]));
    cases.add("vae", "vae", "", "", &[label.clone(), latents]);
    cases.encoder("vae", "vae", 256);
    features(place, "features");
    let map = ("features", "features", wave(&[1, 2, 32, 32]));
    cases.add("features", "features", "", "", &[label, map]);
    cases.encoder("features", "features", 32);
    import("pgan_checkpoint/pgan_checkpoint_s2_i48000.pt", "pgan", "");
    let latents = ("latents", "z", wave(&[1, 12]));
    cases.add("pgan", "pgan", "", "", std::slice::from_ref(&latents));
    let grown = [
        latents,
        ("", "alpha", number(0.25)),
        ("", "scale", number(8.0)),
    ];
    cases.add("pgan-growing", "pgan", "--scale 8 --alpha 0.25", "", &grown);
    cases.compare();
    let export = "export pgan --format onnx --output x.onnx";
    place.fails(&format!("{export} --dynamic"), &["--dynamic", "16x16"]);
    place.fails(&format!("{export} --size 8x8"), &["--size", "pgan"]);
    place.fails(
        &format!("{export} --pad-channels 4"),
        &["--pad-channels", "condition"],
    );
    assert!(!place.path("x.onnx").exists());
}

#[test]
fn a_plan_is_shown_with_what_it_costs() {
    let place = Place::with_landscapes(1, 1);
    place.train("run", "--steps 1");
    let told = place.run("plan run --size 64x32");
    let has = |part: &str| assert!(told.stdout.contains(part), "{part}: {told:?}");
    [
        "input condition",
        "v0 3x32x64",
        "Conv2d 4 stride 2 padding 1",
        "model.model.0.weight",
        "FLOPs",
    ]
    .into_iter()
    .for_each(has);
    place.fails("plan run --scale 8", &["--scale", "pix2pix"]);
    place.fails("plan data", &["expected a bundle"]);
}
