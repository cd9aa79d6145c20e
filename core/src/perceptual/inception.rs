//! Inception-v3 as pytorch-fid uses it.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::inception_blocks::{
    BasicConv, InceptionA, InceptionB, InceptionC, InceptionD, InceptionE, Pooling,
    halving_max_pool,
};
use crate::layers::resize_bilinear;

/// Number of features of a picture: the channels of pool3.
pub const FEATURES: usize = 2048;

/// Height and width that every picture is resized to.
const SIDE: usize = 299;

/// Inception-v3 up to pool3, never trained.
///
/// Fields have the authors' names, which are their state-dict keys. The weights are TensorFlow's of 2015-12-05 in pytorch-fid's conversion; its network averages
/// without padding, and takes the maximum in the last block's pooling branch, as TensorFlow's graph
/// does and torchvision's network does not.
///
/// Source: Szegedy et al. 2016 (<https://arxiv.org/abs/1512.00567>); pytorch-fid's file
/// `pt_inception-2015-12-05-6726825d.pth` (spec 4.8).
#[derive(Module, Debug)]
pub struct Inception {
    conv2d_1a_3x3: BasicConv,
    conv2d_2a_3x3: BasicConv,
    conv2d_2b_3x3: BasicConv,
    conv2d_3b_1x1: BasicConv,
    conv2d_4a_3x3: BasicConv,
    mixed_5b: InceptionA,
    mixed_5c: InceptionA,
    mixed_5d: InceptionA,
    mixed_6a: InceptionB,
    mixed_6b: InceptionC,
    mixed_6c: InceptionC,
    mixed_6d: InceptionC,
    mixed_6e: InceptionC,
    mixed_7a: InceptionD,
    mixed_7b: InceptionE,
    mixed_7c: InceptionE,
}

/// The picture as the network takes it: bilinear, corners not aligned, no antialiasing. One that has
/// that size stays as it is.
///
/// # Shapes
///
/// - `image_unit`: `[batch, 3, height, width]` in `[0, 1]`, any size
/// - result: `[batch, 3, 299, 299]`
///
/// Source: pytorch-fid (PyTorch's `interpolate`), which no other resizing replaces: it moves the FID.
pub fn inception_input(image_unit: Tensor<4>) -> Tensor<4> {
    let [.., height, width] = image_unit.dims();
    if [height, width] == [SIDE, SIDE] {
        return image_unit;
    }
    resize_bilinear(image_unit, [SIDE, SIDE])
}

impl Inception {
    /// The network with zero weights, without gradients of its own whatever the device.
    pub fn new(device: &Device) -> Self {
        let device = &device.clone().without_autodiff();
        let plain = |channels, side, stride, padding| {
            BasicConv::new(channels, [side; 2], stride, [padding; 2], device)
        };
        Self {
            conv2d_1a_3x3: plain([3, 32], 3, 2, 0),
            conv2d_2a_3x3: plain([32, 32], 3, 1, 0),
            conv2d_2b_3x3: plain([32, 64], 3, 1, 1),
            conv2d_3b_1x1: plain([64, 80], 1, 1, 0),
            conv2d_4a_3x3: plain([80, 192], 3, 1, 0),
            mixed_5b: InceptionA::new(192, 32, device),
            mixed_5c: InceptionA::new(256, 64, device),
            mixed_5d: InceptionA::new(288, 64, device),
            mixed_6a: InceptionB::new(288, device),
            mixed_6b: InceptionC::new(128, device),
            mixed_6c: InceptionC::new(160, device),
            mixed_6d: InceptionC::new(160, device),
            mixed_6e: InceptionC::new(192, device),
            mixed_7a: InceptionD::new(device),
            mixed_7b: InceptionE::new(1280, Pooling::Average, device),
            mixed_7c: InceptionE::new(2048, Pooling::Max, device),
        }
    }

    /// The output of each of pytorch-fid's four blocks, the last one averaged over the picture.
    ///
    /// The picture is resized first, as [`inception_input`] does.
    ///
    /// # Shapes
    ///
    /// - `image_unit`: `[batch, 3, height, width]` in `[0, 1]`, any size
    /// - result: `[batch, 64, 73, 73]`, `[batch, 192, 35, 35]`, `[batch, 768, 17, 17]`,
    ///   `[batch, 2048, 1, 1]`
    pub fn blocks(&self, image_unit: Tensor<4>) -> [Tensor<4>; 4] {
        let x = inception_input(image_unit) * 2.0 - 1.0;
        let x = self.conv2d_1a_3x3.forward(x);
        let x = self.conv2d_2a_3x3.forward(x);
        let x = self.conv2d_2b_3x3.forward(x);
        let block0 = halving_max_pool(x);
        let x = self.conv2d_3b_1x1.forward(block0.clone());
        let x = self.conv2d_4a_3x3.forward(x);
        let block1 = halving_max_pool(x);
        let x = self.mixed_5b.forward(block1.clone());
        let x = self.mixed_5c.forward(x);
        let x = self.mixed_5d.forward(x);
        let x = self.mixed_6a.forward(x);
        let x = self.mixed_6b.forward(x);
        let x = self.mixed_6c.forward(x);
        let x = self.mixed_6d.forward(x);
        let block2 = self.mixed_6e.forward(x);
        let x = self.mixed_7a.forward(block2.clone());
        let x = self.mixed_7b.forward(x);
        let x = self.mixed_7c.forward(x);
        // [batch, 2048, 8, 8] to [batch, 2048, 1, 1]
        let block3 = x.mean_dim(3).mean_dim(2);
        [block0, block1, block2, block3]
    }

    /// The features that the Fréchet inception distance compares.
    ///
    /// # Shapes
    ///
    /// - `image_unit`: `[batch, 3, height, width]` in `[0, 1]`, any size
    /// - result: `[batch, 2048]`
    pub fn features(&self, image_unit: Tensor<4>) -> Tensor<2> {
        let batch = image_unit.dims()[0];
        let [.., pool3] = self.blocks(image_unit);
        pool3.reshape([batch, FEATURES])
    }
}
