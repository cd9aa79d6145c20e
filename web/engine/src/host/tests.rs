//! What is given is checked, and what comes out is in the right order.

use underpaint_plan::Sides;

use super::*;
use crate::program::{BufferId, Lanes, Place};

fn view(channels: usize, height: usize, width: usize) -> View {
    View {
        place: Place::Buffer(BufferId(0)),
        channels: channels.next_multiple_of(4),
        height,
        width,
        border: Sides::default(),
        pixel_stride: channels.next_multiple_of(4),
        channel_offset: 0,
    }
}

fn input(channels: usize, codes: Option<Codes>) -> Input {
    Input {
        name: "condition".into(),
        shape: Shape::new(channels, 1, 3),
        view: codes.is_none().then(|| view(channels, 1, 3)),
        codes,
    }
}

fn program(input: Input) -> Program {
    Program {
        buffers: Vec::new(),
        slots: Vec::new(),
        slot_sizes: Vec::new(),
        packs: Vec::new(),
        labels: Vec::new(),
        inputs: vec![input],
        operations: Vec::new(),
        outputs: Vec::new(),
    }
}

fn message(result: Result<()>) -> String {
    result.expect_err("an error").to_string()
}

const CODES: Codes = Codes {
    classes: 2,
    switch: true,
};

#[test]
fn errors_name_the_input_what_was_expected_and_what_was_found() {
    let dense = program(input(3, None));
    assert_eq!(check(&dense, &[Given::Planes(&[0.0; 9])]), Ok(()));
    assert_eq!(
        message(check(&dense, &[Given::Planes(&[0.0; 8])])),
        "input condition: expected 9 numbers in 3 planes (1 rows of 3), found 8"
    );
    assert_eq!(message(check(&dense, &[])), "expected 1 inputs, found 0");
    let labels = program(input(3, Some(CODES)));
    let given = |ids: &'static [u16], switch| [Given::Labels { ids, switch }];
    assert_eq!(check(&labels, &given(&[0, 1, 9], Some(&[0, 1, 0]))), Ok(()));
    assert_eq!(
        message(check(&labels, &given(&[0, 1], Some(&[0, 1, 0])))),
        "input condition: expected 3 label ids (1 rows of 3), found 2"
    );
    assert_eq!(
        message(check(&labels, &given(&[0, 1, 9], None))),
        "input condition: expected switches beside the label map, found none"
    );
    assert_eq!(
        message(check(&labels, &given(&[0, 1, 9], Some(&[0, 2, 0])))),
        "input condition: expected switches of 0 and 1, found 2"
    );
}

#[test]
fn codes_are_the_same_of_labels_and_of_planes() {
    let input = input(3, Some(CODES));
    let labels = Given::Labels {
        ids: &[1, 9, 0],
        switch: Some(&[0, 1, 1]),
    };
    let planes = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0];
    let expected = vec![1, 5, 3];
    assert_eq!(codes_of(&input, &labels, CODES), Ok(expected.clone()));
    assert_eq!(
        codes_of(&input, &Given::Planes(&planes), CODES),
        Ok(expected)
    );
    for (place, number) in [(0, 0.5), (3, 2.0), (5, 1.0), (6, 0.1)] {
        let mut planes = planes;
        planes[place] = number;
        let found = codes_of(&input, &Given::Planes(&planes), CODES);
        assert!(matches!(found, Err(Error::Input(_))), "{number} at {place}");
    }
}

#[test]
fn a_plane_of_codes_has_none_beyond_the_picture() {
    let labels = Labels {
        input: 0,
        gather: Gather {
            rows: vec![Gather::NONE, 0],
            columns: vec![2, Gather::NONE, 0],
        },
        codes: CODES,
    };
    let plane = gathered(&labels, &input(3, Some(CODES)), &[0, 1, 4]);
    assert_eq!(plane, [2, 2, 2, 4, 2, 0]);
}

#[test]
fn inputs_are_written_pixel_by_pixel_with_zeros_behind() {
    let view = view(5, 1, 3);
    let input = input(5, None);
    let planes: Vec<f32> = (1..=15).map(|number| number as f32).collect();
    let mut target = vec![f32::NAN; view.len()];
    write_view(&input, &view, &Given::Planes(&planes), &mut target);
    assert_eq!(target[..8], [1.0, 4.0, 7.0, 10.0, 13.0, 0.0, 0.0, 0.0]);
    assert_eq!(target[16..], [3.0, 6.0, 9.0, 12.0, 15.0, 0.0, 0.0, 0.0]);
    let labels = Given::Labels {
        ids: &[3, 0, 4],
        switch: Some(&[0, 1, 1]),
    };
    write_view(&input, &view, &labels, &mut target);
    assert_eq!(target[..8], [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(target[8..16], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(target[16..], [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn outputs_become_planes_and_pixels() {
    let output = |channels| Output {
        view: view(channels, 1, 2),
        shape: Shape::new(channels, 1, 2),
        lanes: Lanes::of(channels),
    };
    // More numbers than the view has, as in a larger piece of memory.
    let numbers = [-1.0, 0.0, 1.0, 0.0, 7.0, -7.0, 0.5, 0.0, 9.0, 9.0, 9.0, 9.0];
    let planes = planes_of(&output(3), &numbers);
    assert_eq!(planes, [-1.0, 7.0, 0.0, -7.0, 1.0, 0.5]);
    assert_eq!(
        rgba_of(&output(3), &numbers),
        [0, 127, 255, 255, 255, 0, 191, 255]
    );
    assert_eq!(
        rgba_of(&output(1), &numbers),
        [0, 0, 0, 255, 255, 255, 255, 255]
    );
}
