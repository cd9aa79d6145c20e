//! What a generator sees of a file: read on any thread, put on the device by the one that runs it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use burn::tensor::{Tensor, TensorData};
use underpaint_core::bundle::{InputKind, Inputs, Runner};
use underpaint_core::label::{Instances, SemanticLayout};

use super::partners::Partners;
use super::{GenerateArgs, Half};
use crate::data::augment::signed_from_picture;
use crate::data::decode::{
    Color, LabelMap, Picture, read_label_map, read_label_map_size, read_picture,
};
use crate::data::ids::IdRules;
use crate::data::resize::{Filter, resize_bytes, resize_bytes_nearest, resize_ids};
use crate::data::{PixelsF32, Size};
use crate::family::batch;
use crate::model::Model;

/// What a picture is made of, in memory.
#[derive(Debug)]
pub(super) enum Seen {
    /// Nothing but latents.
    Nothing,
    /// A picture.
    Picture(PixelsF32),
    /// A label map and what belongs to it.
    Labels(LabelsSeen),
}

/// A label map and what belongs to it, all of one size.
#[derive(Debug)]
pub(super) struct LabelsSeen {
    pub labels: LabelMap,
    pub instances: Option<Vec<u16>>,
    pub look: Look,
}

/// What objects look like, for models that take features.
#[derive(Debug, Clone)]
pub(super) enum Look {
    /// The model takes none, or complains itself.
    None,
    /// As the seed draws them from the model's clusters.
    Drawn,
    /// Features of every pixel.
    Features(PixelsF32),
    /// As in a photo, which the encoder reads.
    Photo(Arc<PixelsF32>, PathBuf),
}

impl Seen {
    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        match self {
            Self::Nothing => [0, 0],
            Self::Picture(picture) => [picture.height, picture.width],
            Self::Labels(seen) => [seen.labels.height, seen.labels.width],
        }
    }

    /// Puts it on the runner's device.
    pub fn inputs(&self, runner: &Runner, seed: u64) -> Result<Inputs> {
        match self {
            Self::Nothing => Ok(Inputs::default()),
            Self::Picture(picture) => {
                let PixelsF32 { height, width, .. } = *picture;
                Ok(runner
                    .condition_from_planes(picture.data.clone(), height, width)?
                    .into())
            }
            Self::Labels(seen) => {
                let LabelMap { height, width, ids } = &seen.labels;
                let instances = seen.instances.as_deref();
                let condition = runner.condition_from_labels(ids, instances, *height, *width)?;
                Ok(Inputs {
                    features: seen.features(runner, seed)?,
                    ..Inputs::from(condition)
                })
            }
        }
    }
}

impl LabelsSeen {
    /// The features of every pixel, where there are any.
    pub fn features(&self, runner: &Runner, seed: u64) -> Result<Option<Tensor<4>>> {
        let LabelMap { height, width, ids } = &self.labels;
        let instances = self.instances.as_deref();
        Ok(match &self.look {
            Look::None => None,
            Look::Drawn => Some(runner.drawn_features(ids, instances, [*height, *width], seed)?),
            Look::Features(planes) => Some(batch::images(&[planes], runner.device())),
            Look::Photo(photo, path) => {
                let ids = instances.unwrap_or(ids);
                let instances = Instances::from_ids(ids, [1, *height, *width], runner.device())?;
                let photo = batch::images(&[photo], runner.device());
                let features = runner.features_from_style(photo, &instances);
                Some(features.with_context(|| format!("{}", path.display()))?)
            }
        })
    }
}

/// Several inputs of one size as a batch.
pub(super) fn stacked(all: Vec<Inputs>) -> Inputs {
    let cat = |tensors: Vec<Option<Tensor<4>>>| {
        let tensors: Option<Vec<Tensor<4>>> = tensors.into_iter().collect();
        tensors.map(|tensors| match tensors.len() {
            1 => tensors.into_iter().next(),
            _ => Some(Tensor::cat(tensors, 0)),
        })
    };
    let (conditions, features) = all
        .into_iter()
        .map(|inputs| (inputs.condition, inputs.features))
        .unzip();
    Inputs {
        condition: cat(conditions).flatten(),
        features: cat(features).flatten(),
        ..Inputs::default()
    }
}

/// Where the looks of objects come from.
enum Looks {
    None,
    Drawn,
    /// Feature maps as files.
    Files(Partners),
    /// One photo for every input.
    Style(Picture, PathBuf),
    /// A photo for each input.
    Photos(Partners),
}

/// Reads the files of a folder, whatever a model takes.
pub(super) struct Reader<'a> {
    args: &'a GenerateArgs,
    kind: &'a InputKind,
    rules: IdRules,
    fixed: Option<Size>,
    feature_channels: usize,
    output_channels: usize,
    instances: Option<Partners>,
    looks: Looks,
}

impl<'a> Reader<'a> {
    /// Looks at the folders that inputs have partners in.
    pub fn new(
        args: &'a GenerateArgs,
        runner: &Runner,
        model: &'a Model,
        input: &Path,
    ) -> Result<Self> {
        let network = runner.model();
        let instances = args.instances.as_deref();
        let fixed = network.fixed_size();
        Ok(Self {
            args,
            kind: &model.manifest.input,
            rules: args.id_rules(&model.manifest.input)?,
            fixed: fixed.map(|[height, width]| Size::new(width, height)),
            feature_channels: network.feature_channels(),
            output_channels: network.output_channels(),
            instances: instances
                .map(|given| Partners::of(given, "an instance map"))
                .transpose()?,
            looks: args.looks(runner, input)?,
        })
    }

    /// The files that a picture depends on besides its input.
    pub fn partners(&self, path: &Path, name: &str) -> Vec<PathBuf> {
        let looks = match &self.looks {
            Looks::Files(partners) | Looks::Photos(partners) => Some(partners),
            _ => None,
        };
        let partners = [self.instances.as_ref(), looks].into_iter().flatten();
        // What is missing is told when the file is read.
        partners
            .filter_map(|partners| partners.find(path, name).ok())
            .map(Path::to_path_buf)
            .collect()
    }

    /// What the generator sees of a file.
    pub fn read(&self, path: &Path, name: &str) -> Result<Seen> {
        match self.kind {
            InputKind::Image { channels, .. } => {
                let picture = self.picture(path, *channels)?;
                Ok(Seen::Picture(picture))
            }
            InputKind::Labels { .. } => {
                let layout = self.kind.layout().context("label maps have a layout")?;
                Ok(Seen::Labels(self.labels_seen(path, name, layout)?))
            }
            InputKind::Latent { .. } => bail!("this model generates from latents"),
        }
    }

    fn labels_seen(&self, path: &Path, name: &str, layout: SemanticLayout) -> Result<LabelsSeen> {
        let labels = self.labels(path, layout)?;
        let instances = self.instance_map(path, name, &labels)?;
        let look = match &self.looks {
            Looks::None => Look::None,
            Looks::Drawn => Look::Drawn,
            Looks::Files(partners) => {
                let file = partners.find(path, name)?;
                Look::Features(feature_map(file, self.feature_channels, labels.size())?)
            }
            Looks::Style(photo, file) => {
                // A photo of this map is resized with it; one of another size is refused by the encoder.
                let is_of_map = photo.size() == read_label_map_size(path)?;
                let size = if is_of_map {
                    labels.size()
                } else {
                    photo.size()
                };
                photo_look(photo.clone(), file, size)
            }
            Looks::Photos(partners) => {
                let file = partners.find(path, name)?;
                let photo = read_picture(file, Color::from_channels(self.output_channels)?)?;
                photo_look(photo, file, labels.size())
            }
        };
        Ok(LabelsSeen {
            labels,
            instances,
            look,
        })
    }

    fn picture(&self, path: &Path, channels: usize) -> Result<PixelsF32> {
        let mut picture = read_picture(path, Color::from_channels(channels)?)?;
        if let Some(half) = self.args.half {
            let (left, right) = crate::data::paired::split_ab(&picture, path)?;
            picture = if half == Half::Left { left } else { right };
        }
        if let Some(to) = self.args.wanted_size(picture.size()) {
            picture = resized_picture(picture, to);
        }
        Ok(signed_from_picture(&picture))
    }

    fn labels(&self, path: &Path, layout: SemanticLayout) -> Result<LabelMap> {
        let mut labels = read_label_map(path)?;
        self.rules.apply(&mut labels);
        labels.ids.iter_mut().for_each(|id| *id = layout.label(*id));
        labels.check_range(path, layout.num_labels())?;
        match self.args.wanted_size(labels.size()).or(self.fixed) {
            Some(to) => Ok(resized_map(labels, to)),
            None => Ok(labels),
        }
    }

    /// The instance map that belongs to a label map, resized with it.
    fn instance_map(&self, path: &Path, name: &str, labels: &LabelMap) -> Result<Option<Vec<u16>>> {
        let Some(partners) = &self.instances else {
            return Ok(None);
        };
        let file = partners.find(path, name)?;
        let instances = read_label_map(file)?;
        let original = read_label_map_size(path)?;
        if instances.size() != original {
            bail!(
                "{}: expected {original}, the size of {}, found {}",
                file.display(),
                path.display(),
                instances.size()
            );
        }
        Ok(Some(resized_map(instances, labels.size()).ids))
    }
}

impl GenerateArgs {
    /// Where the looks of objects come from, as the flags say.
    fn looks(&self, runner: &Runner, input: &Path) -> Result<Looks> {
        if runner.model().feature_channels() == 0 {
            return Ok(Looks::None);
        }
        if let Some(path) = &self.style {
            let colour = Color::from_channels(runner.output_channels())?;
            return Ok(Looks::Style(read_picture(path, colour)?, path.clone()));
        }
        let given = self.features.as_deref();
        match given.and_then(Path::to_str) {
            Some("sample") if runner.manifest().clusters.is_none() => bail!(
                "--features sample: this model has no typical features to draw from: make them with \
                 `features cluster`, or give the authors' with --clusters FILE"
            ),
            Some("encode") if !runner.model().has_encoder() => bail!(
                "--features encode: this model has no trained encoder that reads features from a photo"
            ),
            Some("sample") => Ok(Looks::Drawn),
            Some("encode") => {
                let images = match &self.images {
                    Some(images) => images.clone(),
                    None => photos_beside(input)?,
                };
                Ok(Looks::Photos(Partners::of(&images, "a photo")?))
            }
            None if given.is_none() && runner.manifest().clusters.is_some() => Ok(Looks::Drawn),
            None if given.is_none() => Ok(Looks::None),
            _ => {
                let maps = given.unwrap_or(Path::new(""));
                Ok(Looks::Files(Partners::of(maps, "a feature map")?))
            }
        }
    }
}

/// The folder of photos that belongs to one of label maps, as the data sets of pix2pixHD lie:
/// `val_img` beside `val_label`.
fn photos_beside(input: &Path) -> Result<PathBuf> {
    let folder = match input.is_dir() {
        true => input,
        false => input.parent().unwrap_or(Path::new("")),
    };
    let name = folder.file_name().map(|name| name.to_string_lossy());
    let phase = name.as_deref().and_then(|name| name.strip_suffix("_label"));
    let beside = phase.map(|phase| folder.with_file_name(format!("{phase}_img")));
    match beside {
        Some(images) if images.is_dir() => Ok(images),
        beside => bail!(
            "--features encode: expected the photos with --images DIR{}",
            match beside {
                Some(images) => format!(", found no folder {} either", images.display()),
                None => String::new(),
            }
        ),
    }
}

/// What objects look like in a photo, resized.
fn photo_look(photo: Picture, file: &Path, to: Size) -> Look {
    let photo = resized_picture(photo, to);
    Look::Photo(Arc::new(signed_from_picture(&photo)), file.to_path_buf())
}

/// A picture for an encoder, in `[-1, 1]`.
pub(super) fn style_planes(channels: usize, path: &Path) -> Result<PixelsF32> {
    let picture = read_picture(path, Color::from_channels(channels)?)?;
    Ok(signed_from_picture(&picture))
}

/// Features as `features precompute` writes them, at the size of a label map.
fn feature_map(path: &Path, channels: usize, to: Size) -> Result<PixelsF32> {
    let picture = read_picture(path, Color::from_channels(channels)?)?;
    let pixels = resize_bytes_nearest(&picture.pixels, picture.size(), channels, to);
    Ok(signed_from_picture(&Picture {
        width: to.width,
        height: to.height,
        pixels,
        ..picture
    }))
}

fn resized_picture(picture: Picture, to: Size) -> Picture {
    let from = picture.size();
    if from == to {
        return picture;
    }
    let pixels = resize_bytes(&picture.pixels, from, picture.channels, to, Filter::Bicubic);
    Picture {
        width: to.width,
        height: to.height,
        pixels,
        ..picture
    }
}

fn resized_map(map: LabelMap, to: Size) -> LabelMap {
    if map.size() == to {
        return map;
    }
    LabelMap {
        ids: resize_ids(&map.ids, map.size(), to),
        width: to.width,
        height: to.height,
    }
}

/// Planes on the device of a runner.
pub(super) fn planes(runner: &Runner, planes: &PixelsF32) -> Tensor<4> {
    let shape = [1, planes.channels, planes.height, planes.width];
    Tensor::from_data(TensorData::new(planes.data.clone(), shape), runner.device())
}
