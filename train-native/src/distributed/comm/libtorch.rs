//! Over libtorch's process groups.

use std::cell::{Ref, RefCell};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use tch::{Kind, Tensor};
use underpaint_torch::group::{
    Group, Interface, Meeting, Store, Work, exit_now, has_hccl, has_nccl,
};

use super::memory::Memory;
use crate::device::DeviceName;
use crate::distributed::watch::{self, Limits, Watch};
use crate::distributed::{Share, World};

/// For all ranks to come: another machine may be slow to start.
const MEETING: Duration = Duration::from_secs(300);
/// For an operation. Longer than rank 0's longest validation: lost ranks are noticed by their silence.
pub(super) const OPERATION: Duration = Duration::from_secs(12 * 3600);
/// Long messages go in pieces of so many bytes.
const PIECE: usize = 64 << 20;
/// As with PyTorch: the network interface to use.
const INTERFACE: &str = "GLOO_SOCKET_IFNAME";
/// Key of the store under which rank 0 says where its watch is.
const WATCH: &str = "watch";

/// The process groups of a run.
pub(in crate::distributed) struct Comm {
    // The store goes last.
    memory: Memory,
    devices: RefCell<Option<Group>>,
    host: Option<Group>,
    store: Store,
}

impl Drop for Comm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Groups wait for their work, and nobody does the others' part of it any longer.
            std::mem::forget((self.devices.take(), self.host.take()));
        }
    }
}

/// Meets the other ranks.
pub(in crate::distributed) fn join(world: &World) -> Result<(Comm, Watch)> {
    let place = || format!("{world}");
    let store = Store::meet(&Meeting {
        host: &world.host,
        port: world.port,
        server: world.keeps_store,
        size: world.size,
        prefix: &format!("underpaint/{}", world.start),
        timeout: MEETING,
    })
    .with_context(place)?;
    let watch = watch_over(world, &store).with_context(place)?;
    let (rank, size) = (world.rank, world.size);
    let group = Group::gloo(&store, rank, size, &interface(world)?, OPERATION);
    let comm = Comm {
        memory: Memory::new(world.share()),
        devices: RefCell::new(None),
        host: Some(group.with_context(place)?),
        store,
    };
    // Everybody has got through.
    comm.barrier()?;
    Ok((comm, watch))
}

fn watch_over(world: &World, store: &Store) -> Result<Watch> {
    let limits = Limits {
        meeting: MEETING,
        silence: watch::limit()?,
    };
    if world.rank == 0 {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).context("a port")?;
        let port = listener.local_addr().context("a port")?.port();
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let secret = crate::family::derive_seed(
            since.map_or(0, |since| since.as_nanos() as u64),
            u64::from(std::process::id()),
        );
        let secret = format!("{secret:016x}");
        store.set(WATCH, format!("{port} {secret}").as_bytes())?;
        return Watch::over(&listener, &secret, world.size, limits, exit_now);
    }
    let told = String::from_utf8(store.get(WATCH)?).context("where rank 0's watch is")?;
    let (port, secret) = told.split_once(' ').context("where rank 0's watch is")?;
    // torchrun's store is kept by a process of its own, on the machine of rank 0.
    Watch::under(
        &format!("{}:{port}", world.host),
        secret,
        world.rank,
        limits,
        exit_now,
    )
}

/// Where the others reach this process: what the user says, or the address by which this machine
/// reaches the meeting place.
fn interface(world: &World) -> Result<Interface> {
    if let Some(name) = std::env::var(INTERFACE)
        .ok()
        .filter(|name| !name.is_empty())
    {
        return Ok(Interface::Name(name));
    }
    // Sends nothing: the system only chooses a way.
    let own = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((world.host.as_str(), world.port))?;
        socket.local_addr()
    };
    let own = own().with_context(|| format!("{world}: no way to that host"))?;
    Ok(Interface::Address(own.ip().to_string()))
}

impl Comm {
    pub(in crate::distributed) fn broadcast(&self, bytes: Vec<u8>) -> Result<Vec<u8>> {
        let mut length = Tensor::from_slice(&[bytes.len() as i64]);
        self.host().broadcast(&mut length, 0)?;
        let mut bytes = bytes;
        bytes.resize(usize::try_from(length.int64_value(&[0]))?, 0);
        for piece in bytes.chunks_mut(PIECE) {
            let mut tensor = Tensor::from_slice(piece);
            self.host().broadcast(&mut tensor, 0)?;
            let count = piece.len();
            tensor.copy_data_u8(piece, count);
        }
        Ok(bytes)
    }

    pub(in crate::distributed) fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        let length = Tensor::from_slice(&[bytes.len() as i64]);
        let lengths = self.host().all_gather(&length)?;
        let lengths = lengths.iter().map(|length| length.int64_value(&[0]));
        let lengths = lengths.collect::<Vec<_>>();
        let longest = usize::try_from(lengths.iter().copied().max().unwrap_or(0))?;
        let mut own = bytes.to_vec();
        // At least one byte: there is no tensor to send without.
        own.resize(longest.max(1), 0);
        let all = self.host().all_gather(&Tensor::from_slice(&own))?;
        let cut = |(tensor, length): (Tensor, i64)| {
            let mut bytes = Vec::<u8>::try_from(tensor)?;
            bytes.truncate(usize::try_from(length)?);
            Ok(bytes)
        };
        all.into_iter().zip(lengths).map(cut).collect()
    }

    pub(in crate::distributed) fn send(&self, bytes: &[u8], to: usize) -> Result<()> {
        self.host()
            .send(&Tensor::from_slice(&[bytes.len() as i64]), to)?;
        for piece in bytes.chunks(PIECE) {
            self.host().send(&Tensor::from_slice(piece), to)?;
        }
        Ok(())
    }

    pub(in crate::distributed) fn receive(&self, from: usize) -> Result<Vec<u8>> {
        let mut length = Tensor::from_slice(&[0i64]);
        self.host().receive(&mut length, from)?;
        let mut bytes = vec![0; usize::try_from(length.int64_value(&[0]))?];
        for piece in bytes.chunks_mut(PIECE) {
            let count = piece.len();
            let mut tensor = Tensor::zeros([count as i64], (Kind::Uint8, tch::Device::Cpu));
            self.host().receive(&mut tensor, from)?;
            tensor.copy_data_u8(piece, count);
        }
        Ok(bytes)
    }

    pub(in crate::distributed) fn sum(&self, values: Vec<f64>) -> Result<Vec<f64>> {
        let tensor = Tensor::from_slice(&values);
        self.host().all_reduce(&tensor)?.wait()?;
        let sums = Vec::<f64>::try_from(tensor)?;
        ensure!(sums.len() == values.len(), "as many sums as values");
        Ok(sums)
    }

    pub(in crate::distributed) fn barrier(&self) -> Result<()> {
        Ok(self.host().barrier()?)
    }

    /// Memory that all ranks share, if they do.
    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Number of ranks.
    pub(super) fn size(&self) -> usize {
        self.host().size()
    }

    /// Connects devices that can talk to each other without the host.
    pub(in crate::distributed) fn connect(&self, device: DeviceName, own: Share) -> Result<()> {
        let (store, Share { rank, size }) = (&self.store, own);
        let group = match device {
            DeviceName::LibtorchCuda(_) if has_nccl() => {
                Some(Group::nccl(store, rank, size, OPERATION)?)
            }
            DeviceName::Npu(_) if has_hccl() => Some(Group::hccl(store, rank, size, OPERATION)?),
            _ => None,
        };
        *self.devices.borrow_mut() = group;
        Ok(())
    }

    fn host(&self) -> &Group {
        self.host.as_ref().expect("it is there until the end")
    }

    /// Starts to sum up a tensor of any device, in place or, where devices do not talk to each other, in
    /// the copy in host memory that comes back.
    pub(super) fn start_sum(&self, tensor: &Tensor) -> Result<(Work, Option<Tensor>)> {
        let devices: Ref<'_, Option<Group>> = self.devices.borrow();
        if tensor.device() == tch::Device::Cpu {
            return Ok((self.host().all_reduce(tensor)?, None));
        }
        if let Some(devices) = devices.as_ref() {
            return Ok((devices.all_reduce(tensor)?, None));
        }
        let on_host = tensor.to_device(tch::Device::Cpu);
        Ok((self.host().all_reduce(&on_host)?, Some(on_host)))
    }
}
