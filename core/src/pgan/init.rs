//! Initial weights, drawn on the host so that a seed gives the same network on every device.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

use crate::layers::LayerScaling;

/// Draws every weight of a generator or discriminator from N(0, 1), or where its layers are plain
/// from N(0, 2 / fan-in), with biases 0.
///
/// Each scale has a random stream of its own, so that a network that grows has the same weights as
/// one that starts large.
///
/// Source: Karras et al. 2018, section 4.1; spec 5.1.
pub fn initialize<M: Module>(network: M, scaling: LayerScaling, seed: u64) -> M {
    network.map(&mut Initialize::new(scaling, seed, None))
}

/// Draws the weights of one scale and leaves all others as they are.
pub fn initialize_scale<M: Module>(
    network: M,
    scaling: LayerScaling,
    seed: u64,
    scale: usize,
) -> M {
    network.map(&mut Initialize::new(scaling, seed, Some(scale)))
}

struct Initialize {
    scaling: LayerScaling,
    seed: u64,
    /// The scale to draw; all of them without it.
    only: Option<usize>,
    /// One for every scale met so far.
    streams: Vec<ChaCha8Rng>,
    path: Vec<String>,
}

impl Initialize {
    fn new(scaling: LayerScaling, seed: u64, only: Option<usize>) -> Self {
        Self {
            scaling,
            seed,
            only,
            streams: Vec::new(),
            path: Vec::new(),
        }
    }

    /// Which scale the parameter at the current path belongs to.
    fn scale(&self) -> usize {
        let index = || self.path[1].parse::<usize>().expect("an index of a Vec");
        match self.path[0].as_str() {
            // The first block is that of 8×8.
            "blocks" => index() + 1,
            "to_rgb" | "from_rgb" => index(),
            _ => 0,
        }
    }

    fn stream(&mut self, scale: usize) -> &mut ChaCha8Rng {
        while self.streams.len() <= scale {
            let mut stream = ChaCha8Rng::seed_from_u64(self.seed);
            stream.set_stream(self.streams.len() as u64);
            self.streams.push(stream);
        }
        &mut self.streams[scale]
    }

    fn draw(&mut self, shape: &[usize], scale: usize) -> Vec<f32> {
        let deviation = self.scaling.initial_deviation(shape);
        let stream = self.stream(scale);
        let sample = |_| {
            let standard: f64 = StandardNormal.sample(stream);
            (standard * deviation) as f32
        };
        (0..shape.iter().product()).map(sample).collect()
    }
}

impl ModuleMapper for Initialize {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let scale = self.scale();
        if self.only.is_some_and(|only| only != scale) {
            return param;
        }
        let (id, tensor, mapper) = param.consume();
        let shape = tensor.dims();
        let values = match self.path.last().map(String::as_str) {
            Some("weight") => self.draw(&shape, scale),
            _ => vec![0.0; shape.iter().product()],
        };
        let drawn = Tensor::from_data(TensorData::new(values, shape), &tensor.device())
            .set_require_grad(tensor.is_require_grad());
        Param::from_mapped_value(id, drawn, mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pgan::{DiscriminatorConfig, GeneratorConfig};
    use crate::state_dict::{StateDict, state_dict};
    use burn::tensor::Device;

    fn generator(scaling: LayerScaling) -> GeneratorConfig {
        GeneratorConfig {
            depths: vec![32, 6, 5],
            latent_dim: 32,
            scaling,
            ..GeneratorConfig::default()
        }
    }

    fn drawn(scaling: LayerScaling, seed: u64) -> StateDict {
        let network = generator(scaling).init(&Device::flex()).expect("valid");
        state_dict(&initialize(network, scaling, seed))
    }

    #[test]
    fn a_network_that_grew_has_the_weights_of_one_that_started_large() {
        let device = Device::flex();
        let config = generator(LayerScaling::Equalized);
        let small = config.at_scale(0).init(&device).expect("valid");
        let grown = initialize(small, config.scaling, 3)
            .grow(6, &device, 3)
            .grow(5, &device, 3);
        assert_eq!(state_dict(&grown), drawn(LayerScaling::Equalized, 3));
        assert_eq!(*grown.config(), config);

        let config = DiscriminatorConfig {
            depths: vec![4, 3, 2],
            ..DiscriminatorConfig::default()
        };
        let small = config.at_scale(0).init(&device).expect("valid");
        let grown = initialize(small, config.scaling, 3)
            .grow(3, &device, 3)
            .grow(2, &device, 3);
        let large = initialize(config.init(&device).expect("valid"), config.scaling, 3);
        assert_eq!(state_dict(&grown), state_dict(&large));
        assert_eq!(*grown.config(), config);
    }

    #[test]
    fn weights_are_normal_and_biases_zero() {
        for (scaling, expected) in [
            (LayerScaling::Equalized, 1.0),
            (LayerScaling::Plain, (2.0f64 / 32.0).sqrt()),
        ] {
            let weights = drawn(scaling, 1);
            let format = &weights["formatLayer.module.weight"].values;
            let square = format.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
            let deviation = (square / format.len() as f64).sqrt();
            assert!(
                (deviation / expected - 1.0).abs() < 0.03,
                "{deviation} is not {expected}"
            );
            let biases = weights.iter().filter(|(key, _)| key.ends_with("bias"));
            assert!(biases.flat_map(|(_, bias)| &bias.values).all(|&b| b == 0.0));
        }
    }

    #[test]
    fn a_seed_repeats_and_another_does_not() {
        let draw = |seed| drawn(LayerScaling::Equalized, seed);
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }
}
