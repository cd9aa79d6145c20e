//! Names of recorded operations, for messages.
//!
//! Their `Debug` says more, and would be a third of what capturing weighs in the browser.

use burn::backend::ir::{
    ActivationOperationIr, BaseOperationIr, FloatOperationIr, ModuleOperationIr,
    NumericOperationIr, OperationIr, TensorIr,
};

/// The operation's name and the shapes that it was met with.
pub fn told(operation: &OperationIr) -> String {
    let shapes = |tensors: Vec<&TensorIr>| {
        let shapes = tensors
            .iter()
            .map(|tensor| format!("{:?}", super::axes(tensor)));
        shapes.collect::<Vec<_>>().join(", ")
    };
    format!(
        "{} of {} to {}",
        name(operation),
        shapes(operation.inputs().collect()),
        shapes(operation.outputs().collect())
    )
}

fn name(operation: &OperationIr) -> &str {
    match operation {
        OperationIr::BaseFloat(base) | OperationIr::BaseInt(base) | OperationIr::BaseBool(base) => {
            self::base(base)
        }
        OperationIr::NumericFloat(_, numeric) | OperationIr::NumericInt(_, numeric) => {
            self::numeric(numeric)
        }
        OperationIr::Float(_, float) => self::float(float),
        OperationIr::Module(module) => self::module(module),
        OperationIr::Activation(activation) => self::activation(activation),
        OperationIr::Custom(custom) => &custom.id,
        OperationIr::Bool(_) => "an operation on truth values",
        OperationIr::Int(_) => "an operation on whole numbers",
        _ => "an operation",
    }
}

macro_rules! names {
    ($function:ident, $kind:ident, [$($name:ident)*]) => {
        fn $function(operation: &$kind) -> &'static str {
            match operation {
                $($kind::$name(..) => stringify!($name),)*
                #[allow(unreachable_patterns)]
                _ => "a gradient",
            }
        }
    };
}

names!(
    base,
    BaseOperationIr,
    [
        Reshape SwapDims Permute Flip Expand Unfold Slice SliceAssign Select SelectAssign
        MaskWhere MaskFill Gather Scatter ScatterNd GatherNd Equal EqualElem RepeatDim Cat Cast
        Empty Ones Zeros NotEqual NotEqualElem All Any AllDim AnyDim
    ]
);

names!(
    numeric,
    NumericOperationIr,
    [
        Add AddScalar Sub SubScalar Div DivScalar Rem RemScalar Mul MulScalar Abs Full MeanDim
        Mean Sum SumDim SumDims Prod ProdDim Greater GreaterElem GreaterEqual GreaterEqualElem
        Lower LowerElem LowerEqual LowerEqualElem ArgMax ArgTopK TopK TopKWithIndices ArgMin Max
        MaxDimWithIndices MinDimWithIndices Min MaxDim MinDim MaxAbs MaxAbsDim Clamp IntRandom
        Powi PowiScalar CumSum CumProd CumMin CumMax Neg Sign ClampMin ClampMax Sort
        SortWithIndices ArgSort Pad
    ]
);

names!(
    float,
    FloatOperationIr,
    [
        Exp Log Log1p Erf PowfScalar Sqrt Cos Cosh Sin Sinh Tan Tanh ArcCos ArcCosh ArcSin
        ArcSinh ArcTan ArcTanh ArcTan2 Round Floor Ceil Trunc IntoInt Matmul Cross Random Recip
        IsNan IsInf Quantize Dequantize GridSample2d Powf Hypot
    ]
);

names!(
    module,
    ModuleOperationIr,
    [
        BatchNorm Embedding Linear Conv1d Conv2d Conv3d DeformableConv2d ConvTranspose1d
        ConvTranspose2d ConvTranspose3d AvgPool1d AvgPool2d AdaptiveAvgPool1d AdaptiveAvgPool2d
        AdaptiveAvgPool3d MaxPool1d MaxPool1dWithIndices MaxPool2d MaxPool2dWithIndices
        Interpolate Attention CtcLoss LayerNorm Unfold4d
    ]
);

names!(
    activation,
    ActivationOperationIr,
    [
        Relu LeakyRelu PRelu Gelu Sigmoid HardSigmoid LogSigmoid Softmax LogSoftmax Softmin
    ]
);
