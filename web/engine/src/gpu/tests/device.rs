//! What a device says when something is wrong, and what is known beforehand.

use super::*;
use crate::gpu::Needs;
use crate::plans;

#[test]
fn a_picture_that_is_too_large_is_refused_before_anything_is_done() {
    let builder = plans::resnet(0, [9, 12]);
    let program = schedule(&builder.plan).expect("a plan that can be run");
    let tuning = Tuning::default();
    let enough = Needs::of(&program, &builder.plan, &Bounds::default(), &tuning);
    let needs = enough.expect("a small picture");
    assert!(
        needs.largest > 0 && needs.bytes() > needs.planes,
        "{needs:?}"
    );
    let bounds = Bounds {
        buffer: needs.largest - 4,
        ..Bounds::default()
    };
    let refused = Needs::of(&program, &builder.plan, &bounds, &tuning);
    let expected = needs.largest;
    let is_it = matches!(refused, Err(Error::TooLarge { needed, .. }) if needed == expected);
    assert!(is_it, "{refused:?}");
    let Some(device) = device() else { return };
    let device = device.with(bounds, tuning);
    let made = load(&device, program, &builder.plan, &builder.weights).map(|_| ());
    assert!(matches!(made, Err(Error::TooLarge { .. })), "{made:?}");
}

#[test]
fn after_a_loss_everything_fails_until_another_device_is_acquired() {
    let Some(lost) = device() else { return };
    let builder = plans::resnet(0, [9, 12]);
    let mut generator = load_plan(&lost, &builder).expect("weights");
    lost.destroy();
    let run = block_on(generator.run(&given(&builder.inputs)));
    assert!(matches!(run, Err(Error::Lost(_))), "{run:?}");
    let made = load_plan(&lost, &builder).map(|_| ());
    assert!(matches!(made, Err(Error::Lost(_))), "{made:?}");
    let Some(device) = device() else { return };
    let mut generator = load_plan(&device, &builder).expect("weights");
    block_on(generator.run(&given(&builder.inputs))).expect("a picture");
}

#[test]
fn what_a_device_refuses_is_an_error_and_it_works_on() {
    let Some(device) = device() else { return };
    let refused = block_on(device.guarded(|| {
        device.handle().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 16,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::STORAGE,
            mapped_at_creation: false,
        })
    }));
    assert!(matches!(refused, Err(Error::Device(_))), "{refused:?}");
    device.check().expect("an error that was caught");
    let builder = plans::resnet(1, [9, 12]);
    let mut generator = load_plan(&device, &builder).expect("weights");
    block_on(generator.run(&given(&builder.inputs))).expect("a picture");
}

#[test]
fn a_picture_that_nobody_waited_for_does_no_harm() {
    let Some(device) = device() else { return };
    let builder = plans::resnet(0, [9, 12]);
    let mut generator = load_plan(&device, &builder).expect("weights");
    let inputs = given(&builder.inputs);
    block_on(generator.run(&inputs)).expect("a picture");
    let expected = generator.planes(0);
    block_on(generator.map_and_forget());
    block_on(generator.run(&inputs)).expect("a picture");
    assert_eq!(generator.planes(0), expected);
}

#[test]
fn speed_can_be_measured() {
    use crate::gpu::bench::{Layer, convolution, peak};
    let Some(device) = device() else { return };
    // A clock that runs fast: one repetition is enough.
    let mut now = 0.0;
    let mut clock = || {
        now += 1.0;
        now
    };
    let layer = Layer {
        inputs: 8,
        outputs: 8,
        size: [8, 8],
        kernel: 3,
        stride: 1,
    };
    for half in [false, true] {
        let speed = block_on(convolution(&device, &layer, None, half, &mut clock));
        assert!(speed.expect("a speed") > 0.0);
    }
    let peak = block_on(peak(&device, &mut clock)).expect("a peak");
    assert!(peak.arithmetic > 0.0 && peak.bandwidth > 0.0, "{peak:?}");
}
