//! A trained generator in use.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{InputKind, Manifest, ModelConfig, TestTime};
use crate::label::{check_labels, one_hot_from_labels};
use crate::layers::pad_to_multiple;
use crate::pix2pix::{Generator, GeneratorConfig};
use crate::state_dict::{StateDict, load_state_dict};
use crate::{Error, Result};

/// A generator with its weights on a device: what the command line and the browser both run.
#[derive(Debug)]
pub struct Runner {
    generator: Generator,
    config: GeneratorConfig,
    input: InputKind,
    test_time: TestTime,
    device: Device,
}

impl Runner {
    /// Builds the generator that `manifest` describes, with these weights.
    ///
    /// # Errors
    ///
    /// [`Error::StateDict`] if the weights do not fit the architecture, listing every mismatch;
    /// [`Error::Config`] if the manifest describes none.
    pub fn new(
        manifest: &Manifest,
        weights: &StateDict,
        test_time: TestTime,
        device: &Device,
    ) -> Result<Self> {
        let ModelConfig::Pix2pix { generator: config } = &manifest.model;
        Ok(Self {
            generator: load_state_dict(config.init(device)?, weights)?,
            config: config.clone(),
            input: manifest.input.clone(),
            test_time,
            device: device.clone(),
        })
    }

    /// Where it runs.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Channels that it takes.
    pub fn input_channels(&self) -> usize {
        self.config.input_channels
    }

    /// Channels that it gives.
    pub fn output_channels(&self) -> usize {
        self.config.output_channels
    }

    /// What the generator sees of a label map, encoded on the device.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[height, width]`, flattened, in `0..num_classes`
    /// - result: `[1, num_classes, height, width]`, one-hot
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if the model takes no label maps or `ids` is not of that size;
    /// [`Error::LabelRange`] for the first id that is no class.
    pub fn condition_from_labels(
        &self,
        ids: &[u8],
        height: usize,
        width: usize,
    ) -> Result<Tensor<4>> {
        let InputKind::Labels { num_classes, .. } = &self.input else {
            return Err(Error::Input(
                "this model takes pictures, found labels".into(),
            ));
        };
        check_size("label map", ids.len(), 1, height, width)?;
        let ids: Vec<u16> = ids.iter().map(|&id| u16::from(id)).collect();
        check_labels(&ids, width, *num_classes)?;
        let ids: Vec<i32> = ids.into_iter().map(i32::from).collect();
        let data = TensorData::new(ids, [1, 1, height, width]);
        let label_map = Tensor::<4, Int>::from_data(data, &self.device);
        Ok(one_hot_from_labels(label_map, *num_classes))
    }

    /// What the generator sees of planes in `[-1, 1]`.
    ///
    /// # Shapes
    ///
    /// - `planes`: `[input_channels, height, width]`, flattened
    /// - result: `[1, input_channels, height, width]`
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if `planes` is not of that size.
    pub fn condition_from_planes(
        &self,
        planes: Vec<f32>,
        height: usize,
        width: usize,
    ) -> Result<Tensor<4>> {
        let channels = self.config.input_channels;
        check_size("picture", planes.len(), channels, height, width)?;
        let data = TensorData::new(planes, [1, channels, height, width]);
        Ok(Tensor::from_data(data, &self.device))
    }

    /// Generates from inputs of any size: they are padded to the multiple that the network needs, and
    /// the result is cropped back. The same seed drops the same out, on every device.
    ///
    /// # Shapes
    ///
    /// - `condition`: `[batch, input_channels, height, width]`
    /// - result: `[batch, output_channels, height, width]` in `[-1, 1]`
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the number of channels is another, or there is nothing to generate from.
    pub fn run(&self, condition: Tensor<4>, seed: u64) -> Result<Tensor<4>> {
        let [batch, channels, height, width] = condition.dims();
        if channels != self.config.input_channels || batch * height * width == 0 {
            return Err(Error::Shape {
                what: "input".into(),
                expected: format!("[batch, {}, height, width]", self.config.input_channels),
                found: condition.dims().to_vec(),
            });
        }
        let padded = pad_to_multiple(condition, self.multiple());
        let output = self.generator.forward(padded, self.test_time.mode(seed));
        Ok(output.slice([0..batch, 0..self.output_channels(), 0..height, 0..width]))
    }

    /// Sides that a picture is padded to are multiples of this.
    pub fn multiple(&self) -> usize {
        // A ResNet mirrors borders of a quarter-size picture: four pixels would leave one.
        self.config.size_multiple().max(8)
    }
}

fn check_size(
    what: &str,
    found: usize,
    channels: usize,
    height: usize,
    width: usize,
) -> Result<()> {
    let expected = channels
        .checked_mul(height)
        .and_then(|values| values.checked_mul(width));
    match expected {
        Some(expected) if expected == found && found > 0 => Ok(()),
        _ => Err(Error::Input(format!(
            "{what}: expected {channels} * {height} * {width} values, at least one, found {found}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{NormDefault, tests::manifest_of};
    use crate::label::Palette;
    use crate::pix2pix::Architecture;
    use crate::state_dict::state_dict;

    fn runner() -> Runner {
        let config = GeneratorConfig {
            architecture: Architecture::Unet { num_downs: 5 },
            input_channels: 3,
            base_channels: 2,
            ..GeneratorConfig::default()
        };
        let device = Device::flex();
        let weights = state_dict(&config.init(&device).expect("a network"));
        let input = InputKind::Labels {
            num_classes: 3,
            classes: Palette::numbered(3).classes,
        };
        let manifest = manifest_of(config, input);
        let test_time = TestTime {
            statistics: NormDefault::Batch,
            dropout: true,
        };
        Runner::new(&manifest, &weights, test_time, &device).expect("a runner")
    }

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().try_to_vec().expect("f32")
    }

    #[test]
    fn any_size_comes_back_as_it_went_in_and_a_seed_repeats() {
        let runner = runner();
        let ids: Vec<u8> = (0..33 * 50).map(|i| (i / 7 % 3) as u8).collect();
        let condition = || runner.condition_from_labels(&ids, 33, 50).expect("labels");
        let picture = runner.run(condition(), 5).expect("a picture");
        assert_eq!(picture.dims(), [1, 3, 33, 50]);
        assert_eq!(
            values(picture),
            values(runner.run(condition(), 5).expect("again"))
        );
    }

    #[test]
    fn wrong_inputs_are_told_apart() {
        let runner = runner();
        let told = |result: Result<Tensor<4>>| result.unwrap_err().to_string();
        assert_eq!(
            told(runner.condition_from_labels(&[0; 5], 2, 3)),
            "label map: expected 1 * 2 * 3 values, at least one, found 5"
        );
        assert_eq!(
            told(runner.condition_from_labels(&[0, 1, 2, 7], 2, 2)),
            "label 7 at x 1, y 1 is outside 0..3"
        );
        assert!(told(runner.condition_from_planes(vec![], 0, 4)).contains("at least one"));
        let condition = Tensor::zeros([1, 4, 32, 32], &Device::flex());
        assert_eq!(
            told(runner.run(condition, 0)),
            "input: expected shape [batch, 3, height, width], found [1, 4, 32, 32]"
        );
    }
}
