//! One-hot encoding of a label map, on the device.

use burn::tensor::{Device, Int, Tensor};

use crate::{Error, Result};

/// Checks that every id of a label map is a class.
///
/// # Shapes
///
/// `labels`: `[height, width]`, flattened, of the given `width`.
///
/// # Errors
///
/// [`Error::LabelRange`] with the value and place of the first id that is not in `0..num_classes`.
pub fn check_labels(labels: &[u16], width: usize, num_classes: usize) -> Result<()> {
    match labels.iter().position(|&id| usize::from(id) >= num_classes) {
        None => Ok(()),
        Some(index) => Err(Error::LabelRange {
            value: u32::from(labels[index]),
            x: index % width.max(1),
            y: index / width.max(1),
            num_classes,
        }),
    }
}

/// One channel per class: 1 where the label map holds that class, else 0.
///
/// # Shapes
///
/// - `label_map`: `[batch, 1, height, width]`, ids in `0..num_classes` (see [`check_labels`]; an id
///   outside leaves all channels 0)
/// - result: `[batch, num_classes, height, width]`, 0 or 1
///
/// Source: pix2pixHD `encode_input` (a scatter there; the result is the same).
pub fn one_hot_from_labels(label_map: Tensor<4, Int>, num_classes: usize) -> Tensor<4> {
    let [batch, _, height, width] = label_map.dims();
    let device: Device = label_map.device();
    let shape = [batch, num_classes, height, width];
    let classes = Tensor::<1, Int>::arange(0..num_classes as i64, &device)
        .reshape([1, num_classes as i32, 1, 1])
        .expand(shape);
    label_map.expand(shape).equal(classes).float()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_has_exactly_its_own_class() {
        let device = Device::flex();
        let labels = Tensor::<4, Int>::from_data([[[[0, 2, 1]]]], &device);
        let one_hot = one_hot_from_labels(labels, 3).into_data();
        let expected = [1.0f32, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0];
        assert_eq!(one_hot.try_to_vec::<f32>().expect("f32"), expected);
    }

    #[test]
    fn the_first_label_out_of_range_is_named_with_its_place() {
        assert!(check_labels(&[0, 1, 2, 2], 2, 3).is_ok());
        let error = check_labels(&[0, 1, 255, 9], 2, 3).unwrap_err().to_string();
        assert_eq!(error, "label 255 at x 0, y 1 is outside 0..3");
    }
}
