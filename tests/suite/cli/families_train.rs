//! `train` of every family: exact resume, learning, growth, what goes into bundles.

use super::{Place, file_names, size_of};

/// A family with its smallest networks, on landscapes of 32 pixels.
pub(super) struct Tiny {
    family: &'static str,
    pub(super) arguments: &'static str,
}

pub(super) const PIX2PIXHD: Tiny = Tiny {
    family: "pix2pixhd",
    arguments: "--data data --label-nc 15 --no-instance --net-g global --ngf 4 --ndf 4 \
                --n-downsample-global 1 --n-blocks-global 1 --num-d 1 --n-layers-d 2 --resize-or-crop none \
                --no-vgg-loss",
};

pub(super) const SPADE: Tiny = Tiny {
    family: "spade",
    arguments: "--data data --dataset-mode facades --label-nc 15 --crop-size 32 --load-size 36 --ngf 2 \
                --ndf 4 --num-d 1 --n-layers-d 3 --no-vgg-loss",
};

/// 4×4 for three steps, 8×8 from step 4 on, fading in for four of them, 16×16 from step 9 on.
pub(super) const PGAN: Tiny = Tiny {
    family: "pgan",
    arguments: "--data data/train_img --depths 8,8,4 --iterations 3,5,90 --alpha-jumps 0,4,4 \
                --alpha-size-jumps 0,1,1 --batch-sizes 2,2,1 --latent-dim 8",
};

/// All families but pix2pix, which has tests of its own.
pub(super) const ALL: [Tiny; 3] = [PIX2PIXHD, SPADE, PGAN];

impl Tiny {
    #[cfg(feature = "tch")]
    pub(super) const fn new(family: &'static str, arguments: &'static str) -> Self {
        Self { family, arguments }
    }

    #[cfg(feature = "tch")]
    pub(super) fn name(&self) -> &'static str {
        self.family
    }

    pub(super) fn train(&self, place: &Place, run: &str, arguments: &str) {
        place.run(&self.command(run, arguments));
    }

    /// The command that trains it into `run`.
    pub(super) fn command(&self, run: &str, arguments: &str) -> String {
        format!(
            "train {} {} --output {run} --quiet {arguments}",
            self.family, self.arguments
        )
    }

    /// Ten steps at once, and in two parts that are cut after `cut`.
    fn assert_resumes_exactly(&self, place: &Place, cut: u64, arguments: &str) {
        let arguments = format!("{arguments} --sample-every 5 --seed 11");
        let (whole, parts) = (format!("whole{cut}"), format!("parts{cut}"));
        self.train(place, &whole, &format!("{arguments} --steps 10"));
        self.train(place, &parts, &format!("{arguments} --steps {cut}"));
        place.run(&format!("train --resume {parts} --steps 10 --quiet"));
        let context = format!("{} {arguments}, cut after {cut}", self.family);
        assert_eq!(place.losses(&parts), place.losses(&whole), "{context}");
        let (found, expected) = (place.checkpoint(&parts), place.checkpoint(&whole));
        assert!(found == expected, "{context}: the last checkpoints differ");
    }
}

#[test]
fn every_family_resumes_bit_for_bit() {
    for tiny in ALL {
        // Epochs of five steps: the cut after step 5 lies between two of them, the one after 7 within.
        let place = Place::with_landscapes(5, 1);
        for cut in [5, 7] {
            tiny.assert_resumes_exactly(&place, cut, "");
        }
    }
}

#[test]
fn a_size_that_was_fading_in_is_shown_as_it_was() {
    let place = Place::with_landscapes(3, 0);
    // The second step at the third size: a quarter of it is there.
    PGAN.train(&place, "run", "--steps 10");
    let picture = |model: &str, flags: &str| {
        let told = place.run(&format!(
            "generate --model {model} --seed 1 --output x.png {flags}"
        ));
        (place.read("x.png"), told.stderr)
    };
    let (shown, told) = picture("run", "");
    assert!(
        told.contains("while 16 pixels faded in") && told.contains("--alpha 0.750"),
        "{told}"
    );
    assert!(shown == picture("run", "--alpha 0.75").0 && shown != picture("run", "--alpha 0").0);
    // A size that is whole is not mixed with the one before.
    let (smaller, told) = picture("run", "--scale 8");
    assert!(!told.contains("faded in"), "{told}");
    assert!(smaller == picture("run", "--scale 8 --alpha 0").0);
    place.run("export run --format all --output give");
    assert!(shown == picture("give", "").0);
    assert!(
        place
            .text("give/MODEL.md")
            .contains("16x16 pixels faded in: 75 %")
    );
    PGAN.train(&place, "whole", "--steps 14");
    assert!(!picture("whole", "").1.contains("faded in"));
    place.run("export whole --output bundle");
    assert!(place.json("bundle/manifest.json").get("alpha").is_none());
}

#[test]
fn pix2pixhd_resumes_across_the_epoch_in_which_all_layers_join() {
    let place = Place::with_landscapes(4, 1);
    let arguments = "--net-g local --n-local-enhancers 1 --n-blocks-local 1 --niter-fix-global 1 \
                     --n-epochs 1 --n-epochs-decay 2 --pool-size 2";
    // The switch is at step 5.
    for cut in [3, 4, 6] {
        PIX2PIXHD.assert_resumes_exactly(&place, cut, arguments);
    }
    let rates = place.column("whole3", "lr");
    assert!(rates[9] < rates[0], "{rates:?}");
}

#[test]
fn pix2pixhd_resumes_with_features_of_instances_and_of_labels() {
    let place = Place::with_landscapes(3, 1);
    for phase in ["train", "val"] {
        place.run(&format!(
            "dataset instances --labels data/{phase}_label --output data/{phase}_inst"
        ));
    }
    let with_instances = Tiny {
        family: "pix2pixhd",
        arguments: "--data data --label-nc 15 --ngf 4 --ndf 4 --n-downsample-global 1 \
                    --n-blocks-global 1 --num-d 1 --n-layers-d 2 --resize-or-crop none --no-vgg-loss \
                    --nef 4 --n-downsample-e 1",
    };
    with_instances.assert_resumes_exactly(&place, 4, "--instance-feat");
    with_instances.assert_resumes_exactly(&place, 5, "--label-feat --no-instance");
    let encoder = place
        .checkpoint("whole4")
        .contains_key("encoder.safetensors");
    assert!(encoder, "the encoder is saved");
    // The trained features of a picture are the generator's input.
    place.run("evaluate --run whole4 --phase val --json scores.json");
    assert_eq!(place.json("scores.json")["count"], 1);
    // Written to files, they are another's: one that has no encoder.
    for phase in ["train", "val"] {
        place.run(&format!(
            "features precompute --run whole4 --phase {phase} --scale 1 --output data/{phase}_feat"
        ));
    }
    place.run("features cluster --run whole4");
    with_instances.assert_resumes_exactly(&place, 6, "--instance-feat --load-features");
    place.run(
        "generate --model whole6 --input data/val_label --instances data/val_inst --features \
         data/val_feat --output made",
    );
    place.fails(
        "features cluster --run whole6",
        &["whole6", "trained feature encoder"],
    );
    place.run("export whole4 --output bundle");
    let files = file_names(&place.path("bundle"));
    assert!(
        files.contains(&"encoder.safetensors".to_owned()),
        "{files:?}"
    );
    // The typical features travel in the manifest; where nothing else is given, the seed draws of them.
    let clusters = &place.json("bundle/manifest.json")["clusters"];
    let drawn: Vec<_> = clusters.as_object().expect("clusters").values().collect();
    assert!(
        drawn
            .iter()
            .all(|label| label[0].as_array().map(Vec::len) == Some(3)),
        "{clusters}"
    );
    let generate = "generate --input data/val_label --instances data/val_inst";
    for (model, output) in [("bundle", "one"), ("whole4", "same")] {
        place.run(&format!(
            "{generate} --model {model} --seed 1 --output {output}"
        ));
    }
    let picture =
        |output: &str| place.read(&format!("{output}/{}", file_names(&place.path(output))[0]));
    assert_eq!(picture("one"), picture("same"));
    place.fails(
        "generate --model bundle --input data/val_label --toward 3 --share 0.5 --output no",
        &["--toward", "no latents"],
    );
}

#[test]
fn spade_resumes_with_several_discriminator_steps_and_with_pix2pixhds_generator() {
    let place = Place::with_landscapes(5, 1);
    SPADE.assert_resumes_exactly(&place, 4, "--d-steps-per-g 3 --batch-size 2");
    SPADE.assert_resumes_exactly(
        &place,
        5,
        "--net-g pix2pixhd --resnet-n-downsample 1 --resnet-n-blocks 1 --no-ttur",
    );
}

#[test]
fn spade_learns_styles_and_shows_them() {
    let place = Place::with_landscapes(2, 1);
    // Styles need pictures of 256 pixels.
    let style = Tiny {
        family: "spade",
        arguments: "--data data --dataset-mode facades --label-nc 15 --crop-size 256 --load-size 256 \
                    --use-vae --z-dim 4 --ngf 1 --ndf 2 --num-d 1 --n-layers-d 2 --no-vgg-loss",
    };
    style.train(&place, "whole", "--steps 2 --seed 3");
    style.train(&place, "parts", "--steps 1 --seed 3");
    place.run("train --resume parts --steps 2 --quiet");
    assert!(place.checkpoint("parts") == place.checkpoint("whole"));
    assert!(place.text("whole/index.html").contains("in a drawn style"));
    place.run("evaluate --run whole --phase val --json scores.json");
    place.draw("style.png", 40, 30, 2);
    place.run("generate --model whole --input data/val_label --style style.png --output styled");
}

#[test]
fn pgan_resumes_within_a_fade_across_scales_and_with_other_batches() {
    let place = Place::with_landscapes(5, 1);
    // 3: before 8×8; 5: in its fade; 8: before 16×16; 9: after its first step.
    for cut in [3, 5, 8, 9] {
        PGAN.assert_resumes_exactly(&place, cut, "");
    }
    let epochs = place.column("whole3", "epoch");
    assert!(
        epochs.windows(2).all(|pair| pair[0] <= pair[1]),
        "{epochs:?}"
    );
}

#[test]
fn pgan_shows_sixty_four_latents_at_every_scale_and_uses_its_average() {
    let place = Place::with_landscapes(4, 0);
    PGAN.train(&place, "run", "--steps 9 --sample-every 3");
    let strips = file_names(&place.path("run/samples"));
    assert!(
        strips.iter().any(|name| name.contains("latents")),
        "{strips:?}"
    );
    place.run("export run --output bundle");
    let manifest = place.json("bundle/manifest.json");
    assert_eq!(manifest["size"]["height"], 16);
    place.run("generate --model bundle --count 3 --seed 2 --output made");
    assert_eq!(size_of(&place.path("made/00002.png")), (16, 16));
    // A run that is still at 8×8 gives 8×8.
    PGAN.train(&place, "young", "--steps 6");
    place.run("generate --model young --output young.png");
    assert_eq!(size_of(&place.path("young.png")), (8, 8));
}

#[test]
fn pgan_begins_at_a_later_scale_with_the_weights_of_another_run() {
    let place = Place::with_landscapes(4, 0);
    PGAN.train(&place, "first", "--steps 8");
    let told =
        place.run(&PGAN.command("second", "--start-scale 8 --load-pretrain first --steps 2"));
    assert!(told.stderr.contains("generator: filled"), "{told:?}");
    assert!(told.stderr.contains("discriminator: filled"), "{told:?}");
    let told =
        place.run(&PGAN.command("third", "--start-scale 16 --load-pretrain first --steps 2"));
    assert!(told.stderr.contains("not filled: scaleLayers"), "{told:?}");
}

#[test]
fn too_few_pictures_for_a_batch_are_told_before_the_first_step() {
    let place = Place::with_landscapes(3, 0);
    place.fails(
        &PGAN.command("run", "--batch-sizes 2,4 --steps 9"),
        &["batch size", "1 to 3", "4"],
    );
    assert!(!place.path("run/config.toml").exists());
}

#[test]
fn a_local_enhancer_begins_with_the_global_generator() {
    let place = Place::with_landscapes(3, 1);
    PIX2PIXHD.train(&place, "coarse", "--steps 3 --ngf 8");
    let told = place.run(&PIX2PIXHD.command(
        "fine",
        "--net-g local --n-local-enhancers 1 --n-blocks-local 1 --num-d 2 --niter-fix-global 1 \
         --load-pretrain coarse --steps 2",
    ));
    // The discriminator of the new, finest size, and the enhancer, are new.
    assert!(
        told.stderr
            .contains("generator: not filled: model1_1, model1_2"),
        "{told:?}"
    );
    assert!(
        told.stderr
            .contains("discriminator: not filled: scale1_layer0"),
        "{told:?}"
    );
    let coarse = place.checkpoint("coarse");
    let fine = place.weights(&format!(
        "{}/generator.safetensors",
        place.newest_checkpoint("fine")
    ));
    let from = place.weights(&format!(
        "{}/generator.safetensors",
        place.newest_checkpoint("coarse")
    ));
    assert!(!coarse.is_empty());
    // Frozen in its first epoch.
    assert_eq!(fine["model.1.weight"], from["model.1.weight"]);
}

#[test]
fn other_weights_to_begin_with_are_bundles_folders_and_files() {
    let place = Place::with_landscapes(2, 1);
    SPADE.train(&place, "first", "--steps 2");
    place.run("export first --output bundle");
    place.run("export first --format pytorch-keys --output G.safetensors");
    for source in ["bundle", "G.safetensors"] {
        let run = format!("from-{source}");
        let told = place.run(&SPADE.command(&run, &format!("--load-pretrain {source} --steps 1")));
        assert!(told.stderr.contains("generator: filled"), "{told:?}");
        assert!(
            told.stderr.contains("discriminator: nothing to begin with"),
            "{told:?}"
        );
    }
    place.fails(
        &SPADE.command("none", "--load-pretrain nowhere --steps 1"),
        &["nowhere", "found nothing"],
    );
    place.fails(
        &SPADE.command("none", "--load-pretrain data --steps 1"),
        &["data", "latest_net_G.pth"],
    );
}

#[test]
fn every_family_learns_landscapes() {
    // Thresholds lie well above where the runs end and well below where they begin.
    let place = Place::with_landscapes(4, 1);
    PIX2PIXHD.train(
        &place,
        "hd",
        "--steps 120 --serial-batches --no-flip --seed 1",
    );
    let matching = place.column("hd", "G_GAN_Feat");
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (first, last) = (mean(&matching[..8]), mean(&matching[112..]));
    assert!(last < 0.75 * first, "feature matching: {first} to {last}");

    // From 64 pixels on the first block sees more than one of them, whose statistics mean something.
    let large = Place::with_landscapes_of(64, 4, 1);
    let larger = "--crop-size 64 --load-size 64 --batch-size 2 --no-flip --seed 1 --lr 0.002";
    SPADE.train(&large, "spade", &format!("{larger} --steps 50"));
    SPADE.train(&large, "young", &format!("{larger} --steps 1"));
    let l1 = |run: &str| {
        large.run(&format!(
            "evaluate --run {run} --phase train --json {run}.json"
        ));
        let mean = large.json(&format!("{run}.json"))["mean"]["l1"].clone();
        mean.as_f64().expect("a number")
    };
    let (first, last) = (l1("young"), l1("spade"));
    assert!(last < 0.8 * first, "SPADE's L1: {first} to {last}");

    // The average is a copy of the generator when the second scale begins.
    let growing = "--depths 16,16 --iterations 300,10 --alpha-jumps 0 --alpha-size-jumps 0 \
                   --batch-sizes 4 --seed 1 --lr 0.005";
    PGAN.train(&place, "pgan", &format!("{growing} --steps 302"));
    PGAN.train(&place, "unborn", &format!("{growing} --steps 1"));
    let mean_of = |folder: &str| {
        let files = file_names(&place.path(folder));
        let picture = |name: &String| {
            let picture = image::open(place.path(&format!("{folder}/{name}"))).expect("a picture");
            let bytes = picture.to_rgb8().into_raw();
            bytes.iter().map(|&byte| f64::from(byte)).sum::<f64>() / bytes.len() as f64
        };
        files.iter().map(picture).sum::<f64>() / files.len() as f64
    };
    let real = mean_of("data/train_img");
    let [first, last] = ["unborn", "pgan"].map(|run| {
        place.run(&format!(
            "generate --model {run} --count 16 --output {run}-made"
        ));
        (mean_of(&format!("{run}-made")) - real).abs()
    });
    assert!(
        last < 0.75 * first,
        "mean brightness: {first} off, then {last}"
    );
}

#[test]
fn runs_of_every_family_become_bundles_that_generate_the_same() {
    let place = Place::with_landscapes(2, 1);
    for tiny in ALL {
        let run = format!("run-{}", tiny.family);
        tiny.train(&place, &run, "--steps 2 --seed 4");
        place.run(&format!("export {run} --output {run}-bundle"));
        let input = match tiny.family {
            "pgan" => "",
            _ => "--input data/val_label/00002.png",
        };
        for model in [run.clone(), format!("{run}-bundle")] {
            place.run(&format!(
                "generate --model {model} {input} --output {model}.png"
            ));
        }
        let pixels = |name: String| image::open(place.path(&name)).expect("a picture").to_rgb8();
        assert_eq!(
            pixels(format!("{run}.png")),
            pixels(format!("{run}-bundle.png"))
        );
    }
}

#[test]
fn without_vgg_a_run_says_what_to_do_before_its_first_step() {
    let place = Place::with_landscapes(2, 1);
    for tiny in [PIX2PIXHD, SPADE] {
        let arguments = tiny.arguments.replace("--no-vgg-loss", "");
        let command = format!("train {} {arguments} --output run --steps 1", tiny.family);
        place.fails(&command, &["weights vgg19", "--no-vgg-loss"]);
        assert!(!place.path("run").exists());
    }
}
