//! A build without libtorch has no ranks.

use std::convert::Infallible;

use anyhow::{Result, bail};
use burn::tensor::{Gradients, Tensor};

use crate::device::DeviceName;
use crate::distributed::watch::Watch;
use crate::distributed::{Share, World};

/// There is none.
pub(in crate::distributed) struct Comm(Infallible);

/// Gradients whose average is being computed: none here.
pub struct Averaging(());

impl Averaging {
    pub(in crate::distributed) fn none() -> Self {
        Self(())
    }
}

pub(in crate::distributed) fn join(world: &World) -> Result<(Comm, Watch)> {
    bail!("{world}: a run of several processes needs a build with --features tch")
}

impl Comm {
    pub(in crate::distributed) fn connect(&self, _device: DeviceName, _own: Share) -> Result<()> {
        match self.0 {}
    }

    pub(in crate::distributed) fn sum_tensor(&self, _values: Tensor<1>) -> Result<Tensor<1>> {
        match self.0 {}
    }

    pub(in crate::distributed) fn broadcast(&self, _bytes: Vec<u8>) -> Result<Vec<u8>> {
        match self.0 {}
    }

    pub(in crate::distributed) fn gather(&self, _bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        match self.0 {}
    }

    pub(in crate::distributed) fn send(&self, _bytes: &[u8], _to: usize) -> Result<()> {
        match self.0 {}
    }

    pub(in crate::distributed) fn receive(&self, _from: usize) -> Result<Vec<u8>> {
        match self.0 {}
    }

    pub(in crate::distributed) fn sum(&self, _values: Vec<f64>) -> Result<Vec<f64>> {
        match self.0 {}
    }

    pub(in crate::distributed) fn barrier(&self) -> Result<()> {
        match self.0 {}
    }

    pub(in crate::distributed) fn start_averaging<M>(
        &self,
        _network: &M,
        _gradients: &Gradients,
    ) -> Result<Averaging> {
        match self.0 {}
    }

    pub(in crate::distributed) fn finish_averaging<M>(
        &self,
        _averaging: Averaging,
        _network: &M,
        _gradients: &mut Gradients,
    ) -> Result<()> {
        match self.0 {}
    }
}
