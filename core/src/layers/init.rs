//! The four weight initialisations of pix2pix, drawn on the host so that a seed gives the same
//! network on every device.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal, Uniform};
use serde::{Deserialize, Serialize};

/// Distribution that convolution weights are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitKind {
    /// Normal with standard deviation `gain`.
    #[default]
    Normal,
    /// Normal with standard deviation `gain * sqrt(2 / (fan_in + fan_out))`.
    Xavier,
    /// Normal with standard deviation `sqrt(2 / fan_in)`; the gain is not used.
    Kaiming,
    /// A random matrix with orthonormal rows or columns, times `gain`.
    Orthogonal,
}

/// What biases of convolutions and linear layers start at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BiasInit {
    /// Zero (pix2pix, SPADE).
    #[default]
    Zero,
    /// PyTorch's default, uniform in `±1 / sqrt(fan_in)` of the layer's weight (pix2pixHD).
    Uniform,
}

/// How a network is initialised.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightInit {
    /// Distribution of convolution weights.
    pub kind: InitKind,
    /// Scale; 0.02 in the papers.
    pub gain: f64,
    /// Distribution of biases.
    #[serde(default)]
    pub bias: BiasInit,
}

impl Default for WeightInit {
    fn default() -> Self {
        Self {
            kind: InitKind::Normal,
            gain: 0.02,
            bias: BiasInit::Zero,
        }
    }
}

/// Draws every weight of `module`: convolutions and linear layers as `init` says, batch norm scale
/// from N(1, 0.02) with shift 0, the vectors of spectral norm as random unit vectors. Running
/// statistics keep their values.
///
/// Source: `init_weights` of pix2pix, pix2pixHD and SPADE (spec 2.4, 3.7, 4.5).
pub fn initialize<M: Module>(module: M, init: WeightInit, seed: u64) -> M {
    let rng = ChaCha8Rng::seed_from_u64(seed);
    module.map(&mut Initialize {
        init,
        rng,
        names: Vec::new(),
        containers: Vec::new(),
        fan_in: 1.0,
    })
}

struct Initialize {
    init: WeightInit,
    rng: ChaCha8Rng,
    names: Vec<String>,
    containers: Vec<String>,
    /// Of the weight met last: its bias comes right after it.
    fan_in: f64,
}

impl Initialize {
    fn normal(&mut self, count: usize, mean: f64, std: f64) -> Vec<f32> {
        let sample = |_| {
            let standard: f64 = StandardNormal.sample(&mut self.rng);
            (mean + std * standard) as f32
        };
        (0..count).map(sample).collect()
    }

    fn bias(&mut self, count: usize) -> Vec<f32> {
        let bound = match self.init.bias {
            BiasInit::Zero => return vec![0.0; count],
            BiasInit::Uniform => 1.0 / self.fan_in.sqrt(),
        };
        let uniform = Uniform::new_inclusive(-bound, bound).expect("a bound is positive");
        (0..count)
            .map(|_| uniform.sample(&mut self.rng) as f32)
            .collect()
    }

    fn unit_vector(&mut self, count: usize) -> Vec<f32> {
        let mut vector = self.normal(count, 0.0, 1.0);
        let norm = dot(&vector, &vector).sqrt();
        vector.iter_mut().for_each(|v| *v /= norm);
        vector
    }

    /// `shape`: `[out, in]`, `[out, in, k, k]`, or `[in, out, k, k]` for a transposed convolution, whose fans
    /// PyTorch counts by position and not by meaning; so do we.
    fn convolution(&mut self, shape: &[usize]) -> Vec<f32> {
        let count = shape.iter().product();
        let receptive: usize = shape[2..].iter().product();
        let (fan_in, fan_out) = ((shape[1] * receptive) as f64, (shape[0] * receptive) as f64);
        self.fan_in = fan_in;
        let std = match self.init.kind {
            InitKind::Normal => self.init.gain,
            InitKind::Xavier => self.init.gain * (2.0 / (fan_in + fan_out)).sqrt(),
            InitKind::Kaiming => (2.0 / fan_in).sqrt(),
            InitKind::Orthogonal => return self.orthogonal(shape[0], count / shape[0]),
        };
        self.normal(count, 0.0, std)
    }

    /// Modified Gram-Schmidt on the shorter side of a normal matrix: the Q of its QR factorisation
    /// with a positive diagonal in R, as `torch.nn.init.orthogonal_` makes it.
    fn orthogonal(&mut self, rows: usize, columns: usize) -> Vec<f32> {
        let (count, length) = (rows.min(columns), rows.max(columns));
        let mut vectors: Vec<Vec<f32>> =
            (0..count).map(|_| self.normal(length, 0.0, 1.0)).collect();
        for index in 0..count {
            let (done, rest) = vectors.split_at_mut(index);
            let vector = &mut rest[0];
            // Twice is enough for orthogonality to working precision.
            for other in done.iter().chain(done.iter()) {
                let projection = dot(vector, other);
                vector
                    .iter_mut()
                    .zip(other)
                    .for_each(|(v, o)| *v -= projection * o);
            }
            let norm = dot(vector, vector).sqrt();
            vector.iter_mut().for_each(|v| *v /= norm);
        }
        let gain = self.init.gain as f32;
        let element = |row: usize, column: usize| {
            if rows <= columns {
                vectors[row][column]
            } else {
                vectors[column][row]
            }
        };
        (0..rows * columns)
            .map(|i| gain * element(i / columns, i % columns))
            .collect()
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl ModuleMapper for Initialize {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.names.push(name.to_owned());
        self.containers.push(container_type.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.names.pop();
        self.containers.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.names.last().map_or("", String::as_str).to_owned();
        let batch_norm = self
            .containers
            .iter()
            .any(|container| container.ends_with(":BatchNorm"));
        let (id, tensor, mapper) = param.consume();
        let shape = tensor.dims();
        let count = shape.iter().product();
        let values = match name.as_str() {
            "weight" if batch_norm => self.normal(count, 1.0, 0.02),
            "weight" | "weight_orig" => self.convolution(&shape),
            "bias" if batch_norm => vec![0.0; count],
            "bias" => self.bias(count),
            "weight_u" | "weight_v" => self.unit_vector(count),
            _ => return Param::from_mapped_value(id, tensor, mapper),
        };
        let device = tensor.device();
        let drawn = Tensor::from_data(TensorData::new(values, shape), &device)
            .set_require_grad(tensor.is_require_grad());
        Param::from_mapped_value(id, drawn, mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{BatchNorm, conv2d};
    use burn::tensor::Device;

    fn weights(kind: InitKind, gain: f64, channels: [usize; 2]) -> Vec<f32> {
        let conv = conv2d(channels, 4, 2, 1, true, &Device::flex());
        let init = WeightInit {
            kind,
            gain,
            ..WeightInit::default()
        };
        let conv = initialize(conv, init, 1);
        let bias = conv
            .bias
            .expect("a bias")
            .val()
            .into_data()
            .try_to_vec::<f32>()
            .expect("f32");
        assert!(bias.iter().all(|&b| b == 0.0));
        conv.weight.val().into_data().try_to_vec().expect("f32")
    }

    fn std(values: &[f32]) -> f64 {
        (values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn standard_deviations_are_those_of_pytorch() {
        let close = |kind, expected: f64| {
            let found = std(&weights(kind, 0.02, [32, 64]));
            assert!(
                (found / expected - 1.0).abs() < 0.03,
                "{kind:?}: {found} is not {expected}"
            );
        };
        close(InitKind::Normal, 0.02);
        close(InitKind::Xavier, 0.02 * (2.0 / (96.0 * 16.0f64)).sqrt());
        close(InitKind::Kaiming, (2.0 / (32.0 * 16.0f64)).sqrt());
    }

    #[test]
    fn orthogonal_rows_have_the_gain_as_length_and_right_angles() {
        let values = weights(InitKind::Orthogonal, 0.5, [4, 8]);
        let rows: Vec<&[f32]> = values.chunks(64).collect();
        for (i, a) in rows.iter().enumerate() {
            for (j, b) in rows.iter().enumerate() {
                let expected = if i == j { 0.25 } else { 0.0 };
                assert!((dot(a, b) - expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn batch_norm_scale_is_near_one_and_buffers_stay() {
        let norm = initialize(
            BatchNorm::new(512, &Device::flex()),
            WeightInit::default(),
            1,
        );
        let scale = norm
            .weight
            .expect("affine")
            .val()
            .into_data()
            .try_to_vec::<f32>()
            .expect("f32");
        let centred: Vec<f32> = scale.iter().map(|s| s - 1.0).collect();
        assert!((std(&centred) / 0.02 - 1.0).abs() < 0.15);
        assert_eq!(
            norm.running_var
                .value()
                .into_data()
                .try_to_vec::<f32>()
                .expect("f32"),
            [1.0; 512]
        );
    }

    #[test]
    fn uniform_biases_fill_the_range_of_their_fan_in() {
        let init = WeightInit {
            bias: BiasInit::Uniform,
            ..WeightInit::default()
        };
        let conv = initialize(conv2d([4, 512], 3, 1, 1, true, &Device::flex()), init, 1);
        let bias = conv.bias.expect("a bias").val().into_data();
        let largest = bias.iter::<f32>().fold(0.0, |a: f32, b| a.max(b.abs()));
        assert!((5.9..=6.0).contains(&(largest * 36.0)), "{largest}");
    }

    #[test]
    fn a_seed_repeats_and_another_does_not() {
        let draw = |seed| {
            let conv = conv2d([2, 2], 4, 2, 1, false, &Device::flex());
            initialize(conv, WeightInit::default(), seed)
                .weight
                .val()
                .into_data()
        };
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }
}
