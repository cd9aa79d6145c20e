//! `train`: what a run leaves, what it learns, and how it ends when numbers explode.

use super::{Place, file_names, train_command};

#[test]
fn a_run_leaves_config_losses_plot_page_samples_and_checkpoint() {
    let place = Place::with_landscapes(3, 2);
    place.train("run", "--steps 10");
    let names = file_names(&place.path("run"));
    for name in [
        "checkpoints",
        "config.toml",
        "index.html",
        "losses.csv",
        "losses.png",
        "palette.json",
        "samples",
        "tensorboard",
    ] {
        assert!(names.iter().any(|found| found == name), "{name}: {names:?}");
    }
    let rows = place.losses("run");
    assert_eq!(
        rows[0],
        ["step", "epoch", "lr", "G_GAN", "G_L1", "D_real", "D_fake"]
    );
    assert_eq!(rows.len(), 11);
    assert_eq!(
        place.column("run", "step"),
        (1..=10).map(f64::from).collect::<Vec<_>>()
    );
    assert_eq!(
        place.column("run", "epoch"),
        [1., 1., 1., 2., 2., 2., 3., 3., 3., 4.]
    );
    for name in ["G_GAN", "G_L1", "D_real", "D_fake"] {
        let values = place.column("run", name);
        assert!(
            values.iter().all(|x| x.is_finite() && *x > 0.0),
            "{name}: {values:?}"
        );
    }
    assert_eq!(
        file_names(&place.path("run/checkpoints")),
        ["step-00000010"]
    );
    let checkpoint: Vec<String> = place.checkpoint("run").into_keys().collect();
    assert_eq!(
        checkpoint,
        [
            "discriminator.safetensors",
            "discriminator_adam.safetensors",
            "generator.safetensors",
            "generator_adam.safetensors",
            "image_pool.safetensors",
            "state.json",
        ]
    );
    let samples = file_names(&place.path("run/samples"));
    // The held-out scenes are the two after the three to train on.
    for name in ["step-000010-00003.png", "step-000010-00004.png"] {
        assert!(
            samples.iter().any(|found| found == name),
            "{name}: {samples:?}"
        );
    }
    let page = place.text("run/index.html");
    assert!(page.contains("losses.png") && page.contains("step-000010-00003.png"));
}

#[test]
fn checkpoints_come_as_often_and_stay_as_many_as_asked() {
    let place = Place::with_landscapes(2, 0);
    place.train("run", "--steps 11 --save-every 2 --sample-every 4 --keep 3");
    assert_eq!(
        file_names(&place.path("run/checkpoints")),
        ["step-00000008", "step-00000010", "step-00000011"]
    );
    let samples = file_names(&place.path("run/samples"));
    let of_first: Vec<&String> = samples
        .iter()
        .filter(|name| name.ends_with("-00000.png"))
        .collect();
    assert_eq!(
        of_first,
        [
            "step-000004-00000.png",
            "step-000008-00000.png",
            "step-000011-00000.png"
        ]
    );
}

#[test]
fn the_same_seed_trains_the_same_and_another_does_not() {
    let place = Place::with_landscapes(3, 1);
    place.train("one", "--steps 4 --seed 5");
    place.train("two", "--steps 4 --seed 5 --workers 1");
    place.train("three", "--steps 4 --seed 6");
    place.assert_same_run("two", "one", "one worker instead of two");
    assert_ne!(place.losses("three"), place.losses("one"));
}

#[test]
fn epochs_count_whole_passes_and_linear_decay_follows() {
    let place = Place::with_landscapes(3, 0);
    place.train("run", "--epochs 4 --batch-size 2 --lr 0.001");
    // Two batches an epoch, the last of one picture; two epochs at the full rate, two decaying.
    assert_eq!(
        place.column("run", "epoch"),
        [1., 1., 2., 2., 3., 3., 4., 4.]
    );
    let rates = place.column("run", "lr");
    let expected = [
        0.001,
        0.001,
        0.002 / 3.0,
        0.002 / 3.0,
        0.001 / 3.0,
        0.001 / 3.0,
        0.0,
        0.0,
    ];
    for (found, expected) in rates.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{rates:?}");
    }
}

#[test]
fn a_small_run_learns_its_pictures_by_heart() {
    let place = Place::with_landscapes(2, 0);
    let overfit = "--steps 150 --ngf 8 --no-dropout --no-flip --load-size 32 --batch-size 2 \
                   --lr 0.004 --seed 3";
    place.train("before", &overfit.replace("--steps 150", "--steps 1"));
    place.train("after", overfit);
    let losses = place.column("after", "G_L1");
    let (first, last) = (losses[0], losses[140..].iter().sum::<f64>() / 10.0);
    assert!(last < first * 0.3, "G_L1 from {first} to {last}");
    let l1 = |run: &str| {
        place.run(&format!(
            "evaluate --run {run} --phase train --json {run}.json"
        ));
        place.json(&format!("{run}.json"))["mean"]["l1"]
            .as_f64()
            .expect("a number")
    };
    let (before, after) = (l1("before"), l1("after"));
    assert!(after < before * 0.4, "mean.l1 from {before} to {after}");
}

#[test]
fn evaluation_tells_every_picture_and_the_mean() {
    let place = Place::with_landscapes(2, 3);
    place.train("run", "--steps 2");
    let finished = place.run("evaluate --run run --json numbers.json");
    assert!(finished.stdout.contains("PSNR") && finished.stdout.contains("mean"));
    let numbers = place.json("numbers.json");
    assert_eq!(
        (&numbers["count"], &numbers["step"]),
        (&3.into(), &2.into())
    );
    let files = numbers["files"].as_array().expect("files");
    let names: Vec<_> = files.iter().map(|file| file["name"].as_str()).collect();
    assert_eq!(names, [Some("00002"), Some("00003"), Some("00004")]);
    for metric in ["l1", "psnr", "ssim"] {
        let value = |entry: &serde_json::Value| entry[metric].as_f64().expect(metric);
        let mean = files.iter().map(value).sum::<f64>() / 3.0;
        assert!((value(&numbers["mean"]) - mean).abs() < 1e-9, "{metric}");
    }
    place.fails("evaluate --run run --phase test", &["data/test", "val"]);
}

/// The last good checkpoint has only finite weights and still generates.
fn assert_usable(place: &Place, run: &str) {
    for name in place.checkpoint(run).into_keys() {
        if name.ends_with(".safetensors") {
            let dict = place.weights(&format!("{}/{name}", place.newest_checkpoint(run)));
            let mut values = dict.values().flat_map(|tensor| &tensor.values);
            assert!(values.all(|x| x.is_finite()), "{name} holds NaN");
        }
    }
    place.run(&format!(
        "generate --model {run} --input data/train --half left --output pictures"
    ));
}

/// Trains three good steps, changes a setting and goes on, which must fail as `parts` say.
fn assert_stops(setting: &str, bad: &str, parts: &[&str]) {
    let place = Place::with_landscapes(2, 1);
    place.train("run", "--steps 3 --save-every 1");
    let config = place.text("run/config.toml");
    assert!(config.contains(setting), "{config}");
    place.write("run/config.toml", config.replace(setting, bad));
    place.fails("train --resume run --steps 9 --quiet", parts);
    assert!(place.newest_checkpoint("run").ends_with("step-00000003"));
    assert!(
        place.text("run/index.html").contains(parts[0]),
        "the page tells"
    );
    assert_usable(&place, "run");
    // With the setting as it was, the run goes on.
    place.write("run/config.toml", config);
    place.run("train --resume run --steps 5 --quiet");
}

#[test]
fn a_loss_that_explodes_ends_the_run_and_keeps_the_last_good_checkpoint() {
    assert_stops(
        "lr = 0.0002",
        "lr = 1e30",
        &["loss G_GAN is NaN", "step 4", "--lr"],
    );
}

#[test]
fn weights_that_explode_are_never_saved() {
    // The loss is finite, the square of its gradient, which Adam remembers, is not.
    let parts = ["generator_adam", "holds inf", "step 4", "nothing was saved"];
    assert_stops("lambda_l1 = 100.0", "lambda_l1 = 1e30", &parts);
}

#[test]
fn a_run_that_explodes_at_once_says_so() {
    let place = Place::with_landscapes(2, 1);
    let command = train_command("run", "--steps 20 --save-every 1 --lr 1e30");
    place.fails(&command, &["loss ", "step 1", "--lr"]);
    place.fails(
        "generate --model run --input data/val --output out",
        &["run", "checkpoint"],
    );
    assert!(!place.path("out").exists());
}

#[test]
fn a_data_set_of_landscapes_without_held_out_scenes_trains() {
    let place = Place::empty();
    place.run("dataset synthesize landscapes --count 2 --val 0 --size 32 --output data");
    place.train("run", "--steps 1");
    place.train("labels", "--steps 1 --label-nc 15");
}

#[test]
fn gray_pictures_train_and_generate_gray_ones() {
    let place = Place::with_landscapes(2, 1);
    place.train("run", "--steps 2 --input-nc 1 --output-nc 1");
    place.run("generate --model run --input data/val --half left --output out");
    let generated = image::open(place.path("out/00002.png")).expect("a picture");
    assert_eq!(generated.color(), image::ColorType::L8);
    place.train("mixed", "--steps 2 --input-nc 3 --output-nc 1");
    place.run("generate --model mixed --input data/val --half left --output mixed-out");
    let generated = image::open(place.path("mixed-out/00002.png")).expect("a picture");
    assert_eq!(generated.color(), image::ColorType::L8);
}

#[test]
fn every_kind_of_network_and_loss_trains() {
    let place = Place::with_landscapes(2, 0);
    for (number, arguments) in [
        "--net-d pixel --norm instance",
        "--net-d n_layers --n-layers-d 2 --norm none",
        "--net-g resnet_1blocks --norm instance --gan-mode lsgan",
        "--gan-mode wgangp --init-type xavier",
        "--init-type orthogonal --lambda-l1 10",
        "--init-type kaiming --preprocess scale_width_and_crop",
        "--preprocess none --batch-size 2",
        "--preprocess crop --size 32",
        "--preprocess scale_width --load-size 32 --serial-batches",
    ]
    .into_iter()
    .enumerate()
    {
        let run = format!("run{number}");
        place.train(&run, &format!("--steps 2 {arguments}"));
        assert_eq!(place.column(&run, "G_L1").len(), 2, "{arguments}");
    }
}
