//! What `evaluate` prints.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use underpaint_core::perceptual::FEATURES;

use super::Evaluation;
use super::pairs::PairEvaluation;
use super::sets::SetEvaluation;
use crate::evaluate::fid::Fid;
use crate::evaluate::grain::Grain;
use crate::evaluate::paired::PairedMetrics;
use crate::evaluate::sliced::LevelDistance;

/// The numbers of one run, or of two folders.
pub(super) fn print(evaluation: &Evaluation) {
    match evaluation {
        Evaluation::Pairs(pairs) => print_pairs(pairs),
        Evaluation::Sets(sets) => print_sets(sets),
    }
}

fn print_pairs(evaluation: &PairEvaluation) {
    let names = evaluation.files.iter().map(|file| file.name.as_str());
    let width = widest(names);
    println!(
        "{:<width$}  {:>8}  {:>8}  {:>8}",
        "file", "L1", "PSNR dB", "SSIM"
    );
    let line = |name: &str, metrics: &PairedMetrics| {
        println!(
            "{name:<width$}  {:>8.5}  {:>8.3}  {:>8.5}",
            metrics.l1, metrics.psnr, metrics.ssim
        );
    };
    evaluation
        .files
        .iter()
        .for_each(|file| line(&file.name, &file.metrics));
    line("mean", &evaluation.mean);
    if !evaluation.classes.is_empty() {
        let classes = &evaluation.classes;
        let all: u64 = classes.iter().map(|class| class.pixels).sum();
        let width = widest(classes.iter().map(|class| class.name.as_str())).max(5);
        println!("\n{:<width$}  {:>8}  {:>8}", "class", "pixels %", "L1");
        for class in classes {
            let share = 100.0 * class.pixels as f64 / all as f64;
            println!("{:<width$}  {share:>8.2}  {:>8.5}", class.name, class.l1);
        }
    }
    evaluation.grain.iter().for_each(print_grain);
    print_distances(evaluation.fid.as_ref(), &evaluation.swd);
}

fn print_sets(evaluation: &SetEvaluation) {
    println!("{}", evaluation.pictures);
    print_distances(evaluation.fid().as_ref(), &evaluation.swd);
    evaluation.grain.iter().for_each(print_grain);
    if let Some(ms_ssim) = &evaluation.ms_ssim {
        println!("{ms_ssim}");
    }
}

fn print_grain(grain: &Grain) {
    println!(
        "plain surfaces ({:.0} % of the blocks), levels of 255: checkerboard {:.3} (real {:.3}), grain {:.3} (real \
         {:.3})",
        100.0 * grain.plain,
        grain.checkerboard,
        grain.checkerboard_real,
        grain.grain,
        grain.grain_real
    );
}

fn print_distances(fid: Option<&Fid>, swd: &[LevelDistance]) {
    if let Some(fid) = fid {
        println!("{fid}");
        if fid.is_rough() {
            eprintln!(
                "with no more than {FEATURES} pictures on a side the FID comes out too high: compare it only \
                 with others of as many pictures"
            );
        }
    }
    if !swd.is_empty() {
        let levels = swd
            .iter()
            .map(|level| format!("{:.3} at {}x{}", level.distance, level.width, level.height));
        let levels: Vec<String> = levels.collect();
        let mean = mean_distance(swd);
        println!(
            "sliced Wasserstein distance (thousandths): {}; mean {mean:.3}",
            levels.join(", ")
        );
    }
}

fn mean_distance(levels: &[LevelDistance]) -> f64 {
    levels.iter().map(|level| level.distance).sum::<f64>() / levels.len() as f64
}

/// Characters of the widest name, at least those of "file".
fn widest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0)
        .max(4)
}

/// The numbers of several runs, a line each.
pub(super) fn print_side_by_side(runs: &[Evaluation]) -> Result<()> {
    let rows: Vec<Row> = runs.iter().map(Row::of).collect();
    let Some(first) = rows.first() else {
        bail!("expected runs to compare");
    };
    if rows.iter().any(|row| row.headings() != first.headings()) {
        bail!(
            "--compare: expected runs that are measured in the same way, found some with pairs and some \
             without, or with pictures of other sizes"
        );
    }
    if !on_the_same(runs) {
        eprintln!(
            "these runs were measured on different pictures; --data DIR measures all of them on the same"
        );
    }
    let width = widest(rows.iter().map(|row| row.name.as_str()));
    print!("{:<width$}  {:>8}", "run", "step");
    for heading in first.headings() {
        print!("  {heading:>10}");
    }
    println!();
    for row in &rows {
        let step = row
            .step
            .map_or_else(|| "-".to_owned(), |step| step.to_string());
        print!("{:<width$}  {step:>8}", row.name);
        for (_, value) in &row.numbers {
            print!("  {value:>10.5}");
        }
        println!();
    }
    Ok(())
}

/// Whether all runs with pairs were measured on pictures of the same names.
fn on_the_same(runs: &[Evaluation]) -> bool {
    let mut all = runs.iter().filter_map(|run| match run {
        Evaluation::Pairs(pairs) => Some(pairs.files.iter().map(|file| &file.name)),
        Evaluation::Sets(_) => None,
    });
    let first = all.next();
    first.is_none_or(|first| all.all(|other| other.eq(first.clone())))
}

/// The numbers of a run by the names of their measures, with its step.
pub(super) fn numbers(evaluation: &Evaluation) -> (Option<u64>, BTreeMap<String, f64>) {
    let row = Row::of(evaluation);
    (row.step, row.numbers.into_iter().collect())
}

/// One run of a comparison.
struct Row {
    name: String,
    step: Option<u64>,
    numbers: Vec<(String, f64)>,
}

impl Row {
    fn of(evaluation: &Evaluation) -> Self {
        let mut numbers = Vec::new();
        let mut add = |name: &str, value: f64| numbers.push((name.to_owned(), value));
        let (run, step, fid, swd) = match evaluation {
            Evaluation::Pairs(pairs) => {
                add("L1", pairs.mean.l1);
                add("PSNR dB", pairs.mean.psnr);
                add("SSIM", pairs.mean.ssim);
                let fid = pairs.fid.as_ref().map(|fid| fid.fid);
                (pairs.run.as_path(), pairs.step, fid, &pairs.swd)
            }
            Evaluation::Sets(sets) => {
                if let Some(ms_ssim) = &sets.ms_ssim {
                    add("MS-SSIM", ms_ssim.fakes);
                }
                let run = sets.run.as_deref().unwrap_or(Path::new("-"));
                (run, sets.step, sets.fid, &sets.swd)
            }
        };
        if let Some(fid) = fid {
            add("FID", fid);
        }
        for level in swd {
            add(&format!("SWD {}", level.width), level.distance);
        }
        Self {
            name: run.display().to_string(),
            step,
            numbers,
        }
    }

    fn headings(&self) -> Vec<&str> {
        let names = self.numbers.iter().map(|(name, _)| name.as_str());
        names.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::evaluate::pairs::FileMetrics;

    #[test]
    fn runs_of_other_pictures_are_told_apart() {
        let metrics = PairedMetrics {
            l1: 0.0,
            psnr: 0.0,
            ssim: 0.0,
        };
        let file = |name: &&str| FileMetrics {
            name: (*name).to_owned(),
            metrics,
        };
        let run = |names: &[&str]| {
            Evaluation::Pairs(PairEvaluation {
                run: "run".into(),
                step: None,
                data: "data".into(),
                phase: "val".into(),
                count: names.len(),
                mean: metrics,
                grain: None,
                fid: None,
                swd: Vec::new(),
                classes: Vec::new(),
                files: names.iter().map(file).collect(),
            })
        };
        assert!(on_the_same(&[run(&["a", "b"]), run(&["a", "b"])]));
        assert!(!on_the_same(&[run(&["a", "b"]), run(&["a"])]));
        assert!(!on_the_same(&[run(&["a"]), run(&["a"]), run(&["b"])]));
        assert!(on_the_same(&[]));
    }
}
