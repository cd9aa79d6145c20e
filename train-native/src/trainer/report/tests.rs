//! The report as a whole: interrupted runs, removed folders.

use super::*;
use image::{Rgb, RgbImage};

fn options(resume_step: u64) -> ReportOptions {
    ReportOptions {
        title: "facades".to_owned(),
        loss_names: vec!["G_L1".to_owned(), "D_real".to_owned()],
        total_steps: 30,
        resume_step,
        quiet: true,
        line_every: None,
    }
}

/// Steps `from..=to`, with samples at every tenth.
fn run(report: &mut Report, from: u64, to: u64) {
    for step in from..=to {
        let record = StepRecord {
            step,
            epoch: 1,
            losses: &[("G_L1", 20.0 / step as f64), ("D_real", 0.5)],
            learning_rate: 0.0002,
            step_seconds: 0.1,
            data_seconds: 0.01,
        };
        report.record(&record).unwrap();
        if step % 10 == 0 {
            report.samples(step, 1, &[sample()]).unwrap();
        }
    }
}

fn sample() -> SampleRow {
    SampleRow {
        name: "a".to_owned(),
        tiles: vec![SampleTile {
            caption: "input".to_owned(),
            image: RgbImage::from_pixel(8, 8, Rgb([200, 100, 50])),
        }],
    }
}

/// Files of the report whose content does not depend on the clock.
fn lasting_files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let samples = fs::read_dir(dir.join(gallery::FOLDER)).unwrap();
    let mut paths: Vec<PathBuf> = samples.map(|entry| entry.unwrap().path()).collect();
    paths.extend([dir.join(LOG_FILE), dir.join(PLOT_FILE)]);
    paths.sort();
    let relative = |path: &Path| path.strip_prefix(dir).unwrap().to_path_buf();
    paths
        .iter()
        .map(|path| (relative(path), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn a_killed_and_resumed_run_leaves_the_files_of_one_run() {
    let (whole, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut report = Report::open(whole.path(), options(0)).unwrap();
    run(&mut report, 1, 30);
    report.finish(&Outcome::Finished).unwrap();

    let mut report = Report::open(killed.path(), options(0)).unwrap();
    run(&mut report, 1, 23);
    // Dropped without `finish`, as a kill would.
    drop(report);
    let mut report = Report::open(killed.path(), options(14)).unwrap();
    let page = fs::read_to_string(killed.path().join(PAGE_FILE)).unwrap();
    assert!(page.contains("Step 10<") && !page.contains("Step 20<"));
    run(&mut report, 15, 30);
    report.finish(&Outcome::Finished).unwrap();

    assert_eq!(lasting_files(killed.path()), lasting_files(whole.path()));
    let page = fs::read_to_string(killed.path().join(PAGE_FILE)).unwrap();
    for step in [10, 20, 30] {
        assert!(page.contains(&format!("Step {step}<")), "{step}");
    }
    assert!(page.contains("Step 30 of 30 · finished"));
}

#[test]
fn a_removed_run_folder_is_an_error_that_names_a_file_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let run_dir = dir.path().join("run");
    let mut report = Report::open(&run_dir, options(0)).unwrap();
    fs::remove_dir_all(&run_dir).unwrap();
    let message = report.plot().unwrap_err().to_string();
    assert!(message.contains("losses.png"), "{message}");
    let message = report.samples(1, 1, &[sample()]).unwrap_err().to_string();
    assert!(message.contains("step-000001-a.png"), "{message}");
}

#[test]
fn a_file_in_the_place_of_the_run_folder_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    fs::write(&path, "").unwrap();
    let message = Report::open(&path, options(0)).unwrap_err().to_string();
    assert!(message.contains("run"), "{message}");
}
