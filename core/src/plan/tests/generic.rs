//! Modules of others.

use burn::nn::conv::Conv2dConfig;
use burn::nn::{LinearConfig, PReluConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use underpaint_plan::{Operation, Plan};

use crate::Result;
use crate::plan::{Scope, capture};

fn planned(run: impl FnOnce(&mut Scope) -> Result<()>) -> Plan {
    let plan = capture(run).expect("a plan");
    plan.check().expect("a consistent plan");
    plan
}

/// A plan of one function of a value `[1, 2, 4, 4]`.
fn plan_of(function: impl FnOnce(Tensor<4>, &Device) -> Tensor<4>) -> Result<Plan> {
    capture(|scope| {
        let x = scope.input("x", [1, 2, 4, 4]);
        let y = function(x, &scope.device().clone());
        scope.output(&y);
        Ok(())
    })
}

fn told(function: impl FnOnce(Tensor<4>, &Device) -> Tensor<4>) -> String {
    plan_of(function).unwrap_err().to_string()
}

#[test]
fn an_operation_that_no_step_stands_for_is_named() {
    let unknown = told(|x, _| softmax(x, 1));
    assert!(
        unknown.starts_with("this network cannot become a plan: "),
        "{unknown}"
    );
    assert!(unknown.contains("Softmax of [1, 2, 4, 4]"), "{unknown}");
    let activation = told(|x, device| PReluConfig::new().init(device).forward(x));
    assert!(activation.contains("PRelu of [1, 2, 4, 4]"), "{activation}");
    let batch = told(|x, _| x.repeat_dim(0, 2));
    assert!(batch.contains("to [2, 2, 4, 4]"), "{batch}");
    let constant = told(|_, device| Tensor::ones([1, 2, 4, 4], device));
    assert!(
        constant.contains("does not depend on any input"),
        "{constant}"
    );
}

#[test]
fn what_is_not_used_may_be_anything() {
    let plan = plan_of(|x, _| {
        let _ = softmax(x.clone(), 1);
        x.tanh()
    });
    assert_eq!(plan.expect("a plan").steps.len(), 1);
}

#[test]
fn one_capture_at_a_time() {
    let inner = capture(|_| {
        let inner = capture(|_| Ok(()));
        assert!(
            inner
                .unwrap_err()
                .to_string()
                .contains("one inside another")
        );
        Ok(())
    });
    assert!(
        inner
            .unwrap_err()
            .to_string()
            .contains("expected an output")
    );
}

#[test]
fn scalars_merge_and_what_does_nothing_goes() {
    let plan = plan_of(|x, _| ((x + 1.0) * 2.0 - 2.0) / 2.0).expect("a plan");
    assert_eq!(
        (plan.steps.len(), plan.outputs[0]),
        (0, plan.inputs[0].value)
    );
    let plan = plan_of(|x, _| -(x.reshape([1, 32]).reshape([1, 2, 4, 4]) + 3.0)).expect("a plan");
    let [step] = plan.steps.as_slice() else {
        panic!("{plan:?}");
    };
    let expected = Operation::Affine {
        input: plan.inputs[0].value,
        scale: -1.0,
        shift: -3.0,
    };
    assert_eq!(step.operation, expected);
}

#[test]
fn scales_and_shifts_of_a_convolution_are_in_its_weights() {
    let plan = planned(|scope| {
        let config = Conv2dConfig::new([2, 3], [1, 1]).with_bias(false);
        let layer = config.init(scope.device());
        let x = scope.input("x", [1, 2, 4, 4]);
        let shift = Tensor::<4>::from_data([[[[1.0]], [[2.0]], [[3.0]]]], scope.device());
        let y = (layer.forward(x) + shift) * 2.0 + 1.0;
        scope.parameters(&layer, |path| path.join("."));
        scope.output(&y);
        Ok(())
    });
    let [step] = plan.steps.as_slice() else {
        panic!("{plan:?}");
    };
    let Operation::Conv2d {
        weight,
        bias: Some(bias),
        ..
    } = &step.operation
    else {
        panic!("{step:?}");
    };
    let source = underpaint_plan::Tensor {
        shape: vec![3, 2, 1, 1],
        values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    };
    let source = std::collections::BTreeMap::from([("weight".to_owned(), source)]);
    let numbers = |id| plan.evaluate(id, &source).expect("numbers").values;
    assert_eq!(numbers(*weight), [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
    assert_eq!(numbers(*bias), [3.0, 5.0, 7.0]);
}

#[test]
fn what_has_no_name_is_a_constant() {
    let plan = planned(|scope| {
        let layer = LinearConfig::new(3, 2)
            .with_bias(false)
            .init(scope.device());
        let x = scope.input("x", [1, 3]);
        let y: Tensor<2> = layer.forward(x) + Tensor::from_data([[0.5, -0.5]], scope.device());
        scope.parameters(&layer, |path| path.join("."));
        scope.output(&y);
        Ok(())
    });
    let [step] = plan.steps.as_slice() else {
        panic!("{plan:?}");
    };
    assert!(
        matches!(step.operation, Operation::Linear { bias: Some(_), .. }),
        "{step:?}"
    );
    let constant = |expression: &&underpaint_plan::Expression| matches!(&expression.node, underpaint_plan::weight::Node::Constant(values) if *values == [0.5, -0.5]);
    assert_eq!(plan.expressions.iter().filter(constant).count(), 1);
}
