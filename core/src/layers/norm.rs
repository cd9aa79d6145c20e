//! Batch norm with PyTorch's semantics, instance norm, and none.

use burn::module::{Module, Param, RunningState};
use burn::tensor::{Device, Tensor, module};
use serde::{Deserialize, Serialize};

use crate::ops;

/// Added to the variance before its root, in every norm of the four families.
const EPSILON: f64 = 1e-5;
/// Share of the batch in a running statistic's update.
const MOMENTUM: f64 = 0.1;

/// Kind of normalisation after a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormKind {
    /// Batch norm with learned scale and shift.
    #[default]
    Batch,
    /// Instance norm without scale, shift or running statistics.
    Instance,
    /// No normalisation.
    None,
}

impl NormKind {
    /// Whether a convolution in front of this norm has a bias: only with instance norm
    /// (pix2pix `use_bias`).
    pub fn conv_bias(self) -> bool {
        self == Self::Instance
    }
}

/// Which statistics batch norm normalises with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormStatistics {
    /// Those of the batch, which also update the running ones (PyTorch's `train()`).
    Train,
    /// Those of each picture alone: what a batch of one gives, whatever the batch. Nothing is updated.
    PerImage,
    /// The running ones (PyTorch's `eval()`).
    Running,
}

/// Batch norm: `(x - mean) / sqrt(variance + 1e-5) * weight + bias` per channel, or without the last
/// two (SPADE's parameter-free norm).
///
/// Unlike burn's own it keeps the *unbiased* running variance, as PyTorch does, and can use the
/// statistics of the input outside training.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// Scale, `[channels]`; 1 where absent.
    pub weight: Option<Param<Tensor<1>>>,
    /// Shift, `[channels]`; 0 where absent.
    pub bias: Option<Param<Tensor<1>>>,
    /// Running mean, `[channels]`, a buffer.
    pub running_mean: RunningState<Tensor<1>>,
    /// Running unbiased variance, `[channels]`, a buffer.
    pub running_var: RunningState<Tensor<1>>,
}

impl BatchNorm {
    /// Scale 1, shift 0, running mean 0, running variance 1.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self {
            weight: Some(Param::from_tensor(Tensor::ones([channels], device))),
            bias: Some(Param::from_tensor(Tensor::zeros([channels], device))),
            ..Self::without_affine(channels, device)
        }
    }

    /// No scale, no shift, running mean 0, running variance 1.
    pub fn without_affine(channels: usize, device: &Device) -> Self {
        let plain = device.clone().without_autodiff();
        Self {
            weight: None,
            bias: None,
            running_mean: RunningState::new(Tensor::zeros([channels], &plain)),
            running_var: RunningState::new(Tensor::ones([channels], &plain)),
        }
    }

    /// Normalises.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, channels, height, width]`
    /// - result: the same
    pub fn forward(&self, x: Tensor<4>, statistics: NormStatistics) -> Tensor<4> {
        match statistics {
            NormStatistics::Train => self.forward_train(x),
            NormStatistics::PerImage => self.forward_per_image(x),
            NormStatistics::Running => module::batch_norm(
                x.clone(),
                self.scale(&x),
                self.shift(&x),
                self.running_mean.value(),
                self.running_var.value(),
                EPSILON,
            ),
        }
    }

    fn forward_train(&self, x: Tensor<4>) -> Tensor<4> {
        let result = ops::batch_norm_over_ranks(x, self.affine(), EPSILON);
        update(&self.running_mean, result.mean);
        update(&self.running_var, result.variance);
        result.output
    }

    fn forward_per_image(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, ..] = x.dims();
        let affine = self.affine();
        let affine = affine.map(|pair| pair.map(|tensor| tensor.repeat_dim(0, batch)));
        per_image(x, affine)
    }

    /// Scale and shift where there are any.
    fn affine(&self) -> Option<[Tensor<1>; 2]> {
        Some([self.weight.as_ref()?.val(), self.bias.as_ref()?.val()])
    }

    fn scale(&self, x: &Tensor<4>) -> Tensor<1> {
        let ones = || Tensor::ones([x.dims()[1]], &x.device().without_autodiff());
        self.weight.as_ref().map_or_else(ones, Param::val)
    }

    fn shift(&self, x: &Tensor<4>) -> Tensor<1> {
        let zeros = || Tensor::zeros([x.dims()[1]], &x.device().without_autodiff());
        self.bias.as_ref().map_or_else(zeros, Param::val)
    }
}

fn update(running: &RunningState<Tensor<1>>, batch: Tensor<1>) {
    running.update(running.value() * (1.0 - MOMENTUM) + batch * MOMENTUM);
    // Publishes the update: `RunningState` holds it back until the next one.
    running.value_sync();
}

/// Batch norm over each picture alone, with `batch * channels` scales and shifts or none.
fn per_image(x: Tensor<4>, affine: Option<[Tensor<1>; 2]>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let merged = x.reshape([1, batch * channels, height, width]);
    let result = ops::batch_norm(merged, affine, EPSILON);
    result.output.reshape([batch, channels, height, width])
}

/// The norm after a convolution, of any kind.
#[derive(Module, Debug)]
pub struct Norm {
    /// Present for [`NormKind::Batch`].
    pub batch: Option<BatchNorm>,
    instance: bool,
}

impl Norm {
    /// A norm of the given kind over `channels`.
    pub fn new(kind: NormKind, channels: usize, device: &Device) -> Self {
        Self {
            batch: (kind == NormKind::Batch).then(|| BatchNorm::new(channels, device)),
            instance: kind == NormKind::Instance,
        }
    }

    /// The same without scale and shift (SPADE's parameter-free norm).
    pub fn without_affine(kind: NormKind, channels: usize, device: &Device) -> Self {
        let batch = || BatchNorm::without_affine(channels, device);
        Self {
            batch: (kind == NormKind::Batch).then(batch),
            instance: kind == NormKind::Instance,
        }
    }

    /// Whether it is [`NormKind::None`].
    pub fn is_none(&self) -> bool {
        self.batch.is_none() && !self.instance
    }

    /// Normalises. Instance norm uses biased variance and behaves alike in every mode.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, channels, height, width]`
    /// - result: the same
    pub fn forward(&self, x: Tensor<4>, statistics: NormStatistics) -> Tensor<4> {
        if let Some(batch_norm) = &self.batch {
            return batch_norm.forward(x, statistics);
        }
        if !self.instance {
            return x;
        }
        per_image(x, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, Tolerance};

    fn random(shape: [usize; 4]) -> Tensor<4> {
        let device = Device::flex();
        device.seed(3);
        Tensor::random(shape, Distribution::Normal(2.0, 3.0), &device)
    }

    #[test]
    fn running_variance_is_unbiased_and_moves_by_a_tenth() {
        let norm = BatchNorm::new(2, &Device::flex());
        norm.forward(random([3, 2, 4, 5]), NormStatistics::Train);
        let x = random([3, 2, 4, 5]).swap_dims(0, 1).reshape([2, 60]);
        let unbiased = x.var(1).reshape([2]) * 0.1 + 0.9;
        norm.running_var
            .value()
            .into_data()
            .assert_approx_eq::<f32>(&unbiased.into_data(), Tolerance::absolute(1e-5));
    }

    #[test]
    fn use_leaves_the_running_statistics_alone() {
        let norm = BatchNorm::new(2, &Device::flex());
        norm.forward(random([3, 2, 4, 5]), NormStatistics::PerImage);
        norm.forward(random([3, 2, 4, 5]), NormStatistics::Running);
        assert_eq!(
            norm.running_mean
                .value()
                .into_data()
                .try_to_vec::<f32>()
                .expect("f32"),
            [0.0; 2]
        );
    }

    #[test]
    fn per_image_statistics_do_not_depend_on_the_rest_of_the_batch() {
        let norm = BatchNorm::new(2, &Device::flex());
        let x = random([3, 2, 4, 5]);
        let together = norm
            .forward(x.clone(), NormStatistics::PerImage)
            .narrow(0, 1, 1);
        let alone = norm.forward(x.narrow(0, 1, 1), NormStatistics::PerImage);
        together
            .into_data()
            .assert_approx_eq::<f32>(&alone.into_data(), Tolerance::absolute(1e-6));
    }

    #[test]
    fn instance_norm_gives_each_channel_mean_zero_and_variance_one() {
        let norm = Norm::new(NormKind::Instance, 2, &Device::flex());
        let y = norm
            .forward(random([2, 2, 8, 8]), NormStatistics::Running)
            .reshape([4, 64]);
        let mean = y
            .clone()
            .mean_dim(1)
            .into_data()
            .try_to_vec::<f32>()
            .expect("f32");
        assert!(mean.iter().all(|m| m.abs() < 1e-5), "{mean:?}");
        let square = y
            .powf_scalar(2.0)
            .mean_dim(1)
            .into_data()
            .try_to_vec::<f32>()
            .expect("f32");
        assert!(square.iter().all(|s| (s - 1.0).abs() < 1e-4), "{square:?}");
    }
}
