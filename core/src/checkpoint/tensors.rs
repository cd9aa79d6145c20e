//! Tensors of a pickle: where their numbers lie, and the numbers.

use std::collections::HashMap;

use crate::checkpoint::failure::{Context, Result, bail, ensure};

use super::container::Pytorch;
use super::element::Element;
use super::pickle::{Instance, Object, Pickle, Place};
use crate::bundle::FileBytes;
use crate::state_dict::StateTensor;

/// More axes than any tensor of a network has.
const MAX_AXES: usize = 16;

/// Tensors may be wrapped in calls: a parameter is made of a tensor.
const MAX_WRAPPERS: usize = 4;

/// Whether an object is a tensor.
pub fn is_tensor(pickle: &Pickle, place: Place) -> bool {
    let instance = pickle.instance(place);
    instance.is_some_and(|instance| is_rebuild(&instance.class))
}

/// The functions that PyTorch makes tensors with.
fn is_rebuild(function: &str) -> bool {
    function.starts_with("torch._utils._rebuild_") || function == REBUILD_SUBCLASS
}

/// What makes a subclass of tensors, out of a tensor.
const REBUILD_SUBCLASS: &str = "torch._tensor._rebuild_from_type_v2";

/// A tensor whose numbers are not read yet: a view of a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Type of its numbers.
    pub element: Element,
    /// Name of the storage.
    storage: String,
    /// Its first number there.
    offset: usize,
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// Numbers from one to the next on each axis.
    strides: Vec<usize>,
}

impl View {
    /// Of a tensor in a pickle.
    ///
    /// # Errors
    ///
    /// If it is of a kind that weights do not have, such as sparse or quantised ones.
    pub fn of(pickle: &Pickle, place: Place) -> Result<Self> {
        let instance = pickle.instance(place).context("no tensor")?;
        let args = instance.args.context("a tensor made of nothing")?;
        Self::call(pickle, &instance.class, args, MAX_WRAPPERS)
    }

    fn call(pickle: &Pickle, function: &str, args: Place, depth: usize) -> Result<Self> {
        ensure!(depth > 0, "a tensor in a tensor in a tensor");
        let args = pickle.items(args).context("a tensor made of nothing")?;
        let arg = |index: usize| {
            let arg = args.get(index).copied();
            arg.with_context(|| format!("{function}: too few arguments"))
        };
        match function.trim_start_matches("torch._utils.") {
            "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" => {}
            "_rebuild_parameter" | "_rebuild_parameter_with_state" => {
                let Some(Instance { class, args, .. }) = pickle.instance(arg(0)?) else {
                    bail!("a parameter that is no tensor");
                };
                let args = args.context("a tensor made of nothing")?;
                return Self::call(pickle, class, args, depth - 1);
            }
            REBUILD_SUBCLASS => {
                let inner = pickle.global(arg(0)?).context("no function")?;
                return Self::call(pickle, inner, arg(2)?, depth - 1);
            }
            _ => bail!("made by {function}, which is not read: weights are plain tensors"),
        }
        let storage = Storage::of(pickle, arg(0)?)?;
        let element = match function.ends_with("_v3") {
            true => Element::of_name(pickle.global(arg(6)?).unwrap_or("an unknown type")),
            false => storage.element,
        };
        let offset = count(pickle, arg(1)?)?.checked_add(storage.offset);
        let view = Self {
            element,
            storage: storage.key,
            offset: offset.context("an offset beyond all memory")?,
            shape: counts(pickle, arg(2)?)?,
            strides: counts(pickle, arg(3)?)?,
        };
        ensure!(
            view.shape.len() == view.strides.len() && view.shape.len() <= MAX_AXES,
            "{} axes and {} strides",
            view.shape.len(),
            view.strides.len()
        );
        Ok(view)
    }

    /// Reads the numbers; `left` is how many bytes may still be read and made of this file.
    ///
    /// # Errors
    ///
    /// If the file is damaged, the tensor is too large for it, or one of its numbers is none.
    pub fn read<B: FileBytes>(&self, file: &Pytorch<B>, left: &mut u64) -> Result<StateTensor> {
        if !self.element.is_float() {
            self.element.widen(&[])?;
        }
        let mut axes = self.shape.iter();
        let numbers = axes.try_fold(1usize, |all, &axis| all.checked_mul(axis));
        let needed = numbers.and_then(|numbers| numbers.checked_mul(size_of::<f32>()));
        let numbers = numbers.zip(needed).and_then(|(numbers, needed)| {
            *left = left.checked_sub(needed as u64)?;
            Some(numbers)
        });
        let numbers = numbers.with_context(|| self.too_large())?;
        let shape = self.shape.clone();
        if numbers == 0 {
            let values = Vec::new();
            return Ok(StateTensor { shape, values });
        }
        let axes = self.shape.iter().zip(&self.strides);
        let last = axes.clone().try_fold(0usize, |last, (&axis, &stride)| {
            last.checked_add((axis - 1).checked_mul(stride)?)
        });
        let size = self.element.bytes().context("numbers of an unknown type")?;
        let bytes = |numbers: usize| (numbers as u64).checked_mul(size as u64);
        let window = bytes(self.offset).zip(last.and_then(|last| bytes(last.checked_add(1)?)));
        let (first, length) = window.with_context(|| self.too_large())?;
        let (bytes, read) = file.read(&self.storage, first, length, *left)?;
        *left = left.saturating_sub(read);
        let stored = self.element.widen(&bytes)?;
        let values = match self.is_contiguous() {
            true => stored,
            false => self.gathered(&stored, numbers),
        };
        Ok(StateTensor { shape, values })
    }

    fn too_large(&self) -> String {
        format!("{:?} is too much for this file", self.shape)
    }

    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        let axes = self.shape.iter().zip(&self.strides).rev();
        for (&axis, &stride) in axes.filter(|(axis, _)| **axis != 1) {
            if stride != expected {
                return false;
            }
            expected *= axis;
        }
        true
    }

    /// The numbers in the order of the axes, the last one fastest.
    fn gathered(&self, stored: &[f32], numbers: usize) -> Vec<f32> {
        let mut index = vec![0; self.shape.len()];
        let mut at = 0usize;
        let mut values = Vec::with_capacity(numbers);
        for _ in 0..numbers {
            values.push(stored[at]);
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                // An axis of one number may have any stride.
                at = at.wrapping_add(self.strides[axis]);
                if index[axis] < self.shape[axis] {
                    break;
                }
                at = at.wrapping_sub(index[axis].wrapping_mul(self.strides[axis]));
                index[axis] = 0;
            }
        }
        values
    }
}

/// What the id of a storage says.
struct Storage {
    key: String,
    element: Element,
    /// Numbers that come before it, if it is a part of another.
    offset: usize,
}

impl Storage {
    /// `("storage", class, key, device, count)`, and in the legacy container `(key of the part, first
    /// number, count)` or `None`.
    fn of(pickle: &Pickle, place: Place) -> Result<Self> {
        let Object::Outside(id) = pickle.object(place) else {
            bail!("a tensor without a storage");
        };
        let fields = pickle.items(*id).unwrap_or_default();
        let [_, class, key, _, _, rest @ ..] = fields else {
            bail!("a storage without a name");
        };
        let class = pickle.global(*class).context("a storage of no class")?;
        let part = rest.first().and_then(|part| pickle.items(*part));
        Ok(Self {
            key: pickle.key(*key).context("a storage without a name")?,
            element: Element::of_storage(class),
            offset: match part {
                Some(part) => count(pickle, *part.get(1).context("a part of nothing")?)?,
                None => 0,
            },
        })
    }
}

/// Every storage that a pickle names, and the bytes of one of its numbers if they are known.
pub fn storages(pickle: &Pickle) -> HashMap<String, Option<usize>> {
    let places = (0..pickle.objects().len()).map(Place);
    let storages = places.filter_map(|place| Storage::of(pickle, place).ok());
    storages
        .map(|storage| (storage.key, storage.element.bytes()))
        .collect()
}

fn count(pickle: &Pickle, place: Place) -> Result<usize> {
    let number = pickle.int(place).and_then(|number| number.try_into().ok());
    number.context("expected a count")
}

fn counts(pickle: &Pickle, place: Place) -> Result<Vec<usize>> {
    let items = pickle.items(place).context("expected counts")?;
    ensure!(items.len() <= MAX_AXES, "{} axes", items.len());
    items.iter().map(|item| count(pickle, *item)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_gathered_by_their_strides() {
        let view = |shape: &[usize], strides: &[usize]| View {
            element: Element::F32,
            storage: String::new(),
            offset: 0,
            shape: shape.to_vec(),
            strides: strides.to_vec(),
        };
        let stored: Vec<f32> = (0u8..6).map(f32::from).collect();
        let transposed = view(&[3, 2], &[1, 3]);
        assert!(!transposed.is_contiguous());
        assert_eq!(
            transposed.gathered(&stored, 6),
            [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
        );
        assert_eq!(
            view(&[2, 2], &[0, 1]).gathered(&stored, 4),
            [0.0, 1.0, 0.0, 1.0]
        );
        assert!(view(&[2, 1, 3], &[3, 77, 1]).is_contiguous());
        assert!(view(&[], &[]).is_contiguous());
    }
}
