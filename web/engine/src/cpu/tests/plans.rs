//! Whole generators: from plan through schedule to planes.

use std::collections::BTreeMap;

use underpaint_plan::weight::Node;
use underpaint_plan::{Expression, reference};

use super::{assert_close, given};
use crate::cpu::Generator;
use crate::plans::{self, Builder};
use crate::{Error, Given, schedule};

fn generator_of(builder: &Builder) -> Generator {
    let program = schedule(&builder.plan).expect("a plan that can be run");
    Generator::new(program, &builder.plan, &builder.weights).expect("weights")
}

fn assert_right(name: &str, builder: &Builder, generator: &mut Generator) {
    let expected = reference::run(&builder.plan, &builder.weights, &builder.inputs);
    generator.run(&given(&builder.inputs)).expect("inputs");
    for (place, expected) in expected.expect("a plan").iter().enumerate() {
        let found = generator.planes(place);
        // Both round every sum, in different orders.
        assert_close(name, &expected.values, &found, 1e-5);
    }
}

#[test]
fn every_family_gives_what_its_plan_gives() {
    for (name, builder) in plans::all() {
        let mut generator = generator_of(&builder);
        assert_right(&name, &builder, &mut generator);
        // A second time memory is not zeros.
        assert_right(&name, &builder, &mut generator);
    }
}

/// A generator whose weights do not depend on the size.
fn sized(height: usize, width: usize) -> Builder {
    let mut b = Builder::new(5);
    let x = b.input(3, height, width);
    // As many numbers are drawn before the first weight, whatever the size.
    for _ in 3 * height * width..3000 {
        b.number();
    }
    let x = b.conv(x, 8, 4, 2, 1);
    let x = b.norm(x, false, true);
    let x = b.leaky(x);
    let x = b.conv_transpose(x, 3, [4, 2, 1, 0]);
    let x = b.times_constant(x, [true, false, false]);
    let x = b.tanh(x);
    b.finish(&[x])
}

#[test]
fn a_generator_takes_another_size_without_reading_weights_again() {
    let (small, large) = (sized(16, 12), sized(30, 32));
    assert_eq!(small.weights, large.weights);
    let mut generator = generator_of(&small);
    let nothing = BTreeMap::new();
    let program = schedule(&large.plan).expect("a plan that can be run");
    let replaced = generator.replace(program, &large.plan, &nothing);
    replaced.expect("weights that are there");
    assert_right("large", &large, &mut generator);
    let wrong = generator.run(&given(&small.inputs));
    assert!(matches!(wrong, Err(Error::Input(_))), "{wrong:?}");
}

#[test]
fn constants_change_without_reading_weights_again() {
    let mut first = sized(16, 12);
    // A mask that the network made itself.
    let mask = first.plan.expressions.last().expect("a mask").shape.clone();
    let of = |numbers: &[f32]| Expression {
        shape: mask.clone(),
        node: Node::Constant(numbers.to_vec()),
    };
    let last = first.plan.expressions.len() - 1;
    first.plan.expressions[last] = of(&[2.0, 0.0, 2.0]);
    let mut generator = generator_of(&first);
    let mut second = sized(16, 12);
    second.plan.expressions[last] = of(&[0.0, 2.0, 2.0]);
    generator.update_constants(&second.plan).expect("constants");
    assert_right("other mask", &second, &mut generator);
    let read = Expression {
        shape: mask.clone(),
        node: Node::Source("weight0".into()),
    };
    second.plan.expressions[last] = read;
    let wrong = generator.update_constants(&second.plan);
    assert!(matches!(wrong, Err(Error::Plan(_))), "{wrong:?}");
}

#[test]
fn labels_are_as_good_as_their_one_hot_encoding() {
    for (seed, switch) in [(0, false), (1, true)] {
        let builder = plans::spade(seed, true);
        let shape = builder.plan.shape(builder.plan.inputs[0].value);
        let classes = builder.plan.inputs[0].one_hot;
        let planes: Vec<&[f32]> = builder.inputs[0].values.chunks(shape.pixels()).collect();
        let id = |pixel: usize| {
            let class = (0..classes).find(|&class| planes[class][pixel] == 1.0);
            class.map_or(999, |class| class as u16)
        };
        let ids: Vec<u16> = (0..shape.pixels()).map(id).collect();
        let switches = switch.then(|| planes[classes].iter().map(|&on| on as u8));
        let switches: Option<Vec<u8>> = switches.map(Iterator::collect);
        let mut generator = generator_of(&builder);
        let mut inputs = given(&builder.inputs);
        generator.run(&inputs).expect("inputs");
        let expected = generator.planes(0);
        inputs[0] = Given::Labels {
            ids: &ids,
            switch: switches.as_deref(),
        };
        generator.run(&inputs).expect("inputs");
        assert_close("labels", &expected, &generator.planes(0), 0.0);
    }
}
