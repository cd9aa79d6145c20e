//! The original authors' files: what is recognised, what weights cannot tell, and what they become with
//! the answers.

use serde::{Deserialize, Serialize};
use underpaint_core::bundle::{
    FileBytes, InputKind, Manifest, ModelConfig, Network, NormDefault, WeightDtype, describe,
    image_input, labels_input, write_bundle_file,
};
use underpaint_core::checkpoint::{
    Checkpoint, CheckpointWeights, Contents, FamilyName, Hints, Naming, Opened, PganNetwork,
    Recognized, Unread, Wanted, open, recognize,
};
use underpaint_core::label::{KnownPalette, LabelClass, Palette};
use underpaint_core::spade::{Architecture, Upsampling};
use underpaint_core::state_dict::Named;
use underpaint_core::{Error, pix2pix};

use crate::error::{FileError, Result};

/// What people say of a file. Whatever is not said is as weights and families have it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Answers {
    /// pix2pix, pix2pixhd, spade or pgan.
    pub family: Option<String>,
    /// Which network of a file with several.
    pub key: Option<String>,
    /// Name of the model for people.
    pub name: Option<String>,
    /// As [`Hints::no_dropout`].
    pub no_dropout: bool,
    /// As [`Hints::labels`].
    pub labels: bool,
    /// As [`Hints::pictures`].
    pub pictures: bool,
    /// As [`Hints::feature_channels`].
    pub feature_channels: Option<usize>,
    /// As [`Hints::dont_care`].
    pub dont_care: Option<bool>,
    /// As [`Hints::edges`].
    pub edges: Option<bool>,
    /// Names and colours of the classes; those of the likely data set, where nothing is said.
    pub palette: Option<PaletteAnswer>,
    /// As [`Hints::upsampling`].
    pub upsampling: Option<Upsampling>,
    /// As [`Hints::size`].
    pub size: Option<usize>,
    /// As [`Hints::aspect_ratio`].
    pub aspect_ratio: Option<f64>,
    /// `average` or `generator`.
    pub network: Option<String>,
    /// Statistics of batch norm.
    pub statistics: Option<NormDefault>,
    /// Whether dropout drops.
    pub dropout: Option<bool>,
}

/// Names and colours of classes: those of a data set, or one's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum PaletteAnswer {
    /// As [`KnownPalette::name`], or [`NUMBERED`].
    Name(String),
    /// One's own.
    Classes(Vec<LabelClass>),
}

/// The palette of classes that are only numbered.
pub const NUMBERED: &str = "numbered";

impl Answers {
    /// From JSON.
    ///
    /// # Errors
    ///
    /// [`FileError::BadInput`] naming what is no answer.
    pub fn from_json(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(|error| FileError::BadInput(format!("answers: {error}")))
    }

    fn hints(&self) -> Result<Hints> {
        let network = match self.network.as_deref() {
            None => None,
            Some("average") => Some(PganNetwork::Average),
            Some("generator") => Some(PganNetwork::Generator),
            Some(other) => {
                let message = format!("network: expected average or generator, found {other:?}");
                return Err(FileError::BadInput(message));
            }
        };
        let palette = match &self.palette {
            Some(PaletteAnswer::Classes(classes)) => Some(classes.clone()),
            Some(PaletteAnswer::Name(_)) | None => None,
        };
        Ok(Hints {
            no_dropout: self.no_dropout,
            labels: self.labels,
            pictures: self.pictures,
            feature_channels: self.feature_channels,
            dont_care: self.dont_care,
            edges: self.edges,
            palette: palette.map(|classes| Palette { classes }),
            upsampling: self.upsampling,
            size: self.size,
            aspect_ratio: self.aspect_ratio,
            network,
            naming: Naming::Fields,
        })
    }
}

/// A file and its name.
#[derive(Debug)]
pub struct NamedFile<B> {
    /// Its content.
    pub bytes: B,
    /// Its name.
    pub name: String,
}

/// What was recognised, as JavaScript is told.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Everything but the weights.
    pub manifest: Manifest,
    /// Another family that has such weights as well.
    pub or: Option<&'static str>,
    /// The network that was taken, where the file has several.
    pub taken: Option<String>,
    /// The others.
    pub others: Vec<String>,
    /// The data set whose names the classes have, by [`KnownPalette::name`], or [`NUMBERED`]; nothing where they are
    /// one's own, or there are none.
    pub palette: Option<&'static str>,
    /// Numbers in the generator's weights.
    pub numbers: u64,
    /// Numbers in the encoder's.
    pub encoder_numbers: u64,
    /// Number types in the file, as safetensors calls them.
    pub number_types: String,
    /// What people may be asked, by the names of [`Answers`].
    pub questions: Vec<&'static str>,
    /// What people should know.
    pub notes: Vec<String>,
}

/// A model in a file of the authors, none of its weights read.
#[derive(Debug)]
pub struct Found<B> {
    /// What it is, and what can be asked.
    pub report: Report,
    /// The generator's weights.
    pub weights: CheckpointWeights<B>,
    /// The encoder's.
    pub encoder: Option<CheckpointWeights<B>>,
}

/// Recognises the model in a file, with an encoder beside it.
///
/// # Errors
///
/// [`FileError::Core`] if there is none, the file is damaged or the answers do not fit it;
/// [`FileError::BadInput`] for answers that are none.
pub fn find<B: FileBytes>(
    file: NamedFile<B>,
    encoder: Option<NamedFile<B>>,
    answers: &Answers,
) -> Result<Found<B>> {
    let hints = answers.hints()?;
    let size = hints.trained_size().map_err(Error::from)?;
    let family = answers.family.as_deref().map(str::parse::<FamilyName>);
    let family = family.transpose().map_err(Error::from)?;
    let opened = opened(&file.name, file.bytes, Wanted::Generator, answers)?;
    let has_average = matches!(&opened.checkpoint, Checkpoint::Pgan(networks) if networks.average != networks.generator);
    let encoder = encoder.map(|file| encoder_of(file, answers)).transpose()?;
    let (encoder_contents, encoder) = encoder.unzip();
    let recognized = recognize(opened.checkpoint, encoder, family, &hints);
    let mut recognized = recognized.map_err(Error::from)?;
    let palette = name_classes(&mut recognized.input, answers)?;
    let choice = opened.choice;
    let questions = questions(&recognized, has_average);
    let name = answers.name.clone().unwrap_or_else(|| stem(&file.name));
    let mut manifest = manifest(name, &recognized, size, answers);
    manifest.provenance.imported_from = Some(file.name);
    let encoder_weights = recognized.encoder.as_ref();
    // As they will be on the device.
    manifest.weights.bytes = 4 * numbers(&recognized.weights);
    let report = Report {
        manifest,
        or: recognized.or.map(FamilyName::word),
        palette,
        taken: choice.as_ref().map(|choice| choice.taken.clone()),
        others: choice.map_or_else(Vec::new, |choice| choice.others),
        numbers: numbers(&recognized.weights),
        encoder_numbers: encoder_weights.map_or(0, numbers),
        number_types: opened.contents.number_types(&recognized.weights),
        questions,
        notes: recognized.notes,
    };
    let weights = CheckpointWeights::new(opened.contents, recognized.weights);
    let encoder = encoder_contents.zip(recognized.encoder);
    let encoder = encoder.map(|(contents, weights)| CheckpointWeights::new(contents, weights));
    Ok(Found {
        report,
        weights: weights.map_err(Error::from)?,
        encoder: encoder.transpose().map_err(Error::from)?,
    })
}

impl<B: FileBytes> Found<B> {
    /// Writes it as a bundle in one file, as [`write_bundle_file`] does.
    ///
    /// # Errors
    ///
    /// As [`write_bundle_file`].
    pub fn write(
        &self,
        dtype: WeightDtype,
        write: &mut dyn FnMut(u64, &[u8]) -> underpaint_core::Result<()>,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Manifest> {
        let generator = network(&self.weights);
        let encoder = self.encoder.as_ref().map(network);
        let manifest = self.report.manifest.clone();
        let encoder = encoder.as_ref();
        Ok(write_bundle_file(
            manifest, &generator, encoder, dtype, write, progress,
        )?)
    }
}

/// Gives classes the names and colours of a data set: the one that was asked for, or else the likely one.
fn name_classes(input: &mut InputKind, answers: &Answers) -> Result<Option<&'static str>> {
    let asked = match &answers.palette {
        Some(PaletteAnswer::Classes(_)) => return Ok(None),
        Some(PaletteAnswer::Name(name)) if name == NUMBERED => return Ok(Some(NUMBERED)),
        Some(PaletteAnswer::Name(name)) => {
            let known = name.parse::<KnownPalette>();
            let told = |error| FileError::BadInput(format!("palette: {error}"));
            Some(known.map_err(told)?)
        }
        None => None,
    };
    match (input.layout(), &input, asked) {
        (Some(layout), _, asked) => {
            let known = asked.or_else(|| KnownPalette::likely_for(layout.num_classes));
            let Some(known) = known else {
                return Ok(Some(NUMBERED));
            };
            *input = labels_input(layout, Some(known.palette_of(layout.num_classes)));
            Ok(Some(known.name()))
        }
        (None, InputKind::Image { channels, .. }, Some(known)) => {
            *input = image_input(*channels, Some(known.palette()));
            Ok(Some(known.name()))
        }
        _ => Ok(None),
    }
}

fn network<B: FileBytes>(weights: &CheckpointWeights<B>) -> Network<'_> {
    Network {
        shapes: weights.shapes().collect(),
        values: weights,
    }
}

fn opened<B: FileBytes>(
    name: &str,
    bytes: B,
    wanted: Wanted,
    answers: &Answers,
) -> Result<Opened<B>> {
    let key = answers
        .key
        .as_deref()
        .filter(|_| wanted == Wanted::Generator);
    open(bytes, wanted, key, Naming::Fields).map_err(|failure| named(name, failure.into()))
}

/// Says which of several files is meant.
fn named(name: &str, error: Error) -> FileError {
    match error {
        Error::Checkpoint(failure) => {
            let message = format!("{name}: {failure:#}");
            Error::Checkpoint(underpaint_core::checkpoint::Failure::new(message)).into()
        }
        other => other.into(),
    }
}

fn encoder_of<B: FileBytes>(
    file: NamedFile<B>,
    answers: &Answers,
) -> Result<(Contents<B>, Named<Unread>)> {
    let opened = opened(&file.name, file.bytes, Wanted::Encoder, answers)?;
    match opened.checkpoint {
        Checkpoint::StateDict(dict) => Ok((opened.contents, dict)),
        Checkpoint::Pgan(_) => Err(FileError::BadInput(format!(
            "{}: expected an encoder, found a checkpoint of PGAN",
            file.name
        ))),
    }
}

fn manifest(
    name: String,
    found: &Recognized<Unread>,
    size: [usize; 2],
    answers: &Answers,
) -> Manifest {
    const PRODUCER: &str = concat!("underpaint ", env!("CARGO_PKG_VERSION"));
    let (model, input) = (found.model.clone(), found.input.clone());
    let mut manifest = describe(name, model, input, size, PRODUCER);
    let test_time = &mut manifest.test_time;
    test_time.statistics = answers.statistics.unwrap_or(test_time.statistics);
    test_time.dropout = answers.dropout.unwrap_or(test_time.dropout);
    manifest
}

/// What the weights of such a model do not tell.
fn questions(found: &Recognized<Unread>, has_average: bool) -> Vec<&'static str> {
    let mut questions = Vec::new();
    if found.or.is_some() {
        questions.push("family");
    }
    let is_labels = found.input.layout().is_some();
    let channels = found.model.condition_channels();
    match &found.model {
        ModelConfig::Pix2pix { generator } => {
            if [1, 3].contains(&channels) {
                questions.push("labels");
            }
            if matches!(generator.architecture, pix2pix::Architecture::Unet { .. }) {
                questions.push("noDropout");
            }
        }
        ModelConfig::Pix2pixhd { .. } => {
            if [1, 3].contains(&channels) {
                questions.push("pictures");
            }
            if is_labels {
                questions.extend(["dontCare", "edges"]);
            }
        }
        ModelConfig::Spade { generator, .. } => {
            questions.extend(["dontCare", "edges"]);
            let open = |spade: &underpaint_core::spade::SpadeArchitecture| {
                spade.upsampling != Upsampling::Most
            };
            if matches!(&generator.architecture, Architecture::Spade(spade) if open(spade)) {
                questions.push("upsampling");
            }
        }
        ModelConfig::Pgan { .. } => {
            if has_average {
                questions.push("network");
            }
            return questions;
        }
    }
    questions.push("palette");
    if found.model.fixed_size().is_none() {
        questions.push("size");
    }
    questions.push("aspectRatio");
    if found.model.has_batch_norm() {
        questions.push("statistics");
    }
    questions
}

fn numbers(weights: &Named<Unread>) -> u64 {
    use underpaint_core::state_dict::HasShape;
    let size = |weight: &Unread| {
        weight
            .shape()
            .iter()
            .map(|&axis| axis as u64)
            .product::<u64>()
    };
    weights.values().map(size).sum()
}

/// A file's name without its ending.
fn stem(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    match stem {
        "" => "imported".to_owned(),
        stem => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use underpaint_core::bundle::{BundleFile, FileWeights, Part};
    use underpaint_plan::WeightSource;

    /// A file of the original implementations: `tests/fixtures` says how they were made.
    fn file(path: &str) -> NamedFile<Vec<u8>> {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
        #[expect(
            clippy::disallowed_methods,
            reason = "a test runs where there are files"
        )]
        let bytes = std::fs::read(place.join(path)).expect("a fixture");
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        NamedFile { bytes, name }
    }

    fn borrowed(file: &NamedFile<Vec<u8>>) -> NamedFile<&[u8]> {
        NamedFile {
            bytes: &file.bytes,
            name: file.name.clone(),
        }
    }

    fn report(path: &str, answers: &str) -> std::result::Result<Report, String> {
        let file = file(path);
        let answers = Answers::from_json(answers).map_err(|error| error.to_string())?;
        let found = find(borrowed(&file), None, &answers);
        found
            .map(|found| found.report)
            .map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn every_family_is_recognized_and_asked_what_its_weights_do_not_tell() {
        for (path, family, questions) in [
            (
                "p2p_unet128_in/weights.pth",
                "pix2pix",
                &["labels", "noDropout", "palette", "size", "aspectRatio"][..],
            ),
            (
                "hd_global_d2_b2/weights.pth",
                "pix2pixhd",
                &["dontCare", "edges", "palette", "size", "aspectRatio"],
            ),
            (
                "spade_g_syncbatch/weights.pth",
                "spade",
                &[
                    "dontCare",
                    "edges",
                    "upsampling",
                    "palette",
                    "size",
                    "aspectRatio",
                    "statistics",
                ],
            ),
            (
                "pgan_checkpoint/pgan_checkpoint_s2_i48000.pt",
                "pgan",
                &["network"],
            ),
        ] {
            let report = report(path, "{}").expect("a generator");
            assert_eq!(report.manifest.model.family(), family);
            assert_eq!(report.questions, questions, "{path}");
            assert!(
                report.numbers > 100 && report.number_types == "F32",
                "{report:?}"
            );
        }
    }

    #[test]
    fn answers_change_the_manifest_and_those_that_do_not_fit_are_refused() {
        let path = "hd_global_d2_b2/weights.pth";
        let plain = report(path, "{}").expect("a generator").manifest;
        let answers = r#"{"edges": false, "dontCare": true, "size": 64, "name": "mine"}"#;
        let answered = report(path, answers).expect("a generator").manifest;
        let layout = |manifest: &Manifest| manifest.input.layout().expect("labels");
        assert!(layout(&plain).edges && !layout(&plain).dont_care);
        assert!(!layout(&answered).edges && layout(&answered).dont_care);
        assert_eq!((answered.name.as_str(), answered.size.width), ("mine", 64));
        let named = report(path, r#"{"palette": "facades"}"#).expect("a generator");
        assert_eq!(named.palette, Some("facades"));
        assert!(named.manifest != plain);
        let numbered = report(path, "{}").expect("a generator").palette;
        assert_eq!(numbered, Some(NUMBERED));
        for (answers, part) in [
            (
                r#"{"upsampling": "more"}"#,
                "upsampling: pix2pixHD has no use for it",
            ),
            (r#"{"size": 0}"#, "size and aspectRatio"),
            (r#"{"family": "gan"}"#, "expected pix2pix"),
            (r#"{"colour": 1}"#, "unknown field `colour`"),
            (r#"{"network": "best"}"#, "expected average or generator"),
            (
                r#"{"palette": "mars"}"#,
                "palette: expected one of cityscapes",
            ),
        ] {
            let told = report(path, answers).expect_err("refused");
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn what_is_no_generator_is_told_with_the_files_name() {
        let told = report("spade_E/weights.pth", "{}").expect_err("an encoder");
        assert!(told.contains("encoder"), "{told}");
        let cut = file("p2p_unet128_in/weights.pth");
        let cut = NamedFile {
            bytes: &cut.bytes[..cut.bytes.len() - 1000],
            name: "cut.pth".to_owned(),
        };
        let told = find(cut, None, &Answers::default()).expect_err("cut");
        assert_eq!(told.code(), "bad-bundle");
        assert!(format!("{told:#}").starts_with("cut.pth: "), "{told:#}");
    }

    #[test]
    fn a_bundle_in_one_file_has_the_weights_of_the_checkpoint() {
        for path in [
            "spade_spec_trace_w/weights_G.pth",
            "p2p_resnet6_in/weights.pth",
            "pgan_8px/weights_G.pth",
        ] {
            let file = file(path);
            let found = find(borrowed(&file), None, &Answers::default()).expect("a generator");
            let mut bundle = Vec::new();
            let mut write = |at: u64, bytes: &[u8]| {
                let end = at as usize + bytes.len();
                bundle.resize(bundle.len().max(end), 0);
                bundle[at as usize..end].copy_from_slice(bytes);
                Ok(())
            };
            let mut shares = Vec::new();
            let mut progress = |share| shares.push(share);
            let manifest = found.write(WeightDtype::F32, &mut write, &mut progress);
            let manifest = manifest.expect("written");
            assert_eq!(shares.last(), Some(&1.0));
            let read = BundleFile::open(bundle.as_slice()).expect("a bundle");
            assert_eq!(read.manifest(), &manifest);
            let place = read.place(&manifest.weights).expect("there");
            let part = Part::new(bundle.as_slice(), place).expect("within");
            manifest.weights.verify(&part).expect("its digest");
            let weights = FileWeights::new(part).expect("safetensors");
            for (key, _) in found.weights.shapes() {
                let one = found.weights.read(key).expect("in the checkpoint");
                assert_eq!(
                    weights.read(key).expect("in the bundle"),
                    one,
                    "{path} {key}"
                );
            }
        }
    }
}
