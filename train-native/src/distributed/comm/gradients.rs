//! Gradients of a network, averaged over all ranks.
//!
//! They are copied into buckets, in the order of the network's parameters and each in the layout of
//! its parameter, so that a slice of the bucket is the averaged gradient. Between machines, and between
//! devices, a bucket is on its way while the next is filled. Ranks that share a machine's memory have one
//! bucket in it, which nobody has to send.

use anyhow::{Result, anyhow};
use burn::module::{ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor, TensorData};
use burn_tch::LibTorch;
use underpaint_core::state_dict::AuthorsKeys;
use underpaint_torch::group::Work;

use super::libtorch::Comm;
use super::memory::Piece;

/// Elements of a bucket: 25 MiB, as in PyTorch's DistributedDataParallel.
const BUCKET: i64 = 25 << 18;

/// Gradients whose average is being computed.
pub struct Averaging {
    buckets: Vec<Bucket>,
}

struct Bucket {
    /// The gradients of the bucket one after the other: of this rank, then of all.
    values: tch::Tensor,
    way: Way,
    layouts: Vec<Layout>,
}

/// How the gradients of all ranks come together.
enum Way {
    Summed {
        work: Work,
        /// The values in host memory, where the device's own does not go between ranks.
        on_host: Option<tch::Tensor>,
    },
    Shared(Piece),
}

/// How a gradient lies in its bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layout {
    size: Vec<i64>,
    stride: Vec<i64>,
    start: i64,
}

impl Averaging {
    pub(in crate::distributed) fn none() -> Self {
        Self {
            buckets: Vec::new(),
        }
    }
}

impl Comm {
    pub(in crate::distributed) fn start_averaging<M: AuthorsKeys>(
        &self,
        network: &M,
        gradients: &Gradients,
    ) -> Result<Averaging> {
        let mut collect = Collect {
            gradients,
            found: Vec::new(),
            problem: None,
        };
        network.visit(&mut collect);
        if let Some(problem) = collect.problem {
            return Err(anyhow!(problem));
        }
        let found = collect.found;
        if let Some(piece) = self.shared_piece(&found)? {
            let values = piece.tensor()?;
            let layouts = fill(&values, found);
            piece.arrive();
            let way = Way::Shared(piece);
            let bucket = Bucket {
                values,
                way,
                layouts,
            };
            return Ok(Averaging {
                buckets: vec![bucket],
            });
        }
        let started = in_buckets(found).into_iter().map(|found| self.start(found));
        Ok(Averaging {
            buckets: started.collect::<Result<_>>()?,
        })
    }

    pub(in crate::distributed) fn finish_averaging<M: AuthorsKeys>(
        &self,
        averaging: Averaging,
        network: &M,
        gradients: &mut Gradients,
    ) -> Result<()> {
        let mut averages = Vec::new();
        for bucket in averaging.buckets {
            let Bucket {
                mut values,
                way,
                layouts,
            } = bucket;
            match way {
                Way::Summed { work, on_host } => {
                    work.wait()?;
                    if let Some(on_host) = on_host {
                        values.copy_(&on_host);
                    }
                    let _ = values.g_div_scalar_(self.size() as f64);
                }
                Way::Shared(piece) => piece.average()?,
            }
            let cut =
                |layout: &Layout| values.as_strided(&layout.size, &layout.stride, layout.start);
            averages.extend(layouts.iter().map(cut));
        }
        let mut replace = Replace {
            gradients,
            averages: averages.into_iter(),
        };
        network.visit(&mut replace);
        Ok(())
    }

    /// The sum of a tensor of every rank, for batch norms.
    pub(in crate::distributed) fn sum_tensor(&self, values: Tensor<1>) -> Result<Tensor<1>> {
        let values = values.try_into_primitive::<LibTorch>();
        let Ok(mut values) = values else {
            return Err(anyhow!("expected a tensor on one of libtorch's devices"));
        };
        let (work, on_host) = self.start_sum(&values.tensor)?;
        work.wait()?;
        if let Some(on_host) = on_host {
            values.tensor.copy_(&on_host);
        }
        Ok(Tensor::from_primitive::<LibTorch>(values))
    }

    fn start(&self, found: Vec<Found>) -> Result<Bucket> {
        let (kind, device) = (found[0].gradient.kind(), found[0].gradient.device());
        let values = tch::Tensor::empty([total(&found) as i64], (kind, device));
        let layouts = fill(&values, found);
        let (work, on_host) = self.start_sum(&values)?;
        Ok(Bucket {
            values,
            way: Way::Summed { work, on_host },
            layouts,
        })
    }

    /// A piece of the memory that all ranks share, if they do and the gradients can lie there.
    fn shared_piece(&self, found: &[Found]) -> Result<Option<Piece>> {
        let on_host = |found: &Found| {
            found.gradient.device() == tch::Device::Cpu && found.gradient.kind() == tch::Kind::Float
        };
        match !found.is_empty() && found.iter().all(on_host) {
            true => self.memory().piece(self, total(found)),
            false => Ok(None),
        }
    }
}

/// Elements of gradients.
fn total(found: &[Found]) -> usize {
    found.iter().map(|found| found.gradient.numel()).sum()
}

/// Copies gradients one after the other.
fn fill(values: &tch::Tensor, found: Vec<Found>) -> Vec<Layout> {
    let mut start = 0;
    let copy = |Found { gradient, stride }| {
        let size = gradient.size();
        let layout = Layout {
            start,
            size,
            stride,
        };
        values
            .as_strided(&layout.size, &layout.stride, layout.start)
            .copy_(&gradient);
        start += gradient.numel() as i64;
        layout
    };
    found.into_iter().map(copy).collect()
}

/// A gradient, and the strides of its parameter.
struct Found {
    gradient: tch::Tensor,
    stride: Vec<i64>,
}

/// Cuts where a bucket is full: every rank at the same places, as all have the same parameters.
fn in_buckets(found: Vec<Found>) -> Vec<Vec<Found>> {
    let mut buckets: Vec<Vec<Found>> = Vec::new();
    let mut room = 0;
    for found in found {
        let count = found.gradient.numel() as i64;
        if room <= 0 {
            buckets.push(Vec::new());
            room = BUCKET;
        }
        room -= count;
        buckets
            .last_mut()
            .expect("there is one since the first gradient")
            .push(found);
    }
    buckets
}

/// Finds the gradient of every parameter that has one.
struct Collect<'a> {
    gradients: &'a Gradients,
    found: Vec<Found>,
    problem: Option<String>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let Some(gradient) = value.grad(self.gradients) else {
            return;
        };
        let value = value.without_autodiff().try_into_primitive::<LibTorch>();
        let found = match (value, gradient.clone().try_into_primitive::<LibTorch>()) {
            (Ok(value), Ok(gradient)) => Ok(Found {
                stride: dense_strides(&value.tensor),
                gradient: gradient.tensor,
            }),
            // Another backend's: through the host.
            _ => on_host(gradient),
        };
        match found {
            Ok(found) => self.found.push(found),
            Err(problem) => self.problem = Some(problem),
        }
    }
}

fn on_host<const D: usize>(gradient: Tensor<D>) -> Result<Found, String> {
    let size = gradient.dims().map(|size| size as i64);
    let data = gradient.try_into_data_as::<f32>();
    let values = data.map_err(|error| error.to_string())?;
    let values = values.try_into_vec::<f32>();
    let values = values.map_err(|error| format!("{error:?}"))?;
    let gradient = tch::Tensor::from_slice(&values).reshape(size);
    Ok(Found {
        stride: gradient.stride(),
        gradient,
    })
}

/// Those of the tensor if its elements fill a piece of memory, else those of a tensor in order.
fn dense_strides(tensor: &tch::Tensor) -> Vec<i64> {
    let (size, stride) = (tensor.size(), tensor.stride());
    let mut axes: Vec<usize> = (0..size.len()).filter(|&axis| size[axis] > 1).collect();
    axes.sort_by_key(|&axis| stride[axis]);
    let mut expected = 1;
    for axis in axes {
        if stride[axis] != expected {
            return in_order(&size);
        }
        expected *= size[axis];
    }
    stride
}

fn in_order(size: &[i64]) -> Vec<i64> {
    let mut stride = vec![1; size.len()];
    for axis in (1..size.len()).rev() {
        stride[axis - 1] = stride[axis] * size[axis].max(1);
    }
    stride
}

/// Puts the averages where the gradients were.
struct Replace<'a> {
    gradients: &'a mut Gradients,
    averages: std::vec::IntoIter<tch::Tensor>,
}

impl ModuleVisitor for Replace<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let Some(gradient) = value.grad(self.gradients) else {
            return;
        };
        let Some(average) = self.averages.next() else {
            return;
        };
        let device = gradient.device();
        match gradient.try_into_primitive::<LibTorch>() {
            // burn's dispatch cannot replace gradients of libtorch: this changes the tensor that it
            // holds, of which `gradient` is another handle.
            Ok(mut gradient) => gradient.tensor.set_data(&average),
            Err(_) => {
                let values = Vec::<f32>::try_from(average.reshape([-1])).unwrap_or_default();
                let average = Tensor::from_data(TensorData::new(values, value.dims()), &device);
                value.grad_replace(self.gradients, average);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(size: &[i64]) -> tch::Tensor {
        tch::Tensor::zeros(size, (tch::Kind::Float, tch::Device::Cpu))
    }

    #[test]
    fn a_layout_that_fills_its_memory_is_kept_and_another_put_in_order() {
        let plain = tensor(&[2, 3, 4, 5]);
        assert_eq!(dense_strides(&plain), [60, 20, 5, 1]);
        let last = plain.permute([0, 2, 3, 1]);
        assert_eq!(dense_strides(&last), last.stride());
        let expanded = tensor(&[2, 1]).expand([2, 3], false);
        assert_eq!(dense_strides(&expanded), [3, 1]);
        assert_eq!(dense_strides(&plain.narrow(3, 0, 2)), [24, 8, 2, 1]);
    }

    #[test]
    fn buckets_are_cut_once_they_are_full() {
        let found = |count: i64| Found {
            gradient: tensor(&[1]).expand([count], false),
            stride: vec![1],
        };
        let counts = [3, BUCKET - 3, 1, 2 * BUCKET, 5];
        let buckets = in_buckets(counts.map(found).into());
        let lengths: Vec<usize> = buckets.iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 2, 1]);
        assert!(in_buckets(Vec::new()).is_empty());
    }
}
