//! Records what a module does.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use burn::backend::Capture;
use burn::backend::capture::{CaptureError, CapturedGraph, TensorId};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use underpaint_plan::{Input, Plan, ValueId};

use super::{finish::finish, lower::lower};
use crate::{Error, Result};

/// Where a module is built and run once, so that a plan can be made of it; see [`capture()`].
#[derive(Debug)]
pub struct Scope {
    device: Device,
    /// Key and shape of every parameter that has been named.
    pub(crate) shapes: Vec<(String, Vec<usize>)>,
    pub(super) inputs: Vec<(TensorId, Input, Vec<usize>)>,
    pub(super) parameters: BTreeMap<TensorId, String>,
    pub(super) outputs: Vec<TensorId>,
}

impl Scope {
    /// The device to build the module on. Nothing on it can be read.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// A tensor that is given to the plan, under this name.
    ///
    /// # Shapes
    ///
    /// `[1, channels, height, width]` or `[1, channels]`: a plan is for one picture.
    pub fn input<const D: usize>(&mut self, name: &str, shape: [usize; D]) -> Tensor<D> {
        self.one_hot_input(name, shape, 0)
    }

    /// An [input](Self::input) whose first `one_hot` channels are the one-hot encoding of a label map.
    pub fn one_hot_input<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
        one_hot: usize,
    ) -> Tensor<D> {
        let tensor = Tensor::empty(shape, &self.device);
        let input = Input {
            name: name.to_owned(),
            value: ValueId(self.inputs.len()),
            one_hot,
        };
        if let Some(id) = id_of(&tensor) {
            self.inputs.push((id, input, shape.to_vec()));
        }
        tensor
    }

    /// Names the parameters and buffers of a module by their keys in a weight file. Without a name
    /// they are constants: those that the module was built with.
    ///
    /// `key` is given the names of the fields that lead to a parameter.
    pub fn parameters<M: Module>(&mut self, module: &M, key: impl Fn(&[String]) -> String) {
        let mut names = Names {
            key: &key,
            path: Vec::new(),
            scope: self,
        };
        module.visit(&mut names);
    }

    /// Declares what comes out of the plan; several in this order.
    pub fn output<const D: usize>(&mut self, tensor: &Tensor<D>) {
        self.outputs.extend(id_of(tensor));
    }
}

/// Makes a plan of what `run` does on the [device](Scope::device) of its scope.
///
/// ```
/// use burn::nn::conv::Conv2dConfig;
/// use underpaint_core::plan::capture;
///
/// let plan = capture(|scope| {
///     let layer = Conv2dConfig::new([3, 8], [3, 3]).init(scope.device());
///     let picture = scope.input("picture", [1, 3, 32, 32]);
///     let planes = layer.forward(picture).tanh();
///     scope.parameters(&layer, |path| path.join("."));
///     scope.output(&planes);
///     Ok(())
/// })?;
/// assert_eq!(plan.steps.len(), 2);
/// assert_eq!(plan.keys_of(plan.steps[0].operation.weights()[0]), ["weight"]);
/// # Ok::<(), underpaint_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Plan`] if the module does something that no step stands for, naming it, or has no output;
/// or if one plan is made inside another. What `run` says.
pub fn capture(run: impl FnOnce(&mut Scope) -> Result<()>) -> Result<Plan> {
    let (scope, captured) = recorded(&mut once(run))?;
    let invalid = |error| Error::Plan(underpaint_plan::Error::Invalid(format!("{error}")));
    let captured = captured.map_err(invalid)?;
    let scope = Scope {
        outputs: captured.graph.outputs.clone(),
        ..scope
    };
    let (draft, outputs) = lower(&captured, &scope)?;
    Ok(finish(draft, outputs))
}

/// Builds modules on the capture device, where they have all their shapes and no values, and gives key
/// and shape of every parameter that was named.
///
/// # Errors
///
/// [`Error::Plan`] inside a capture; what `build` says.
pub(crate) fn shapes(
    build: impl FnOnce(&mut Scope) -> Result<()>,
) -> Result<Vec<(String, Vec<usize>)>> {
    // What was recorded is of no use here.
    Ok(recorded(&mut once(build))?.0.shapes)
}

/// Something that is run once, for a function that is compiled once.
fn once(run: impl FnOnce(&mut Scope) -> Result<()>) -> impl FnMut(&mut Scope) -> Result<()> {
    let mut run = Some(run);
    move |scope| run.take().map_or(Ok(()), |run| run(scope))
}

type Recorded = std::result::Result<CapturedGraph, CaptureError>;

fn recorded(run: &mut dyn FnMut(&mut Scope) -> Result<()>) -> Result<(Scope, Recorded)> {
    // One device for all: a process can have 65,536 of them, and each has one scope at a time.
    static DEVICE: OnceLock<Mutex<Device>> = OnceLock::new();
    let _alone = Alone::enter()?;
    let device = DEVICE.get_or_init(|| Mutex::new(Device::capture()));
    // A panic in `run` leaves the device as good as it was.
    let device = device.lock().unwrap_or_else(PoisonError::into_inner);
    let mut scope = Scope {
        device: device.clone(),
        shapes: Vec::new(),
        inputs: Vec::new(),
        parameters: BTreeMap::new(),
        outputs: Vec::new(),
    };
    let mut result = Ok(());
    let captured = device.capture_scope(|burns| {
        result = run(&mut scope);
        burns.complete([], scope.outputs.iter().copied())
    });
    result?;
    Ok((scope, captured))
}

fn id_of<const D: usize>(tensor: &Tensor<D>) -> Option<TensorId> {
    let tensor = tensor.clone().try_into_primitive::<Capture>().ok()?;
    Some(tensor.id())
}

struct Names<'a> {
    key: &'a dyn Fn(&[String]) -> String,
    path: Vec<String>,
    scope: &'a mut Scope,
}

impl ModuleVisitor for Names<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let (tensor, key) = (param.val(), (self.key)(&self.path));
        self.scope
            .shapes
            .push((key.clone(), tensor.dims().to_vec()));
        if let Some(id) = id_of(&tensor) {
            self.scope.parameters.insert(id, key);
        }
    }
}

thread_local! {
    static CAPTURING: Cell<bool> = const { Cell::new(false) };
}

/// Held while a thread captures: a second capture inside would wait for the first for ever.
struct Alone;

impl Alone {
    fn enter() -> Result<Self> {
        if CAPTURING.replace(true) {
            let told = "expected one capture at a time, found one inside another";
            return Err(Error::Plan(underpaint_plan::Error::Invalid(told.into())));
        }
        Ok(Self)
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        CAPTURING.set(false);
    }
}
