//! What an ONNX file says about itself: `metadata_props`, texts by name, most of them JSON.

use serde_json::json;
use underpaint_core::bundle::{InputKind, Manifest, NormDefault, TestTime};

/// What the graph was made for, beyond the manifest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Made {
    /// Height and width.
    pub size: [usize; 2],
    /// Whether those are free.
    pub dynamic: bool,
    /// Statistics and dropout.
    pub test_time: TestTime,
    /// The seed of the dropout masks that are in the graph, if there are some.
    pub mask_seed: Option<u64>,
    /// Whether pictures are taken in `[0, 1]`.
    pub unit_pictures: bool,
}

/// The entries of a generator's file.
pub fn of_generator(manifest: &Manifest, made: Made) -> Vec<(String, String)> {
    let mut entries = common(manifest, made);
    let mut add = |key: &str, value: String| entries.push((key.to_owned(), value));
    add("input", input(&manifest.input).to_owned());
    let range = match (&manifest.input, made.unit_pictures) {
        (InputKind::Image { .. }, true) => json!([0.0, 1.0]),
        (InputKind::Image { value_range, .. }, false) => json!(value_range),
        (InputKind::Labels { .. }, _) => json!([0, 1]),
        (InputKind::Latent { .. }, _) => json!("normal"),
    };
    add("input_range", range.to_string());
    add(
        "output_range",
        json!(manifest.output.value_range).to_string(),
    );
    match &manifest.input {
        InputKind::Labels {
            classes,
            dont_care,
            edges,
            ..
        } => {
            add("classes", json!(classes).to_string());
            add("dont_care_channel", dont_care.to_string());
            add("edge_channel", edges.to_string());
        }
        InputKind::Image { palette, .. } if !palette.is_empty() => {
            add("classes", json!(palette).to_string());
        }
        InputKind::Latent { attributes, .. } if !attributes.is_empty() => {
            add("attributes", json!(attributes).to_string());
        }
        InputKind::Image { .. } | InputKind::Latent { .. } => {}
    }
    let statistics = match made.test_time.statistics {
        NormDefault::Batch => "batch",
        NormDefault::Running => "running",
    };
    add("statistics", statistics.to_owned());
    add("dropout", made.test_time.dropout.to_string());
    if let Some(seed) = made.mask_seed {
        add("seed", seed.to_string());
        let warning = format!(
            "dropout masks are constants, drawn from seed {seed}: every run drops the same"
        );
        add("warning", warning);
    }
    entries
}

/// The entries of an encoder's file.
pub fn of_encoder(manifest: &Manifest, made: Made) -> Vec<(String, String)> {
    let mut entries = common(manifest, made);
    let range = match made.unit_pictures {
        true => json!([0.0, 1.0]),
        false => json!(manifest.output.value_range),
    };
    entries.push((
        "input".to_owned(),
        "picture: the one whose style is read".to_owned(),
    ));
    entries.push(("input_range".to_owned(), range.to_string()));
    entries
}

fn common(manifest: &Manifest, made: Made) -> Vec<(String, String)> {
    let model = &manifest.model;
    let mut entries = Vec::new();
    let mut add = |key: &str, value: String| entries.push((key.to_owned(), value));
    add("name", manifest.name.clone());
    add("family", model.family().to_owned());
    add("model", json!(model).to_string());
    add("provenance", json!(manifest.provenance).to_string());
    let [height, width] = made.size;
    add("height", height.to_string());
    add("width", width.to_string());
    if made.dynamic {
        add("size_multiple", model.size_multiple().to_string());
        add("smallest_side", model.smallest_side().to_string());
    }
    entries
}

fn input(kind: &InputKind) -> &'static str {
    match kind {
        InputKind::Labels { .. } => {
            "condition: a label map, one-hot encoded: channel c is 1 where the pixel's id is c, else 0"
        }
        InputKind::Image { .. } => "condition: a picture",
        InputKind::Latent { .. } => "latents: numbers from N(0, 1)",
    }
}
