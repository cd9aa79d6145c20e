//! The generator, of either architecture.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use super::{
    Architecture, GeneratorConfig, ResnetArchitecture, SpadeArchitecture, SpadeBlock, Upsampling,
};
use crate::Result;
use crate::layers::{
    Linear, Mode, ResnetGenerator, ResnetShape, conv2d, leaky_relu, resize_nearest, resnet_head,
    upsample_nearest,
};
use crate::ops::{Convolve, tanh, to_f32};

/// Width at the start, in units of the last block's.
const WIDEST: usize = 16;

/// A SPADE generator.
// Two variants of different size, one instance per program: boxing would buy nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Generator {
    /// Of modulated residual blocks.
    Spade(SpadeGenerator),
    /// pix2pixHD's global generator.
    Pix2pixHd(ResnetGenerator),
}

impl GeneratorConfig {
    /// Builds the network with zero weights.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) as [`validate`](Self::validate).
    pub fn init(&self, device: &Device) -> Result<Generator> {
        self.validate()?;
        Ok(match &self.architecture {
            Architecture::Spade(spade) => {
                Generator::Spade(SpadeGenerator::new(self, spade, device))
            }
            Architecture::Pix2pixHd(resnet) => {
                Generator::Pix2pixHd(resnet_generator(self, resnet, device))
            }
        })
    }
}

fn resnet_generator(
    config: &GeneratorConfig,
    resnet: &ResnetArchitecture,
    device: &Device,
) -> ResnetGenerator {
    let shape = ResnetShape {
        input_channels: config.input_channels,
        base_channels: config.base_channels,
        num_downs: resnet.num_downs,
        num_blocks: resnet.num_blocks,
        norm: resnet.norm.norm,
        bias: resnet.norm.conv_bias(),
        spectral: resnet.norm.spectral,
        dropout: false,
    };
    ResnetGenerator {
        trunk: shape.trunk_with_kernels(resnet.first_kernel, resnet.block_kernel, device),
        head: resnet_head([config.base_channels, config.output_channels], device),
    }
}

impl Generator {
    /// See [`SpadeGenerator::with_one_class_per_pixel`]; the other architecture stays as it is.
    #[must_use]
    pub fn with_one_class_per_pixel(self) -> Self {
        match self {
            Self::Spade(spade) => Self::Spade(spade.with_one_class_per_pixel()),
            Self::Pix2pixHd(resnet) => Self::Pix2pixHd(resnet),
        }
    }

    /// Generates pictures.
    ///
    /// # Shapes
    ///
    /// - `segmentation`: `[batch, input_channels, height, width]`, as
    ///   [`SemanticLayout::encode`](crate::label::SemanticLayout::encode) makes it, of a size that
    ///   [`GeneratorConfig::check_input`] allows
    /// - `latent`: `[batch, latent_channels]`, from N(0, 1) or an encoder, where
    ///   [`GeneratorConfig::latent_channels`] says so; not used otherwise
    /// - result: `[batch, output_channels, height, width]` in `[-1, 1]`
    ///
    /// # Panics
    ///
    /// If the generator starts from a latent and there is none.
    pub fn forward(
        &self,
        segmentation: Tensor<4>,
        latent: Option<Tensor<2>>,
        mode: Mode,
    ) -> Tensor<4> {
        match self {
            Self::Spade(spade) => spade.forward(segmentation, latent, mode),
            Self::Pix2pixHd(resnet) => resnet.forward(segmentation, mode),
        }
    }
}

/// Residual blocks that the segmentation modulates, with doublings between them.
///
/// Source: Park et al. 2019 (<https://arxiv.org/abs/1903.07291>), appendix A, figure 11; spec 4.2.
#[derive(Module, Debug)]
pub struct SpadeGenerator {
    /// To the first planes (`fc`).
    pub start: Start,
    /// `head_0`.
    pub head: SpadeBlock,
    /// `G_middle_0` and `G_middle_1`.
    pub middles: Vec<SpadeBlock>,
    /// `up_0` to `up_3`, and `up_4` in `most`.
    pub ups: Vec<SpadeBlock>,
    /// To the picture (`conv_img`).
    pub to_image: Conv2d,
    /// Whether the size doubles between the two middle blocks: all but `normal`.
    pub doubles_in_the_middle: bool,
}

/// What the first planes are made of.
#[derive(Module, Debug)]
pub enum Start {
    /// The segmentation, made small.
    Segmentation(Conv2d),
    /// A latent.
    Latent(LatentStart),
}

/// A linear layer to planes of one size.
#[derive(Module, Debug)]
pub struct LatentStart {
    /// To all pixels of all planes.
    pub linear: Linear,
    /// Height of the planes.
    pub height: usize,
    /// Width of the planes.
    pub width: usize,
}

impl SpadeGenerator {
    fn new(config: &GeneratorConfig, spade: &SpadeArchitecture, device: &Device) -> Self {
        let width = config.base_channels;
        let block =
            |channels| SpadeBlock::new(&spade.norm, channels, config.input_channels, device);
        let widest = WIDEST * width;
        let doubles = |index: usize| block([widest >> index, widest >> (index + 1)]);
        let num_ups = if spade.upsampling == Upsampling::Most {
            5
        } else {
            4
        };
        Self {
            start: Start::new(config, spade, device),
            head: block([widest, widest]),
            middles: vec![block([widest, widest]), block([widest, widest])],
            ups: (0..num_ups).map(doubles).collect(),
            to_image: conv2d(
                [widest >> num_ups, config.output_channels],
                3,
                1,
                1,
                true,
                device,
            ),
            doubles_in_the_middle: spade.upsampling != Upsampling::Normal,
        }
    }

    /// Lets norms with a kernel of one pixel look their scales and shifts up by class: for
    /// segmentations without edges, where every pixel is of one class and of nothing else.
    #[must_use]
    pub fn with_one_class_per_pixel(mut self) -> Self {
        let blocks = std::iter::once(&mut self.head)
            .chain(&mut self.middles)
            .chain(&mut self.ups);
        for block in blocks {
            block.norm_0.one_class_per_pixel = true;
            block.norm_1.one_class_per_pixel = true;
            if let Some(norm) = &mut block.norm_s {
                norm.one_class_per_pixel = true;
            }
        }
        self
    }

    /// Number of doublings.
    pub fn doublings(&self) -> usize {
        self.blocks().filter(|(_, doubles, _)| *doubles).count()
    }

    /// Generates pictures; see [`Generator::forward`].
    ///
    /// # Panics
    ///
    /// If the generator starts from a latent and there is none.
    pub fn forward(
        &self,
        segmentation: Tensor<4>,
        latent: Option<Tensor<2>>,
        mode: Mode,
    ) -> Tensor<4> {
        let [_, _, height, width] = segmentation.dims();
        let base = [height, width].map(|n| n >> self.doublings());
        self.forward_observed(segmentation, latent, base, mode, &mut |_, _| {})
    }

    /// Generates pictures that are `base` doubled, whatever the size of the segmentation, and shows
    /// `observe` what every block and the layers before and after them give, by their names in the
    /// state dict.
    ///
    /// # Shapes
    ///
    /// - `segmentation`, `latent`: as [`Generator::forward`] takes them
    /// - `base`: height and width to start from; a latent has its own
    /// - result: `[batch, output_channels, base[0] * 2^doublings, base[1] * 2^doublings]` in `[-1, 1]`
    ///
    /// # Panics
    ///
    /// If the generator starts from a latent and there is none.
    pub fn forward_observed(
        &self,
        segmentation: Tensor<4>,
        latent: Option<Tensor<2>>,
        base: [usize; 2],
        mode: Mode,
        observe: &mut dyn FnMut(&str, &Tensor<4>),
    ) -> Tensor<4> {
        let at_size_of = |x: &Tensor<4>| {
            let [_, _, height, width] = x.dims();
            resize_nearest(segmentation.clone(), [height, width])
        };
        let mut x = self.start.forward(&segmentation, latent, base);
        observe("fc", &x);
        let mut segmentation_here = at_size_of(&x);
        for (name, doubles, block) in self.blocks() {
            if doubles {
                x = upsample_nearest(x);
                segmentation_here = at_size_of(&x);
            }
            x = block.forward(x, &segmentation_here, mode.statistics);
            observe(&name, &x);
        }
        let x = self.to_image.convolve(leaky_relu(x));
        observe("conv_img", &x);
        to_f32(tanh(x))
    }

    /// Name of every block in the state dict, whether the size doubles before it, and the block.
    fn blocks(&self) -> impl Iterator<Item = (String, bool, &SpadeBlock)> {
        let middle = |(index, block)| {
            let doubles = index == 0 || self.doubles_in_the_middle;
            (format!("G_middle_{index}"), doubles, block)
        };
        let up = |(index, block)| (format!("up_{index}"), true, block);
        let head = std::iter::once(("head_0".to_owned(), false, &self.head));
        head.chain(self.middles.iter().enumerate().map(middle))
            .chain(self.ups.iter().enumerate().map(up))
    }
}

impl Start {
    fn new(config: &GeneratorConfig, spade: &SpadeArchitecture, device: &Device) -> Self {
        let widest = WIDEST * config.base_channels;
        let Some(latent_channels) = spade.latent_channels else {
            let channels = [config.input_channels, widest];
            return Self::Segmentation(conv2d(channels, 3, 1, 1, true, device));
        };
        let [height, width] = spade.base_size();
        Self::Latent(LatentStart {
            linear: Linear::new([latent_channels, widest * height * width], device),
            height,
            width,
        })
    }

    fn forward(
        &self,
        segmentation: &Tensor<4>,
        latent: Option<Tensor<2>>,
        base: [usize; 2],
    ) -> Tensor<4> {
        match self {
            Self::Segmentation(conv) => conv.convolve(resize_nearest(segmentation.clone(), base)),
            Self::Latent(start) => {
                let latent = latent.expect("a generator that starts from a latent gets one");
                let [batch, _] = latent.dims();
                let (height, width) = (start.height as i32, start.width as i32);
                // [batch, channels * height * width] to planes
                start
                    .linear
                    .forward(latent)
                    .reshape([batch as i32, -1, height, width])
            }
        }
    }
}
