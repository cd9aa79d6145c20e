//! What is done to vectors and labels.

use underpaint_plan::{Shape, Tensor};

use super::convolution::parts_of;
use super::{Case, Draft};
use crate::program::*;

/// A matrix times a vector.
pub(crate) fn linear(seed: u64) -> Case {
    let mut draft = Draft::new(seed);
    let lanes = draft.lanes();
    let from = Shape::new(
        lanes.parts.iter().sum(),
        draft.between(1, 3),
        draft.between(1, 3),
    );
    let to = Shape::new(draft.between(1, 40), draft.between(1, 3), 2);
    let input = draft.whole(lanes.len(), [from.height, from.width]);
    let output = draft.whole(to.channels, [to.height, to.width]);
    let weight = draft.builder.weight(&[to.len(), from.len()], 0.3, 0.0);
    let has_bias = draft.chance();
    let bias = has_bias.then(|| draft.builder.weight(&[to.len()], 1.0, 0.0));
    let matrix = draft.pack(Packing::Matrix {
        weight,
        bias,
        input: (from, lanes),
        output: to,
    });
    let activation = draft.activation();
    let operation = Operation::Linear {
        input,
        output,
        matrix,
        activation,
    };
    draft.finish(&format!("linear {seed}"), operation)
}

/// A convolution over labels, or their one-hot encoding.
pub(crate) fn labels(seed: u64) -> Case {
    let mut draft = Draft::new(seed);
    let codes = Codes {
        classes: draft.between(1, 9),
        switch: draft.chance(),
    };
    let (height, width) = (draft.between(1, 5), draft.between(1, 6));
    // Areas, so that neighbours are the same now and then.
    let area = draft.between(1, 3);
    let channels = codes.classes + usize::from(codes.switch);
    let mut values = vec![0.0; channels * height * width];
    for pixel in 0..height * width {
        let class = (pixel / area + pixel / width) % (codes.classes + 1);
        if class < codes.classes {
            values[class * height * width + pixel] = 1.0;
        }
        if codes.switch && pixel % 5 == 0 {
            values[codes.classes * height * width + pixel] = 1.0;
        }
    }
    let size = [draft.between(1, 6), draft.between(1, 9)];
    let step = [draft.between(1, 2), draft.between(1, 2)];
    let kernel = [draft.between(1, 3), draft.between(1, 3)];
    let start = [draft.between(0, 1), draft.between(0, 1)];
    let expand = draft.chance();
    let border = draft.sides(2);
    let edge = if expand { border } else { draft.sides(1) };
    let to = draft.lanes();
    let lanes = if expand { channels } else { to.len() };
    let output = draft.view(lanes, size, edge);
    let reach = |axis: usize| start[axis] + (size[axis] - 1) * step[axis] + kernel[axis];
    let plane = if expand {
        [output.rows(), output.row_pixels()]
    } else {
        [reach(0), reach(1)]
    };
    let gather = Gather {
        rows: draft.axis(height, plane[0]),
        columns: draft.axis(width, plane[1]),
    };
    let input = draft.program.inputs.len();
    draft.program.inputs.push(Input {
        name: "labels".into(),
        shape: Shape::new(channels, height, width),
        view: None,
        codes: Some(codes),
    });
    draft.inputs.push(Tensor {
        shape: vec![channels, height, width],
        values,
    });
    draft.program.labels.push(Labels {
        input,
        gather,
        codes,
    });
    let labels = LabelsId(0);
    let operation = if expand {
        Operation::ExpandLabels { labels, output }
    } else {
        let parts = parts_of(&mut draft, &to, channels, kernel, false);
        Operation::LabelConvolution(LabelConvolution {
            labels,
            output,
            kernel: draft.pack(Packing::LabelKernel { parts, codes }),
            kernel_size: kernel,
            start,
            step,
            activation: draft.activation(),
        })
    };
    draft.finish(&format!("labels {seed}"), operation)
}
