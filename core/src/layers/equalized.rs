//! Convolution and linear layer with an equalised learning rate.

use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::ops::{Convolution, convolve, multiply};

/// Whether a layer scales its result by a constant of its fan-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerScaling {
    /// By `sqrt(2 / fan_in)`, so that weights drawn from N(0, 1) learn at one speed in all layers.
    #[default]
    Equalized,
    /// Not at all: a plain layer.
    Plain,
}

impl LayerScaling {
    /// The constant for a weight of `shape`, whose first axis is the output.
    fn factor(self, shape: &[usize]) -> f64 {
        match self {
            Self::Equalized => he_deviation(shape),
            Self::Plain => 1.0,
        }
    }

    /// Standard deviation that a weight of `shape` is drawn with.
    pub(crate) fn initial_deviation(self, shape: &[usize]) -> f64 {
        match self {
            Self::Equalized => 1.0,
            Self::Plain => he_deviation(shape),
        }
    }
}

/// `sqrt(2 / fan_in)`; the fan-in is the product of all axes but the first.
fn he_deviation(shape: &[usize]) -> f64 {
    let fan_in: usize = shape[1..].iter().product();
    (2.0 / fan_in as f64).sqrt()
}

/// A convolution of stride 1 that keeps the size: `(weight * x + bias) * factor`.
///
/// The bias is scaled with the rest, unlike in the paper: the original PyTorch code does so, and
/// its weights are what people hold.
///
/// Source: Karras et al. 2018 (<https://arxiv.org/abs/1710.10196>), section 4.1; spec 5.1.
#[derive(Module, Debug)]
pub struct EqualizedConv2d {
    /// `[out, in, kernel, kernel]`, unscaled.
    pub weight: Param<Tensor<4>>,
    /// `[out]`, unscaled.
    pub bias: Param<Tensor<1>>,
    /// Zero padding on all sides.
    pub padding: usize,
    /// What the result is multiplied by.
    pub factor: f64,
}

impl EqualizedConv2d {
    /// A layer with zero weights and an odd `kernel`.
    pub fn new(
        [channels_in, channels_out]: [usize; 2],
        kernel: usize,
        scaling: LayerScaling,
        device: &Device,
    ) -> Self {
        let shape = [channels_out, channels_in, kernel, kernel];
        Self {
            weight: Initializer::Zeros.init(shape, device),
            bias: Initializer::Zeros.init([channels_out], device),
            padding: kernel / 2,
            factor: scaling.factor(&shape),
        }
    }

    /// Convolves.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, in, height, width]`
    /// - result: `[batch, out, height, width]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let convolution = Convolution::square(1, self.padding);
        let result = convolve(x, self.weight.val(), Some(self.bias.val()), convolution);
        scaled(result, self.factor)
    }

    /// What the gradient of the result is in the input; it has a graph of its own to the weight.
    ///
    /// # Shapes
    ///
    /// - `gradient`: `[batch, out, height, width]`
    /// - result: `[batch, in, height, width]`
    pub fn input_gradient(&self, gradient: Tensor<4>) -> Tensor<4> {
        let convolution = Convolution::square_transposed(1, self.padding, 0);
        let result = convolve(gradient, self.weight.val(), None, convolution);
        scaled(result, self.factor)
    }
}

/// A linear layer, `(x weightᵀ + bias) * factor`; of the factor and the bias the same holds as for
/// [`EqualizedConv2d`].
#[derive(Module, Debug)]
pub struct EqualizedLinear {
    /// `[out, in]`, unscaled.
    pub weight: Param<Tensor<2>>,
    /// `[out]`, unscaled.
    pub bias: Param<Tensor<1>>,
    /// What the result is multiplied by.
    pub factor: f64,
}

impl EqualizedLinear {
    /// A layer with zero weights.
    pub fn new(
        [features_in, features_out]: [usize; 2],
        scaling: LayerScaling,
        device: &Device,
    ) -> Self {
        let shape = [features_out, features_in];
        Self {
            weight: Initializer::Zeros.init(shape, device),
            bias: Initializer::Zeros.init([features_out], device),
            factor: scaling.factor(&shape),
        }
    }

    /// Applies the layer to every row.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, in]`
    /// - result: `[batch, out]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let bias = self.bias.val().unsqueeze();
        scaled(multiply(x, self.weight.val()) + bias, self.factor)
    }

    /// What the gradient of the result is in the input; it has a graph of its own to the weight.
    ///
    /// # Shapes
    ///
    /// - `gradient`: `[batch, out]`
    /// - result: `[batch, in]`
    pub fn input_gradient(&self, gradient: Tensor<2>) -> Tensor<2> {
        scaled(gradient.matmul(self.weight.val()), self.factor)
    }
}

fn scaled<const D: usize>(x: Tensor<D>, factor: f64) -> Tensor<D> {
    if factor == 1.0 { x } else { x * factor }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_bias_one(fan_in: usize, scaling: LayerScaling) -> EqualizedLinear {
        let device = Device::flex();
        let mut layer = EqualizedLinear::new([fan_in, 1], scaling, &device);
        layer.bias = Param::from_tensor(Tensor::ones([1], &device));
        layer
    }

    fn value(result: Tensor<2>) -> f32 {
        result.into_scalar()
    }

    #[test]
    fn the_bias_is_scaled_with_the_rest_as_spec_9_3_says() {
        let result = |fan_in, scaling| {
            let x = Tensor::<2>::ones([1, fan_in], &Device::flex());
            value(with_bias_one(fan_in, scaling).forward(x))
        };
        assert_eq!(result(2, LayerScaling::Equalized), 1.0);
        assert_eq!(result(8, LayerScaling::Equalized), 0.5);
        assert_eq!(result(8, LayerScaling::Plain), 1.0);
    }

    #[test]
    fn the_fan_in_of_a_convolution_counts_its_kernel() {
        let device = Device::flex();
        let mut layer = EqualizedConv2d::new([8, 1], 3, LayerScaling::Equalized, &device);
        layer.weight = Param::from_tensor(Tensor::ones([1, 8, 3, 3], &device));
        let result = layer.forward(Tensor::ones([1, 8, 3, 3], &device));
        assert_eq!(result.dims(), [1, 1, 3, 3]);
        // 72 ones meet in the centre: 72 * sqrt(2 / 72) = 12.
        let values: Vec<f32> = result.into_data().iter().collect();
        assert!((values[4] - 12.0).abs() < 1e-4, "{}", values[4]);
    }

    #[test]
    fn gradients_of_inputs_are_those_of_a_backward_pass() {
        let device = Device::flex().autodiff();
        let random = |shape: [usize; 4]| {
            Tensor::<4>::random(shape, burn::tensor::Distribution::Default, &device)
        };
        let mut layer = EqualizedConv2d::new([2, 3], 3, LayerScaling::Equalized, &device);
        layer.weight = Param::from_tensor(random([3, 2, 3, 3]));
        let x = random([2, 2, 4, 5]).require_grad();
        let gradient = random([2, 3, 4, 5]);
        let along = (layer.forward(x.clone()) * gradient.clone()).sum();
        let expected = x.grad(&along.backward()).expect("a gradient");
        let found = layer.input_gradient(gradient).without_autodiff();
        let tolerance = burn::tensor::Tolerance::absolute(1e-5);
        found
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), tolerance);
    }
}
