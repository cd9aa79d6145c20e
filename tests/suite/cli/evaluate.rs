//! `evaluate`'s measures of sets, by class, and of several runs. The measures themselves are compared
//! with other programs' numbers in unit tests (L1, PSNR, SSIM, MS-SSIM, SWD) and in `parity` (FID).

use super::families_train::{PGAN, SPADE};
use super::{Place, file_names};

fn number(value: &serde_json::Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("a number, found {value}"))
}

#[test]
fn two_runs_are_compared_side_by_side_and_class_by_class() {
    let place = Place::with_landscapes(2, 2);
    SPADE.train(&place, "one", "--steps 1");
    SPADE.train(&place, "two", "--steps 2");
    let told = place.run("evaluate --run one --swd --json new/folder/one.json");
    assert!(
        told.stdout.contains("sliced Wasserstein distance"),
        "{told:?}"
    );
    let one = place.json("new/folder/one.json");
    // 32 and 16 pixels.
    assert_eq!(one["swd"].as_array().map(Vec::len), Some(2), "{one}");
    let classes = one["classes"].as_array().expect("classes");
    assert!(classes.iter().any(|class| class["name"] == "sky"), "{one}");
    let weighted = classes
        .iter()
        .map(|class| (number(&class["pixels"]), number(&class["l1"])));
    let (pixels, sum) = weighted.fold((0.0, 0.0), |(pixels, sum), (count, l1)| {
        (pixels + count, sum + count * l1)
    });
    assert_eq!(pixels, 2.0 * 32.0 * 32.0);
    assert!(
        (sum / pixels - number(&one["mean"]["l1"])).abs() < 1e-9,
        "{one}"
    );

    let told = place.run("evaluate --run one --compare two --swd --json both.json");
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert!(
        lines[0].contains("SSIM") && lines[0].contains("SWD 32"),
        "{told:?}"
    );
    assert!(
        lines[1].starts_with("one") && lines[2].starts_with("two"),
        "{told:?}"
    );
    let both = place.json("both.json");
    assert_eq!(both["runs"][0], one);
    assert_eq!(both["runs"][1]["step"], 2);
    assert!(!told.stderr.contains("different pictures"), "{told:?}");
    place.fails("evaluate --run one --ms-ssim", &["--ms-ssim", "SSIM"]);
}

#[test]
fn a_progressive_gan_is_measured_by_sets() {
    let place = Place::with_landscapes(6, 0);
    PGAN.train(&place, "run", "--steps 9");
    place.fails(
        "evaluate --run run --phase train",
        &["--fid", "--swd", "--ms-ssim"],
    );
    let arguments = "evaluate --run run --phase train --swd --ms-ssim --pairs 70";
    let told = place.run(&format!("{arguments} --json run.json"));
    assert!(
        told.stdout.contains("MS-SSIM") && told.stdout.contains("16x16"),
        "{told:?}"
    );
    let run = place.json("run.json");
    assert_eq!(run["ms_ssim"]["pairs"], 70);
    for name in ["fakes_and_reals", "fakes", "reals"] {
        let value = number(&run["ms_ssim"][name]);
        assert!((0.0..1.0).contains(&value), "{name}: {run}");
    }
    assert_eq!(run["swd"].as_array().map(Vec::len), Some(1), "{run}");
    place.run(&format!("{arguments} --json again.json"));
    assert_eq!(place.json("again.json"), run);
}

#[test]
fn folders_are_compared_as_they_are_or_by_their_middle_squares() {
    let place = Place::with_landscapes(5, 1);
    for (folder, seeds) in [("a", 0..5), ("b", 5..10)] {
        for seed in seeds {
            place.draw(&format!("{folder}/{seed}.png"), 40, 30, seed);
        }
    }
    let measured = |arguments: &str| {
        place.run(&format!(
            "evaluate {arguments} --swd --ms-ssim --pairs 64 --json numbers.json"
        ));
        place.json("numbers.json")
    };
    let apart = measured("--real a --fake b");
    let landscapes = measured("--real data/train_img --fake data/train_img");
    let others = measured("--real data/train_img --fake a --size 32");
    assert!(number(&landscapes["swd"][0]["distance"]) < number(&others["swd"][0]["distance"]));
    assert_eq!(apart["swd"][0]["width"], 40);
    let square = measured("--real a --fake b --size 32");
    assert_eq!(square["swd"][0]["width"], 32);
    assert!(
        square["pictures"]
            .as_str()
            .is_some_and(|told| told.contains("32x32")),
        "{square}"
    );
    place.fails(
        "evaluate --real a --fake b --swd --precision bf16",
        &["--real", "--precision"],
    );
    place.draw("b/other.png", 41, 30, 1);
    for measure in ["--swd", "--ms-ssim"] {
        place.fails(
            &format!("evaluate --real a --fake b {measure}"),
            &["b/other.png", "expected 40x30", "found 41x30", "--size"],
        );
    }
    place.fails(
        "evaluate --real a --fake b",
        &["--fid", "--swd", "--ms-ssim"],
    );
}

#[test]
fn a_page_shows_checkpoints_side_by_side() {
    let place = Place::with_landscapes(2, 2);
    SPADE.train(&place, "run", "--steps 4 --save-every 2");
    place.run("evaluate --run run --checkpoints 2,4 --page results --json both.json");
    let page = place.text("results/index.html");
    for part in ["run, step 2", "run, step 4", "SSIM"] {
        assert!(page.contains(part), "{part}");
    }
    let pictures = file_names(&place.path("results/images"));
    // An input, a real picture and two generated ones of each of two samples.
    assert_eq!(pictures.len(), 8, "{pictures:?}");
    assert_eq!(place.json("both.json")["runs"][0]["step"], 2);
    place.run("evaluate --run run --checkpoints all --page results");
    place.run("evaluate --run run --page results");
    assert_eq!(file_names(&place.path("results/images")).len(), 6);
    place.fails("evaluate --run run --checkpoints 3", &["2, 4", "found 3"]);
    place.write("mine/index.html", "<p>mine</p>");
    place.fails("evaluate --run run --page mine", &["mine", "another"]);
    assert_eq!(place.text("mine/index.html"), "<p>mine</p>");
}
