//! The gradient of a discriminator's scores in its pictures, written out.
//!
//! burn differentiates once. A penalty on a gradient needs its derivative in the weights, so the way
//! back through the network is made of tensor operations here, which have a graph of their own.

use burn::tensor::Tensor;

use super::Discriminator;
use super::minibatch_stddev;
use super::resample::halved_gradient;
use crate::ops::{leaky_relu, leaky_relu_gradient};

/// What a pass leaves for the way back.
pub(super) struct Way {
    slope: f64,
    keeps: bool,
    /// Of each leaky ReLU on maps, the pictures' side first: a tensor with the signs of its input.
    signs: Vec<Tensor<4>>,
    /// Of the one on rows.
    row_signs: Option<Tensor<2>>,
    /// What [`minibatch_stddev`](super::minibatch_stddev()) compared.
    compared: Option<Tensor<4>>,
}

impl Way {
    /// Keeps nothing.
    pub(super) fn forget(slope: f64) -> Self {
        Self {
            slope,
            keeps: false,
            signs: Vec::new(),
            row_signs: None,
            compared: None,
        }
    }

    fn keep(slope: f64) -> Self {
        Self {
            keeps: true,
            ..Self::forget(slope)
        }
    }

    /// Leaky ReLU.
    pub(super) fn activate(&mut self, x: Tensor<4>) -> Tensor<4> {
        let (result, signs) = self.activated(x);
        self.signs.extend(signs);
        result
    }

    /// Leaky ReLU of rows.
    pub(super) fn activate_rows(&mut self, x: Tensor<2>) -> Tensor<2> {
        let (result, signs) = self.activated(x);
        self.row_signs = signs;
        result
    }

    fn activated<const D: usize>(&self, x: Tensor<D>) -> (Tensor<D>, Option<Tensor<D>>) {
        // The result has the signs, too, and is kept anyway; not with a slope that turns them around.
        let before = (self.keeps && self.slope < 0.0).then(|| x.clone().detach());
        let result = leaky_relu(x, self.slope);
        let after = || self.keeps.then(|| result.clone().detach());
        let signs = before.or_else(after);
        (result, signs)
    }

    /// Remembers what is compared.
    pub(super) fn keep_compared(&mut self, x: &Tensor<4>) {
        self.compared = self.keeps.then(|| x.clone());
    }

    /// Back through the last leaky ReLU that was not gone back through.
    fn back(&mut self, gradient: Tensor<4>) -> Tensor<4> {
        let signs = self.signs.pop().expect("as many ways back as forth");
        leaky_relu_gradient(gradient, signs, self.slope)
    }
}

impl Discriminator {
    /// Gradient of the sum of all scores in the pictures, with a graph to the weights, which makes it
    /// the way to the gradient of a [gradient penalty](mod@crate::loss::gradient_penalty). A picture's
    /// score depends on its neighbours where the network sees the spread of the batch.
    ///
    /// # Shapes
    ///
    /// `images` and the result: `[batch, input_channels, resolution, resolution]`. Through `images`
    /// no gradient flows.
    pub fn score_gradient(&self, images: Tensor<4>, alpha: f64) -> Tensor<4> {
        let [batch, ..] = images.dims();
        let mut way = Way::keep(self.config.leaky_slope);
        let judgement = self.pass(images.detach(), alpha, &mut way);
        let x = self.back_to_features(judgement.decision, &mut way);
        let x: Tensor<4> = x.reshape([batch, self.config.depths[0], 4, 4]);
        let x = way.back(x);
        let mut x = self.base.input_gradient(x);
        if let Some(compared) = way.compared.take() {
            x = minibatch_stddev::input_gradient(compared, x);
        }
        let (scale, fades) = (self.config.scale(), self.fades(alpha));
        let mut coarse = None;
        for (index, block) in self.blocks.iter().enumerate() {
            if fades && index + 1 == scale {
                coarse = Some(x.clone() * alpha);
                x = x * (1.0 - alpha);
            }
            x = way.back(halved_gradient(x));
            x = block.second.input_gradient(x);
            x = block.first.input_gradient(way.back(x));
        }
        let x = self.from_rgb[scale].input_gradient(way.back(x));
        match coarse {
            None => x,
            Some(coarse) => {
                let coarse = self.from_rgb[scale - 1].input_gradient(way.back(coarse));
                x + halved_gradient(coarse)
            }
        }
    }

    /// Of the sum of the scores, to `[batch, channels * 16]`.
    fn back_to_features(&self, decision: Tensor<2>, way: &mut Way) -> Tensor<2> {
        // One for each score, none for a class.
        let [batch, columns] = decision.dims();
        let one = decision.detach().zeros_like();
        let one = one.slice_fill([0..batch, 0..columns.min(1)], 1.0);
        let x = self.decision.input_gradient(one);
        let signs = way.row_signs.take().expect("the features were activated");
        self.hidden
            .input_gradient(leaky_relu_gradient(x, signs, self.config.leaky_slope))
    }
}
