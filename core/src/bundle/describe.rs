//! The manifest of a generator that has no bundle yet.

use super::{
    ENCODER_FILE, FORMAT_VERSION, InputKind, Manifest, ModelConfig, NormDefault, OutputKind,
    Provenance, SizeRule, TestTime, WEIGHTS_FILE, WeightDtype, WeightFile, sha256,
};
use crate::label::{LabelClass, Palette, SemanticLayout};

/// The manifest of a generator whose weights are not in a file yet. `size` is height and width, `producer`
/// the program that will write them.
pub fn describe(
    name: String,
    model: ModelConfig,
    input: InputKind,
    size: [usize; 2],
    producer: &str,
) -> Manifest {
    let [height, width] = model.fixed_size().unwrap_or(size);
    Manifest {
        format_version: FORMAT_VERSION,
        name,
        input,
        output: OutputKind {
            channels: model.output_channels(),
            value_range: [-1.0, 1.0],
        },
        size: SizeRule {
            height,
            width,
            multiple: model.size_multiple(),
        },
        test_time: test_time(&model),
        weights: unwritten(WEIGHTS_FILE),
        encoder_weights: model.has_encoder().then(|| unwritten(ENCODER_FILE)),
        clusters: None,
        alpha: 0.0,
        model,
        provenance: Provenance {
            producer: producer.to_owned(),
            ..Provenance::default()
        },
    }
}

/// Stands for a file that is not there yet.
fn unwritten(name: &str) -> WeightFile {
    WeightFile {
        file: name.to_owned(),
        dtype: WeightDtype::F32,
        bytes: 0,
        sha256: sha256(&[]),
    }
}

/// How the authors of a family test.
fn test_time(model: &ModelConfig) -> TestTime {
    match model {
        ModelConfig::Pix2pix { generator } => TestTime {
            statistics: NormDefault::Batch,
            dropout: generator.dropout,
        },
        // SPADE alone calls eval().
        ModelConfig::Spade { .. } => TestTime {
            statistics: NormDefault::Running,
            dropout: false,
        },
        ModelConfig::Pix2pixhd { .. } | ModelConfig::Pgan { .. } => TestTime {
            statistics: NormDefault::Batch,
            dropout: false,
        },
    }
}

/// A model that takes label maps, with classes named by the palette where it knows them.
pub fn labels_input(layout: SemanticLayout, palette: Option<Palette>) -> InputKind {
    InputKind::Labels {
        num_classes: layout.num_classes,
        classes: named_classes(layout.num_classes, palette),
        dont_care: layout.dont_care,
        edges: layout.edges,
    }
}

/// A model that takes pictures, which may be painted in the colours of a palette.
pub fn image_input(channels: usize, palette: Option<Palette>) -> InputKind {
    InputKind::Image {
        channels,
        value_range: [-1.0, 1.0],
        palette: palette.unwrap_or_default().classes,
    }
}

/// Exactly `num_classes` classes: those of the palette, then numbered ones.
fn named_classes(num_classes: usize, palette: Option<Palette>) -> Vec<LabelClass> {
    let mut classes = Palette::numbered(num_classes).classes;
    for class in palette.unwrap_or_default().classes {
        if let Some(place) = classes.get_mut(usize::from(class.id)) {
            *place = class;
        }
    }
    classes
}
