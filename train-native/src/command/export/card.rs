//! Model cards: what a model is, where it comes from, how good it is and what others may do with it, for
//! people, from the manifest.
//!
//! Source of the idea: Mitchell et al. 2019, "Model cards for model reporting",
//! <https://arxiv.org/abs/1810.03993>.

use std::fmt::Write;

use underpaint_core::bundle::{InputKind, Manifest, NormDefault, Provenance};
use underpaint_core::checkpoint::summary;

use crate::html::address;

/// Class names that are listed.
const CLASSES_SHOWN: usize = 40;

/// A file that lies beside the card.
#[derive(Debug)]
pub(super) struct Listed {
    pub name: String,
    pub what: &'static str,
    pub bytes: u64,
    pub sha256: String,
}

/// The card of a model, as Markdown. `no_onnx` says why there is no graph, if there is none.
pub(super) fn write(manifest: &Manifest, files: &[Listed], no_onnx: Option<&str>) -> String {
    let mut card = format!("# {}\n\n", one_line(&manifest.name));
    let mut paragraph = |title: &str, text: &str| {
        // Writing to a text cannot fail.
        let _ = write!(card, "## {title}\n\n{text}\n\n");
    };
    paragraph("What it is", &what(manifest));
    paragraph("Training", &training(&manifest.provenance));
    paragraph("Scores", &scores(&manifest.provenance));
    paragraph("Licence", &licence(&manifest.provenance));
    paragraph("Files", &listing(files, no_onnx));
    paragraph("Use", &usage(manifest, files));
    let _ = writeln!(card, "*Written by {}.*", manifest.provenance.producer);
    card
}

/// What it makes of what, for people who know no network by its name.
fn purpose(manifest: &Manifest) -> String {
    let model = &manifest.model;
    let mut text = match &manifest.input {
        InputKind::Latent { .. } => {
            "Makes pictures out of random numbers, which a seed draws.".to_owned()
        }
        InputKind::Image { .. } => "Makes a picture of a picture.".to_owned(),
        InputKind::Labels {
            dont_care, edges, ..
        } => {
            let mut text = "Makes a picture of a label map, in which a number at every pixel says what is to be there"
                .to_owned();
            if *dont_care {
                text.push_str(" (255: whatever fits)");
            }
            text.push('.');
            if *edges {
                text.push_str(
                    " An instance map beside it tells one object from the next of its kind.",
                );
            }
            text
        }
    };
    let conditional = !matches!(manifest.input, InputKind::Latent { .. });
    if conditional && model.latent_channels().is_some() {
        text.push_str(" A style decides its light and colours: drawn by a seed");
        text.push_str(match model.has_encoder() {
            true => ", or taken from another picture.",
            false => ".",
        });
    }
    if model.feature_channels() > 0 {
        text.push_str(
            " Every object has a look of its own: features, drawn or taken from a photo.",
        );
    }
    text
}

fn what(manifest: &Manifest) -> String {
    let mut text = format!(
        "{}\n\nThe network: {}.",
        purpose(manifest),
        summary(manifest)
    );
    let statistics = match manifest.test_time.statistics {
        NormDefault::Batch => "of each picture",
        NormDefault::Running => "of the training",
    };
    if manifest.model.has_batch_norm() {
        let _ = write!(text, "\n\nStatistics of batch norm are those {statistics}");
        if manifest.model.has_dropout() {
            let dropout = if manifest.test_time.dropout {
                "on"
            } else {
                "off"
            };
            let _ = write!(text, "; dropout is {dropout}");
        }
        text.push('.');
    }
    if manifest.alpha > 0.0 {
        let _ = write!(
            text,
            "\n\nSaved while {0}x{0} pixels faded in: {1:.0} % of a picture are still the size before.",
            manifest.size.height,
            100.0 * manifest.alpha
        );
    }
    if let Some(clusters) = &manifest.clusters {
        let labels = clusters.centres.len();
        let _ = write!(text, "\n\nTypical features of {labels} labels are with it.");
    }
    if let InputKind::Labels { classes, .. } = &manifest.input {
        let names = classes.iter().take(CLASSES_SHOWN).enumerate();
        let names = names.map(|(id, class)| format!("{id} {}", one_line(&class.name)));
        let names: Vec<String> = names.collect();
        let more = classes.len().saturating_sub(CLASSES_SHOWN);
        let more = match more {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let _ = write!(text, "\n\nClasses: {}{more}.", names.join(", "));
    }
    text
}

fn training(provenance: &Provenance) -> String {
    match (
        &provenance.data,
        provenance.steps,
        &provenance.imported_from,
    ) {
        (_, _, Some(file)) => format!(
            "Imported from `{}`. What it was trained on, and for how long, that file does not say.",
            one_line(file)
        ),
        (Some(data), Some(steps), None) => {
            format!("{steps} steps on {}.", one_line(data))
        }
        (None, Some(steps), None) => format!("{steps} steps. On what data is not recorded."),
        (_, None, None) => "Not recorded.".to_owned(),
    }
}

fn scores(provenance: &Provenance) -> String {
    let Some(scores) = &provenance.scores else {
        return "Not measured. `underpaint evaluate --run RUN` measures a run before it is exported."
            .to_owned();
    };
    let mut text = format!("On {}", one_line(&scores.on));
    if let Some(step) = scores.step {
        let _ = write!(text, ", after {step} steps");
        if provenance.steps.is_some_and(|steps| steps != step) {
            text.push_str(" (these weights are others)");
        }
    }
    text.push_str(":\n\n| measure | value |\n|---|---|\n");
    for (name, value) in &scores.numbers {
        let _ = writeln!(text, "| {} | {value:.5} |", one_line(name));
    }
    text.trim_end().to_owned()
}

fn licence(provenance: &Provenance) -> String {
    match (&provenance.licence, &provenance.imported_from) {
        (Some(licence), _) => licence.clone(),
        (None, Some(_)) => "**Not stated.** The weights were imported: what whoever gave them out allows holds. \
                            `underpaint export --licence TEXT` states it here."
            .to_owned(),
        (None, None) => "**Not stated**, so that nobody is allowed anything; ask whoever trained it. `underpaint \
                         export --licence TEXT` states one here."
            .to_owned(),
    }
}

fn listing(files: &[Listed], no_onnx: Option<&str>) -> String {
    let mut text = "| file | size | what | SHA-256 |\n|---|---|---|---|\n".to_owned();
    for file in files {
        let (name, size) = (&file.name, size(file.bytes));
        let _ = writeln!(
            text,
            "| `{name}` | {size} | {} | `{}` |",
            file.what, file.sha256
        );
    }
    if let Some(why) = no_onnx {
        let _ = write!(text, "\nThere is no ONNX graph: {}.", one_line(why));
    }
    text.trim_end().to_owned()
}

/// `3.3 kB`, `1.50 MB`.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..100_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.2} MB", bytes as f64 / 1e6),
    }
}

fn usage(manifest: &Manifest, files: &[Listed]) -> String {
    let named = |ending: &str| {
        let mut found = files.iter().filter(|file| file.name.ends_with(ending));
        found.next().map_or("", |file| file.name.as_str())
    };
    let input = match manifest.input {
        InputKind::Latent { .. } => "--count 16 --seed 1 --output pictures",
        InputKind::Labels { .. } => "--input LABELS --output pictures",
        InputKind::Image { .. } => "--input PICTURES --output pictures",
    };
    let (packed, keys) = (named(".underpaint"), named(".pytorch.safetensors"));
    // Names are quoted as each language does it; Python takes what Rust's `{:?}` gives.
    let (word, url) = (shell_word(packed), address(packed));
    let conditional = !matches!(manifest.input, InputKind::Latent { .. });
    let styled = match conditional && manifest.model.has_encoder() {
        true => format!("underpaint generate --model {word} {input} --style photo.jpg\n"),
        false => String::new(),
    };
    format!(
        "```sh\nunderpaint generate --model {word} {input}\n{styled}underpaint serve --models .   # paint with it in a \
         browser\n```\n\n```html\n<underpaint-canvas model=\"{url}\" controls></underpaint-canvas>\n```\n\n\
         ```python\nfrom safetensors.torch import load_file\ngenerator.load_state_dict(load_file({keys:?}))  # the \
         authors' class\n```"
    )
}

/// A name as one word for a shell.
fn shell_word(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    match name.chars().all(plain) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

/// A text that cannot leave its line or its cell.
fn one_line(text: &str) -> String {
    let text: Vec<&str> = text.split_whitespace().collect();
    text.join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{describe, image_input};
    use underpaint_core::bundle::{ModelConfig, Scores};
    use underpaint_core::pix2pix::GeneratorConfig;

    fn manifest() -> Manifest {
        let model = ModelConfig::Pix2pix {
            generator: GeneratorConfig::default(),
        };
        describe(
            "Sea | side\n# x".into(),
            model,
            image_input(3, None),
            [256, 256],
        )
    }

    #[test]
    fn what_is_not_known_is_said_to_be_missing() {
        let card = write(&manifest(), &[], Some("too large"));
        assert!(card.starts_with("# Sea \\| side # x\n"), "{card}");
        for part in [
            "**Not stated**",
            "--licence TEXT",
            "Not measured",
            "Not recorded",
            "no ONNX graph: too large",
        ] {
            assert!(card.contains(part), "{part}: {card}");
        }
        let mut imported = manifest();
        imported.provenance.imported_from = Some("latest_net_G.pth".into());
        let card = write(&imported, &[], None);
        assert!(card.contains("Imported from `latest_net_G.pth`"), "{card}");
        assert!(card.contains("whoever gave them out"), "{card}");
    }

    #[test]
    fn data_steps_scores_licence_and_files_are_told() {
        let mut manifest = manifest();
        let provenance = &mut manifest.provenance;
        provenance.steps = Some(400);
        provenance.data = Some("pairs of pictures in facades".into());
        provenance.licence = Some("CC BY 4.0".into());
        provenance.scores = Some(Scores {
            on: "100 pictures (val)".into(),
            step: Some(300),
            numbers: [("L1".to_owned(), 0.25)].into(),
        });
        let files = [Listed {
            name: "m.underpaint".into(),
            what: "all",
            bytes: 1_500_000,
            sha256: "abc".into(),
        }];
        let card = write(&manifest, &files, None);
        for part in [
            "400 steps on pairs of pictures in facades.",
            "On 100 pictures (val), after 300 steps (these weights are others):",
            "| L1 | 0.25000 |",
            "\nCC BY 4.0\n",
            "| `m.underpaint` | 1.50 MB | all | `abc` |",
            "Makes a picture of a picture.",
            "--model m.underpaint --input PICTURES",
        ] {
            assert!(card.contains(part), "{part}: {card}");
        }
    }

    #[test]
    fn names_are_quoted_in_commands_pages_and_programs() {
        let file = |name: &str| Listed {
            name: name.into(),
            what: "all",
            bytes: 1,
            sha256: String::new(),
        };
        let files = [
            file("the sea's.underpaint"),
            file("the sea's.pytorch.safetensors"),
        ];
        let card = write(&manifest(), &files, None);
        for part in [
            r"--model 'the sea'\''s.underpaint' --input",
            "model=\"the%20sea%27s.underpaint\"",
            "load_file(\"the sea's.pytorch.safetensors\")",
        ] {
            assert!(card.contains(part), "{part}: {card}");
        }
    }
}
