//! `core::ops` on libtorch against burn's own bodies: random input, odd shapes, inputs that others hold.

use anyhow::{Result, ensure};
use burn::tensor::{Device, Distribution, Tensor, Tolerance};
use libtest_mimic::Trial;
use underpaint::device::{self, DeviceName};
use underpaint_core::ops::{
    Convolution, batch_norm, convolve, leaky_relu, leaky_relu_gradient, reflection_pad, relu, tanh,
};

/// Leaves by their shapes, and what is made of them.
struct Case {
    name: &'static str,
    inputs: Vec<Vec<usize>>,
    body: fn(&[Tensor<4>]) -> Vec<Tensor<4>>,
}

/// A trial for each operation: results and gradients of all inputs agree with the plain CPU's.
pub fn trials() -> Vec<Trial> {
    let trial = |case: Case| {
        let name = format!("ops::{}", case.name);
        let check = move || {
            let device = device::open(DeviceName::LibtorchCpu)?.autodiff();
            case.check(&device)
        };
        Trial::test(name, move || check().map_err(crate::told))
    };
    cases().into_iter().map(trial).collect()
}

fn cases() -> Vec<Case> {
    let case = |name, inputs: &[&[usize]], body| Case {
        name,
        inputs: inputs.iter().map(|shape| shape.to_vec()).collect(),
        body,
    };
    vec![
        case("convolution", &[&[2, 3, 7, 5], &[4, 3, 3, 3]], |x| {
            vec![convolve(
                x[0].clone(),
                x[1].clone(),
                None,
                Convolution::square(2, 1),
            )]
        }),
        case(
            "convolution_bias",
            &[&[1, 2, 6, 9], &[5, 2, 4, 4], &[1, 5, 1, 1]],
            |x| {
                let bias = x[2].clone().reshape([5]);
                vec![convolve(
                    x[0].clone(),
                    x[1].clone(),
                    Some(bias),
                    Convolution::square(1, 2),
                )]
            },
        ),
        case(
            "convolution_of_one_pixel",
            &[&[3, 2, 1, 1], &[1, 2, 1, 1]],
            |x| {
                vec![convolve(
                    x[0].clone(),
                    x[1].clone(),
                    None,
                    Convolution::square(1, 0),
                )]
            },
        ),
        case(
            "transposed",
            &[&[2, 3, 4, 5], &[3, 2, 3, 3], &[1, 2, 1, 1]],
            |x| {
                let bias = x[2].clone().reshape([2]);
                let convolution = Convolution::square_transposed(2, 1, 1);
                vec![convolve(
                    x[0].clone(),
                    x[1].clone(),
                    Some(bias),
                    convolution,
                )]
            },
        ),
        // Neither input lies in its memory in the order of its axes.
        case(
            "convolution_of_views",
            &[&[3, 2, 5, 7], &[3, 3, 4, 3]],
            |x| {
                let views = [x[0].clone().swap_dims(0, 1), x[1].clone().swap_dims(0, 2)];
                let [image, weight] = views.map(|x| x.swap_dims(2, 3));
                let weight = weight.narrow(1, 0, 3);
                vec![convolve(image, weight, None, Convolution::square(1, 1))]
            },
        ),
        case(
            "batch_norm",
            &[&[3, 4, 5, 3], &[1, 4, 1, 1], &[1, 4, 1, 1]],
            |x| {
                let [scale, shift] = [1, 2].map(|index| x[index].clone().reshape([4]));
                let result = batch_norm(x[0].clone(), Some([scale, shift]), 1e-5);
                let row = |x: Tensor<1>| x.reshape([1, 4, 1, 1]);
                vec![result.output, row(result.mean), row(result.variance)]
            },
        ),
        case("norm_of_views", &[&[2, 5, 3, 4]], |x| {
            let view = x[0].clone().swap_dims(1, 3);
            let instances = x[0].clone().reshape([1, 10, 3, 4]);
            let plain = |x| batch_norm(x, None, 1e-5).output;
            vec![plain(view), plain(instances)]
        }),
        case("leaky_relu", &[&[2, 3, 5, 3]], |x| {
            vec![leaky_relu(x[0].clone(), 0.2)]
        }),
        case("leaky_relu_without_slope", &[&[2, 3, 5, 3]], |x| {
            vec![leaky_relu(x[0].clone() * 3.0, 0.0)]
        }),
        case("relu_and_tanh", &[&[2, 3, 5, 3]], |x| {
            vec![
                relu(x[0].clone() * 2.0),
                tanh(x[0].clone().swap_dims(0, 3) * 0.5),
            ]
        }),
        // What is activated in place must be nobody else's: not the sum's, not the product's, not a
        // view's.
        case("activations_of_shared_inputs", &[&[2, 4, 3, 3]], |x| {
            let sum = x[0].clone() + 0.1;
            let square = sum.clone() * sum.clone();
            let view = sum.clone().narrow(1, 1, 2);
            let active = leaky_relu(sum.clone(), 0.2);
            let part = relu(view.clone());
            let curve = tanh(sum.clone());
            vec![square, active, part, view, curve, sum]
        }),
        // The input of an activation is saved by the operation that made it or used it.
        case(
            "activations_after_norms",
            &[&[2, 3, 4, 5], &[3, 3, 3, 3]],
            |x| {
                let normed = batch_norm(x[0].clone(), None, 1e-5).output;
                let active = relu(normed.clone());
                let square = normed.clone() * active.clone();
                let next = convolve(active, x[1].clone(), None, Convolution::square(1, 1));
                let exponential = next.clone().exp();
                vec![square, leaky_relu(next, 0.1), tanh(exponential)]
            },
        ),
        // Linear in the first input; the second has no gradient.
        case(
            "leaky_relu_gradient",
            &[&[2, 3, 4, 4], &[2, 3, 4, 4]],
            |x| {
                let found = leaky_relu_gradient(x[0].clone(), x[1].clone().detach(), 0.3);
                vec![found.clone() * found, x[1].clone()]
            },
        ),
        case("reflection", &[&[2, 3, 4, 7]], |x| {
            vec![reflection_pad(x[0].clone(), 3)]
        }),
        case("reflection_of_views", &[&[2, 3, 4, 7]], |x| {
            let view = x[0].clone().swap_dims(1, 3).narrow(1, 2, 3);
            vec![reflection_pad(view, 1), reflection_pad(x[0].clone(), 0)]
        }),
    ]
}

impl Case {
    fn check(&self, device: &Device) -> Result<()> {
        let plain = Device::flex().autodiff();
        for seed in 0..3 {
            let inputs: Vec<Tensor<4>> = self.inputs.iter().zip(seed * 100..).map(random).collect();
            let [expected, found] = [&plain, device].map(|device| self.run(&inputs, device));
            ensure!(
                expected.len() == found.len(),
                "{}: {}",
                expected.len(),
                found.len()
            );
            for (index, (expected, found)) in expected.iter().zip(&found).enumerate() {
                ensure!(
                    expected.dims() == found.dims(),
                    "{} {index}: {:?} {:?}",
                    self.name,
                    expected.dims(),
                    found.dims()
                );
                let tolerance = Tolerance::rel_abs(1e-4, 1e-5);
                found
                    .to_data()
                    .assert_approx_eq::<f32>(&expected.to_data(), tolerance);
            }
        }
        Ok(())
    }

    /// Results, and gradients of all inputs of a weighted sum of them.
    fn run(&self, inputs: &[Tensor<4>], device: &Device) -> Vec<Tensor<4>> {
        let leaves: Vec<Tensor<4>> = inputs
            .iter()
            .map(|x| Tensor::from_data(x.to_data(), device).require_grad())
            .collect();
        let mut results = (self.body)(&leaves);
        let weighted = results.iter().filter(|x| x.is_tracked()).enumerate();
        let weighted = weighted.map(|(index, result)| {
            let weight = random((&result.dims().to_vec(), 7 + index as u64));
            (result.clone() * Tensor::from_data(weight.into_data(), device)).sum()
        });
        let sum = weighted.reduce(|sum, next| sum + next).expect("a result");
        let mut gradients = sum.backward();
        let results_before: Vec<_> = results.iter().map(Tensor::to_data).collect();
        for leaf in &leaves {
            let gradient = leaf.grad_remove(&mut gradients).expect("a gradient");
            results.push(gradient);
        }
        // A backward pass changes no result, and nothing changes a leaf.
        for (before, after) in results_before.iter().zip(&results) {
            assert_eq!(*before, after.to_data());
        }
        for (leaf, input) in leaves.iter().zip(inputs) {
            assert_eq!(leaf.to_data(), input.to_data());
        }
        results
    }
}

fn random((shape, seed): (&Vec<usize>, u64)) -> Tensor<4> {
    let device = Device::flex();
    // Trials beside each other draw from one stream of the device.
    static DRAWING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = DRAWING
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    device.seed(seed);
    let shape = <[usize; 4]>::try_from(shape.as_slice()).expect("four axes");
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device)
}
