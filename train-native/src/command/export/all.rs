//! `underpaint export --format all`: what a page or a peer needs, in one folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use underpaint_core::bundle::{BUNDLE_EXTENSION, WeightDtype, encode_state_dict_for_pytorch};

use super::ExportArgs;
use super::card::{self, Listed};
use crate::model::{Model, check_replaced, write_packed};

/// Name of the model card.
const CARD: &str = "MODEL.md";

impl ExportArgs {
    /// Writes the folder, whole or not at all: a bundle by itself, the same as one file, the weights for PyTorch, ONNX
    /// graphs where the network has some, and a card that says what is there.
    pub(super) fn export_all(self) -> Result<()> {
        check_replaced(&self.output, false, self.force)?;
        let mut model = Model::open(&self.run)?;
        if let Some(name) = &self.name {
            model.manifest.name = name.clone();
        }
        if let Some(licence) = &self.licence {
            model.manifest.provenance.licence = Some(licence.clone());
        }
        let own = model.manifest.weights.dtype;
        let dtype = self.dtype.map_or(own, WeightDtype::from);
        let stem = self.output.file_name().unwrap_or_default();
        let stem = stem.to_string_lossy().into_owned();
        let mut written = Vec::new();
        crate::files::fill_folder(&self.output, self.force, |draft| {
            let mut draft = Draft {
                folder: draft,
                stem: &stem,
                dtype,
                files: Vec::new(),
            };
            draft.bundle(&mut model)?;
            draft.pytorch(&model)?;
            let missing = draft.onnx(&model, &self)?;
            let text = card::write(&model.manifest, &draft.files, missing.as_deref());
            draft.file(CARD, "this card", text.as_bytes())?;
            written = draft.files;
            Ok(())
        })?;
        for Listed { name, bytes, .. } in &written {
            let path = self.output.join(name);
            eprintln!("{}: {}", path.display(), card::size(*bytes));
        }
        if model.manifest.provenance.licence.is_none() {
            eprintln!("{CARD} says that no licence is stated: --licence TEXT states one");
        }
        Ok(())
    }
}

/// The folder while it is filled.
struct Draft<'a> {
    folder: &'a Path,
    stem: &'a str,
    dtype: WeightDtype,
    files: Vec<Listed>,
}

impl Draft<'_> {
    fn file(&mut self, name: &str, what: &'static str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        self.list(name, what)
    }

    fn list(&mut self, name: &str, what: &'static str) -> Result<()> {
        let path = self.folder.join(name);
        let bytes = fs::metadata(&path)
            .with_context(|| format!("cannot read {}", path.display()))?
            .len();
        self.files.push(Listed {
            name: name.to_owned(),
            what,
            bytes,
            sha256: crate::files::sha256(&path)?,
        });
        Ok(())
    }

    fn bundle(&mut self, model: &mut Model) -> Result<()> {
        let files = model.bundle_files(self.dtype)?;
        let whats = [
            "the bundle: what every command of Underpaint and its pages read, with the files that it names",
            "weights of the generator",
            "weights of the encoder",
        ];
        for ((name, bytes), what) in files.iter().zip(whats) {
            self.file(name, what, bytes)?;
        }
        let name = format!("{}.{BUNDLE_EXTENSION}", self.stem);
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_slice()))
            .collect();
        write_packed(&self.folder.join(&name), &files)?;
        self.list(
            &name,
            "the bundle in one file, for pages and for the studio",
        )
    }

    fn pytorch(&mut self, model: &Model) -> Result<()> {
        let steps = model.manifest.provenance.steps.unwrap_or(0);
        let networks = [
            (
                Some(&model.weights),
                "",
                "the generator for the authors' PyTorch classes",
            ),
            (
                model.encoder.as_ref(),
                "-encoder",
                "the encoder for the authors' PyTorch classes",
            ),
        ];
        for (weights, part, what) in networks {
            let Some(weights) = weights else {
                continue;
            };
            let bytes = encode_state_dict_for_pytorch(weights, self.dtype, steps)?;
            let name = format!("{}{part}.pytorch.safetensors", self.stem);
            self.file(&name, what, &bytes)?;
        }
        Ok(())
    }

    /// Why there are no graphs, if there are none.
    fn onnx(&mut self, model: &Model, args: &ExportArgs) -> Result<Option<String>> {
        let output = self.folder.join(format!("{}.onnx", self.stem));
        let files = match args.onnx.files(model, &output, self.dtype) {
            Ok(files) => files,
            // What a flag asks for in vain is an error; what the network cannot is not.
            Err(error) if args.onnx.given().is_some() => return Err(error),
            Err(error) => {
                let why = format!("{error:#}");
                eprintln!("no ONNX graph: {why}");
                return Ok(Some(why));
            }
        };
        let whats = [
            "the generator as an ONNX graph",
            "the encoder as an ONNX graph",
        ];
        for ((path, file), what) in files.iter().zip(whats) {
            file.save(path)?;
            let name = path.file_name().unwrap_or_default();
            self.list(&name.to_string_lossy(), what)?;
        }
        Ok(None)
    }
}
