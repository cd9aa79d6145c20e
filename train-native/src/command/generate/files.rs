//! Pictures from pictures and label maps.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use burn::tensor::Tensor;
use underpaint_core::bundle::{InputKind, Inputs, Runner};
use underpaint_core::label::{Instances, SemanticLayout};

use super::{GenerateArgs, Half, Target, run, style_picture};
use crate::data::augment::signed_from_picture;
use crate::data::decode::{Color, LabelMap, Picture, read_label_map, read_picture};
use crate::data::files::sample_name;
use crate::data::ids::IdRules;
use crate::data::layout::list_label_maps;
use crate::data::resize::{Filter, resize_bytes, resize_bytes_nearest, resize_ids};
use crate::data::{PixelsF32, Size};
use crate::family::batch;
use crate::model::{Model, input_files};

/// One picture, or `--count` of them, for every input.
pub(super) fn generate(
    args: &GenerateArgs,
    runner: &Runner,
    model: &Model,
    input: &Path,
    output: &Path,
) -> Result<()> {
    let inputs = match &model.manifest.input {
        InputKind::Labels { .. } if input.is_dir() => label_maps(input)?,
        _ => input_files(input)?,
    };
    let target = Target::new(output, input.is_dir() || args.count > 1)?;
    let rules = args.id_rules(&model.manifest.input)?;
    for (path, name) in &inputs {
        let file = InputFile {
            path,
            name,
            rules: &rules,
        };
        let seen = args.inputs(runner, &model.manifest.input, file)?;
        for index in 0..args.count {
            let from = format!("{}", path.display());
            let inputs = Inputs {
                latents: args.latents(runner, index)?,
                ..seen.clone()
            };
            let generated = run(runner, inputs, args.runner.seed, &from)?;
            let name = match args.count {
                1 => name.clone(),
                _ => format!("{name}_{index:05}"),
            };
            target.write(&name, generated)?;
        }
    }
    eprintln!(
        "{} pictures in {}",
        inputs.len() * args.count,
        output.display()
    );
    Ok(())
}

/// The label maps of a folder with their names: Cityscapes has maps of other kinds beside them.
fn label_maps(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let maps = list_label_maps(folder)?.into_iter();
    let named = maps.map(|path| {
        let name = sample_name(folder, &path);
        (path, name)
    });
    Ok(named.collect())
}

/// A file that a picture is made from.
#[derive(Clone, Copy)]
struct InputFile<'a> {
    path: &'a Path,
    /// Below the folder of all of them.
    name: &'a str,
    /// What the ids of a label map mean.
    rules: &'a IdRules,
}

impl GenerateArgs {
    /// What the generator sees of a file.
    fn inputs(&self, runner: &Runner, kind: &InputKind, file: InputFile<'_>) -> Result<Inputs> {
        let path = file.path;
        match kind {
            InputKind::Image { channels, .. } => {
                let PixelsF32 {
                    height,
                    width,
                    data,
                    ..
                } = self.picture(path, *channels)?;
                let condition = runner.condition_from_planes(data, height, width);
                let condition = condition.with_context(|| format!("{}", path.display()))?;
                Ok(condition.into())
            }
            InputKind::Labels { .. } => {
                let layout = kind.layout().context("label maps have a layout")?;
                self.label_inputs(runner, layout, file)
            }
            InputKind::Latent { .. } => bail!("this model generates from latents"),
        }
    }

    fn label_inputs(
        &self,
        runner: &Runner,
        layout: SemanticLayout,
        file: InputFile<'_>,
    ) -> Result<Inputs> {
        let InputFile { path, name, rules } = file;
        let labels = self.labels(path, layout, rules, runner)?;
        let LabelMap { height, width, .. } = labels;
        let instances = self.instances(path, name, &labels)?;
        let condition =
            runner.condition_from_labels(&labels.ids, instances.as_deref(), height, width);
        let condition = condition.with_context(|| format!("{}", path.display()))?;
        let features = match (&self.style, &self.features) {
            _ if runner.model().feature_channels() == 0 => None,
            (Some(style), _) => {
                let ids = instances.as_ref().unwrap_or(&labels.ids);
                let instances = Instances::from_ids(ids, [1, height, width], runner.device())?;
                let picture = style_picture(runner, style)?;
                let features = runner.features_from_style(picture, &instances);
                Some(features.with_context(|| format!("{}", style.display()))?)
            }
            (None, Some(given)) => {
                let file = partner(given, "a feature map", path, name)?;
                Some(feature_map(runner, &file, labels.size())?)
            }
            (None, None) if runner.manifest().clusters.is_some() => {
                let (ids, size) = (&labels.ids, [height, width]);
                let seed = self.runner.seed;
                Some(runner.drawn_features(ids, instances.as_deref(), size, seed)?)
            }
            (None, None) => None,
        };
        Ok(Inputs {
            features,
            ..Inputs::from(condition)
        })
    }

    fn picture(&self, path: &Path, channels: usize) -> Result<PixelsF32> {
        let mut picture = read_picture(path, Color::from_channels(channels)?)?;
        if let Some(half) = self.half {
            let (left, right) = crate::data::paired::split_ab(&picture, path)?;
            picture = if half == Half::Left { left } else { right };
        }
        if let Some(to) = self.wanted_size(picture.size()) {
            let from = picture.size();
            let pixels = resize_bytes(&picture.pixels, from, picture.channels, to, Filter::Bicubic);
            picture = Picture {
                width: to.width,
                height: to.height,
                pixels,
                ..picture
            };
        }
        Ok(signed_from_picture(&picture))
    }

    fn labels(
        &self,
        path: &Path,
        layout: SemanticLayout,
        rules: &IdRules,
        runner: &Runner,
    ) -> Result<LabelMap> {
        let mut labels = read_label_map(path)?;
        rules.apply(&mut labels);
        labels.ids.iter_mut().for_each(|id| *id = layout.label(*id));
        labels.check_range(path, layout.num_labels())?;
        let fixed = runner.model().fixed_size();
        let fixed = fixed.map(|[height, width]| Size::new(width, height));
        match self.wanted_size(labels.size()).or(fixed) {
            Some(to) => Ok(resized(labels, to)),
            None => Ok(labels),
        }
    }

    /// The instance map that belongs to a label map, resized with it.
    fn instances(&self, path: &Path, name: &str, labels: &LabelMap) -> Result<Option<Vec<u16>>> {
        let Some(given) = &self.instances else {
            return Ok(None);
        };
        let file = partner(given, "an instance map", path, name)?;
        let instances = read_label_map(&file)?;
        let original = crate::data::decode::read_label_map_size(path)?;
        if instances.size() != original {
            bail!(
                "{}: expected {original}, the size of {}, found {}",
                file.display(),
                path.display(),
                instances.size()
            );
        }
        Ok(Some(resized(instances, labels.size()).ids))
    }
}

/// Features as `features precompute` writes them, at the size of a label map.
fn feature_map(runner: &Runner, path: &Path, to: Size) -> Result<Tensor<4>> {
    let channels = runner.model().feature_channels();
    let picture = read_picture(path, Color::from_channels(channels)?)?;
    let pixels = resize_bytes_nearest(&picture.pixels, picture.size(), channels, to);
    let picture = Picture {
        width: to.width,
        height: to.height,
        pixels,
        ..picture
    };
    Ok(batch::images(
        &[&signed_from_picture(&picture)],
        runner.device(),
    ))
}

fn resized(map: LabelMap, to: Size) -> LabelMap {
    if map.size() == to {
        return map;
    }
    LabelMap {
        ids: resize_ids(&map.ids, map.size(), to),
        width: to.width,
        height: to.height,
    }
}

/// The file itself, or the one in the folder that is named as the label map, but for Cityscapes' endings.
fn partner(given: &Path, what: &str, labels: &Path, name: &str) -> Result<PathBuf> {
    if given.is_file() {
        return Ok(given.to_path_buf());
    }
    let mut candidates = Vec::new();
    for (path, found) in input_files(given)? {
        if frame(&found) == frame(name) {
            return Ok(path);
        }
        candidates.push(found);
    }
    bail!(
        "{}: expected {what} named as {}, found {}",
        given.display(),
        labels.display(),
        candidates.first().map_or("none", String::as_str)
    )
}

/// A name without what Cityscapes appends to those of label maps and of instance maps.
fn frame(name: &str) -> &str {
    let endings = [
        "_gtFine_labelIds",
        "_gtFine_instanceIds",
        "_labelIds",
        "_instanceIds",
    ];
    let endings = endings.into_iter();
    let mut without = endings.filter_map(|ending| name.strip_suffix(ending));
    without.next().unwrap_or(name)
}
