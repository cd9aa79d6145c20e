//! How a U-Net doubles height and width.

use std::fmt;
use std::str::FromStr;

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::weights::unet_up_key;
use super::{Architecture, GeneratorConfig};
use crate::state_dict::{HasShape, Named, StateDict, StateTensor};
use crate::{Error, Result};

/// Side of the kernel that nearest upsampling is trained with.
const SMALL: usize = 3;
/// Side of a U-Net's transposed kernels.
const LARGE: usize = 4;

/// What a U-Net's way up is trained as. In use it is always a transposed convolution.
///
/// A pixel doubled by nearest neighbours and then convolved with a 3×3 kernel (stride 1, zero padding 1)
/// is the same as a transposed convolution (stride 2, padding 1) whose 4×4 kernel is that 3×3 kernel
/// convolved with a 2×2 box of ones. On a plane that is constant all four pixels of a 2×2 block sum the
/// same nine weights then, and there is no checkerboard; the four phases of a free 4×4 kernel agree only
/// as far as training makes them.
///
/// Source: Odena, Dumoulin, Olah 2016, "Deconvolution and Checkerboard Artifacts"
/// (<https://distill.pub/2016/deconv-checkerboard/>), whose resize-convolution this is. That it folds
/// into a transposed one is ours, so that a trained generator is the authors' network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Upsampling {
    /// A free 4×4 kernel, as the original has.
    #[default]
    Transposed,
    /// A 3×3 kernel over pixels doubled by nearest neighbours.
    Nearest,
}

impl Upsampling {
    /// Side of the kernels that are trained.
    pub fn kernel(self) -> usize {
        match self {
            Self::Transposed => LARGE,
            Self::Nearest => SMALL,
        }
    }

    /// Whether it is the original's.
    pub fn is_transposed(&self) -> bool {
        *self == Self::Transposed
    }
}

impl fmt::Display for Upsampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transposed => "transposed",
            Self::Nearest => "nearest",
        })
    }
}

impl FromStr for Upsampling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "transposed" => Ok(Self::Transposed),
            "nearest" => Ok(Self::Nearest),
            _ => Err(Error::Config {
                field: "upsampling",
                message: format!("expected transposed or nearest, found {text:?}"),
            }),
        }
    }
}

/// The matrix `[9, 16]` that makes a 4×4 kernel of a 3×3 one: tap (y, x) goes to the four taps
/// (y..=y+1, x..=x+1).
fn box_matrix() -> Vec<f32> {
    let reaches = |small: usize, large: usize| large == small || large == small + 1;
    let element = |index: usize| {
        let (small, large) = (index / (LARGE * LARGE), index % (LARGE * LARGE));
        let reached =
            reaches(small / SMALL, large / LARGE) && reaches(small % SMALL, large % LARGE);
        f32::from(u8::from(reached))
    };
    (0..SMALL * SMALL * LARGE * LARGE).map(element).collect()
}

/// The kernel of the transposed convolution that a 3×3 kernel stands for.
///
/// One product of matrices: four padded copies, added up, would move ten times the memory.
///
/// # Shapes
///
/// - `weight`: `[in, out, 3, 3]`; turned by 180° it is that of the convolution after the doubling
/// - result: `[in, out, 4, 4]`
pub(super) fn transposed_kernel(weight: Tensor<4>) -> Tensor<4> {
    let [channels_in, channels_out, ..] = weight.dims();
    let matrix = TensorData::new(box_matrix(), [SMALL * SMALL, LARGE * LARGE]);
    let matrix = Tensor::<2>::from_data(matrix, &weight.device());
    weight
        .reshape([channels_in * channels_out, SMALL * SMALL])
        .matmul(matrix)
        .reshape([channels_in, channels_out, LARGE, LARGE])
}

/// The same of weights at rest, added up in the order of the matrix product.
fn folded(tensor: &StateTensor) -> StateTensor {
    let matrix = box_matrix();
    let fold = |kernel: &[f32]| {
        let tap = |large: usize| {
            let rows = kernel.iter().zip(matrix.chunks(LARGE * LARGE));
            rows.map(|(value, row)| value * row[large]).sum::<f32>()
        };
        (0..LARGE * LARGE).map(tap).collect::<Vec<f32>>()
    };
    let kernels = tensor.values.chunks(SMALL * SMALL);
    StateTensor {
        shape: [&tensor.shape[..2], &[LARGE, LARGE]].concat(),
        values: kernels.flat_map(fold).collect(),
    }
}

/// How a U-Net with such weights was trained, as its outermost kernel says; `None` for a dict that has no
/// such kernel.
pub fn upsampling_of<T: HasShape>(dict: &Named<T>) -> Option<Upsampling> {
    match dict.get("model.model.3.weight")?.shape() {
        [_, _, SMALL, SMALL] => Some(Upsampling::Nearest),
        [_, _, LARGE, LARGE] => Some(Upsampling::Transposed),
        _ => None,
    }
}

impl GeneratorConfig {
    /// Makes the authors' network of one that was trained with another [`Upsampling`]: `weights` get
    /// their 4×4 kernels, and the config says so. A kernel that is no 3×3 one stays, for
    /// [`load_state_dict`](crate::state_dict::load_state_dict) to tell of.
    pub fn fold_upsampling(&mut self, weights: &mut StateDict) {
        let Architecture::Unet { num_downs } = self.architecture else {
            return;
        };
        if self.upsampling.is_transposed() {
            return;
        }
        for depth in 0..num_downs {
            let Some(weight) = weights.get_mut(&unet_up_key(depth, num_downs)) else {
                continue;
            };
            if matches!(weight.shape[..], [_, _, SMALL, SMALL]) {
                *weight = folded(weight);
            }
        }
        self.upsampling = Upsampling::Transposed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Dropout, Mode, NormStatistics, WeightInit, initialize, upsample_nearest};
    use crate::ops::{Convolution, convolve};
    use crate::pix2pix::infer_generator;
    use crate::state_dict::{load_state_dict, state_dict};
    use burn::tensor::{Device, Distribution, Tolerance};

    fn random(shape: [usize; 4]) -> Tensor<4> {
        Tensor::random(shape, Distribution::Default, &Device::flex())
    }

    #[test]
    fn a_folded_kernel_is_a_convolution_of_doubled_pixels_to_the_borders() {
        let (x, weight) = (random([2, 3, 4, 5]), random([3, 6, 3, 3]));
        let doubled = upsample_nearest(x.clone());
        let turned = weight.clone().swap_dims(0, 1).flip([2, 3]);
        let expected = convolve(doubled, turned, None, Convolution::square(1, 1));
        let transposed = Convolution::square_transposed(2, 1, 0);
        let found = convolve(x, transposed_kernel(weight), None, transposed);
        assert_eq!(found.dims(), [2, 6, 8, 10]);
        found
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-5));
    }

    #[test]
    fn a_constant_plane_has_no_checkerboard_inside() {
        let transposed = Convolution::square_transposed(2, 1, 0);
        let plane = Tensor::<4>::ones([1, 3, 6, 6], &Device::flex());
        let spread = |kernel| {
            let doubled = convolve(plane.clone(), kernel, None, transposed);
            let inside = doubled.slice([0..1, 0..1, 2..10, 2..10]);
            (inside.clone().max() - inside.min()).into_scalar::<f32>()
        };
        assert!(spread(transposed_kernel(random([3, 1, 3, 3]))) < 1e-5);
        assert!(spread(random([3, 1, 4, 4])) > 1e-2);
    }

    fn config(upsampling: Upsampling) -> GeneratorConfig {
        GeneratorConfig {
            architecture: Architecture::Unet { num_downs: 6 },
            base_channels: 2,
            upsampling,
            ..GeneratorConfig::default()
        }
    }

    #[test]
    fn a_folded_generator_is_the_authors_and_makes_the_same_picture() {
        let mode = Mode {
            statistics: NormStatistics::PerImage,
            dropout: Dropout::Off,
        };
        let device = Device::flex();
        let mut config = config(Upsampling::Nearest);
        let trained = config.init(&device).expect("a valid config");
        let trained = initialize(trained, WeightInit::default(), 3);
        let mut weights = state_dict(&trained);
        config.fold_upsampling(&mut weights);
        assert_eq!(config, self::config(Upsampling::Transposed));
        let plain = config.init(&device).expect("a valid config");
        let plain = load_state_dict(plain, &weights).expect("the authors' shapes");
        let x = random([1, 3, 64, 64]);
        let expected = trained.forward(x.clone(), mode).into_data();
        let found = plain.forward(x, mode).into_data();
        found.assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-5));
    }

    #[test]
    fn weights_in_training_say_what_to_do_with_them() {
        let network = |upsampling| config(upsampling).init(&Device::flex()).expect("valid");
        for upsampling in [Upsampling::Nearest, Upsampling::Transposed] {
            let dict = state_dict(&network(upsampling));
            assert_eq!(upsampling_of(&dict), Some(upsampling));
        }
        let dict = state_dict(&network(Upsampling::Nearest));
        let error = infer_generator(&dict, true).unwrap_err().to_string();
        assert!(error.contains("3×3") && error.contains("export"), "{error}");
    }

    #[test]
    fn only_a_unet_has_it_and_files_without_it_are_transposed() {
        let resnet = GeneratorConfig {
            architecture: Architecture::Resnet { num_blocks: 2 },
            ..config(Upsampling::Nearest)
        };
        let error = resnet.validate().unwrap_err().to_string();
        assert!(error.contains("upsampling") && error.contains("resnet_2blocks"));
        let json = |config: &GeneratorConfig| serde_json::to_string(config).expect("JSON");
        let plain = json(&config(Upsampling::Transposed));
        assert!(!plain.contains("upsampling"), "{plain}");
        for upsampling in [Upsampling::Nearest, Upsampling::Transposed] {
            let config = config(upsampling);
            let read: GeneratorConfig = serde_json::from_str(&json(&config)).expect("its own");
            assert_eq!(read, config);
            assert_eq!(upsampling.to_string().parse().ok(), Some(upsampling));
        }
        assert!("bilinear".parse::<Upsampling>().is_err());
    }
}
