//! Against golden vectors of Pillow's, and against a naive reading of the rules.

use super::*;
use proptest::prelude::*;

/// The image of specification 9.4: 6 rows of 8, element (r, c) = ((8r + c) * 37) mod 256.
fn golden_input() -> Vec<u8> {
    (0..48u32).map(|index| (index * 37 % 256) as u8).collect()
}

fn resized(to: (usize, usize), filter: Filter) -> Vec<u8> {
    resize_bytes(
        &golden_input(),
        Size::new(8, 6),
        1,
        Size::new(to.0, to.1),
        filter,
    )
}

// Golden vectors below: Pillow 13.0.0, specification 9.4, exact.

#[test]
fn bicubic_shrinks_as_pillow() {
    assert_eq!(
        resized((4, 3), Filter::Bicubic),
        [41, 118, 181, 75, 123, 183, 89, 74, 196, 98, 78, 161]
    );
}

#[test]
fn bilinear_shrinks_as_pillow() {
    assert_eq!(
        resized((4, 3), Filter::Bilinear),
        [55, 122, 164, 84, 126, 165, 99, 82, 182, 109, 87, 148]
    );
}

#[test]
fn nearest_shrinks_as_pillow() {
    assert_eq!(
        resized((4, 3), Filter::Nearest),
        [77, 151, 225, 43, 157, 231, 49, 123, 237, 55, 129, 203]
    );
}

#[test]
fn bicubic_and_bilinear_enlarge_as_pillow() {
    let bicubic = resized((11, 9), Filter::Bicubic);
    assert_eq!(
        bicubic[..11],
        [0, 16, 46, 73, 100, 127, 153, 180, 240, 141, 0]
    );
    assert_eq!(
        bicubic[88..],
        [201, 241, 174, 0, 40, 78, 103, 130, 157, 187, 208]
    );
    let bilinear = resized((11, 9), Filter::Bilinear);
    assert_eq!(
        bilinear[..11],
        [0, 22, 49, 76, 103, 130, 156, 183, 210, 132, 3]
    );
}

/// Pillow 13.0.0: `resize((9, 4), BICUBIC)` of the same input; the rows come first in older versions.
#[test]
fn bicubic_starts_with_the_columns_where_pillow_13_does() {
    let expected = [
        [11, 42, 76, 108, 142, 185, 201, 124, 12],
        [67, 98, 131, 173, 208, 165, 59, 28, 72],
        [131, 162, 210, 189, 91, 29, 61, 106, 136],
        [187, 228, 131, 45, 48, 94, 127, 161, 192],
    ];
    assert_eq!(resized((9, 4), Filter::Bicubic), expected.concat());
}

#[test]
fn equal_size_is_a_copy() {
    for filter in [Filter::Nearest, Filter::Bilinear, Filter::Bicubic] {
        assert_eq!(resized((8, 6), filter), golden_input());
    }
}

#[test]
fn ids_above_one_byte_survive() {
    let ids = [0u16, 33_001, 65_535, 7];
    let enlarged = resize_ids(&ids, Size::new(2, 2), Size::new(4, 4));
    assert_eq!(enlarged[..4], [0, 0, 33_001, 33_001]);
    assert_eq!(enlarged[12..], [65_535, 65_535, 7, 7]);
}

/// Pillow 13.0.0: `Image.fromarray(np.arange(8)[None]).resize((6, 1), NEAREST)`, uint8 and uint16. The fifth centre
/// falls between pixels 5 and 6, where the running sum is a little too small.
#[test]
fn files_of_eight_and_sixteen_bits_differ_at_ties_as_in_pillow() {
    let line: Vec<u16> = (0..8).collect();
    let (from, to) = (Size::new(8, 1), Size::new(6, 1));
    assert_eq!(resize_ids(&line, from, to), [0, 2, 3, 4, 5, 7]);
    assert_eq!(resize_wide_ids(&line, from, to), [0, 2, 3, 4, 6, 7]);
}

/// One pass along the rows of one channel, straight from the formulas, in 64-bit integers.
fn naive_axis(line: &[u8], to: usize, filter: Filter) -> Vec<u8> {
    let from = line.len();
    if from == to {
        return line.to_vec();
    }
    let scale = from as f64 / to as f64;
    let filter_scale = if scale > 1.0 { scale } else { 1.0 };
    let support = filter_scale * if filter == Filter::Bicubic { 2.0 } else { 1.0 };
    let mut result = Vec::new();
    for index in 0..to {
        let center = (index as f64 + 0.5) * scale;
        let low = ((center - support + 0.5) as i64).max(0);
        let high = ((center + support + 0.5) as i64).min(from as i64);
        let weight = |source: i64| {
            let x = ((source as f64 - center + 0.5) * (1.0 / filter_scale)).abs();
            match filter {
                Filter::Bilinear if x < 1.0 => 1.0 - x,
                Filter::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
                Filter::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5,
                _ => 0.0,
            }
        };
        let sum: f64 = (low..high).map(weight).sum();
        let mut total = 1i64 << 21;
        for source in low..high {
            let scaled = weight(source) / sum * 4_194_304.0;
            let rounded = if scaled < 0.0 {
                scaled - 0.5
            } else {
                scaled + 0.5
            };
            total += rounded.trunc() as i64 * i64::from(line[source as usize]);
        }
        result.push((total >> 22).clamp(0, 255) as u8);
    }
    result
}

/// Both passes, by whole columns or rows of one channel at a time.
fn naive(pixels: &[u8], from: Size, channels: usize, to: Size, filter: Filter) -> Vec<u8> {
    let across = |pixels: &[u8], from: Size| -> (Vec<u8>, Size) {
        let target = Size::new(to.width, from.height);
        let mut wide = vec![0; target.width * target.height * channels];
        for (y, channel) in
            (0..from.height).flat_map(|y| (0..channels).map(move |channel| (y, channel)))
        {
            let row = (0..from.width).map(|x| pixels[(y * from.width + x) * channels + channel]);
            for (x, value) in naive_axis(&row.collect::<Vec<_>>(), to.width, filter)
                .into_iter()
                .enumerate()
            {
                wide[(y * target.width + x) * channels + channel] = value;
            }
        }
        (wide, target)
    };
    let down = |pixels: &[u8], from: Size| -> (Vec<u8>, Size) {
        let target = Size::new(from.width, to.height);
        let mut tall = vec![0; target.width * target.height * channels];
        for (x, channel) in
            (0..from.width).flat_map(|x| (0..channels).map(move |channel| (x, channel)))
        {
            let column =
                (0..from.height).map(|y| pixels[(y * from.width + x) * channels + channel]);
            for (y, value) in naive_axis(&column.collect::<Vec<_>>(), to.height, filter)
                .into_iter()
                .enumerate()
            {
                tall[(y * target.width + x) * channels + channel] = value;
            }
        }
        (tall, target)
    };
    let (lost_rows, lost_columns) = (
        from.height as i64 - to.height as i64,
        from.width as i64 - to.width as i64,
    );
    if lost_rows > 0 && lost_rows > 2 * lost_columns {
        let (tall, size) = down(pixels, from);
        across(&tall, size).0
    } else {
        let (wide, size) = across(pixels, from);
        down(&wide, size).0
    }
}

proptest! {
    #[test]
    fn fast_equals_naive(
        from in (1usize..40, 1usize..40),
        to in (1usize..50, 1usize..50),
        channels in 1usize..6,
        bicubic: bool,
        seed: u64,
    ) {
        let (from, to) = (Size::new(from.0, from.1), Size::new(to.0, to.1));
        let mut state = seed | 1;
        let pixels: Vec<u8> = (0..from.width * from.height * channels)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Mostly extremes, so that overshoot and clipping are exercised.
                match state >> 62 { 0 => 0, 1 => 255, _ => (state >> 33) as u8 }
            })
            .collect();
        let filter = if bicubic { Filter::Bicubic } else { Filter::Bilinear };
        prop_assert_eq!(
            resize_bytes(&pixels, from, channels, to, filter),
            naive(&pixels, from, channels, to, filter)
        );
    }

    #[test]
    fn a_region_is_cut_out_of_the_whole(
        from in (1usize..40, 1usize..40),
        to in (1usize..50, 1usize..50),
        shares in (0.0..1.0, 0.0..1.0, 0.0..1.0, 0.0..1.0),
        filter in prop::sample::select(vec![Filter::Nearest, Filter::Bilinear, Filter::Bicubic]),
    ) {
        let (from, to) = (Size::new(from.0, from.1), Size::new(to.0, to.1));
        let pixels: Vec<u8> = (0..from.width * from.height * 3).map(|index| (index * 97 % 251) as u8).collect();
        let part = |length: usize, start: f64, share: f64| {
            let start = (length as f64 * start) as usize;
            start..start + 1 + ((length - start - 1) as f64 * share) as usize
        };
        let (columns, rows) = (part(to.width, shares.0, shares.1), part(to.height, shares.2, shares.3));
        let whole = resize_bytes(&pixels, from, 3, to, filter);
        let expected: Vec<u8> = whole
            .chunks_exact(to.width * 3)
            .take(rows.end)
            .skip(rows.start)
            .flat_map(|row| &row[columns.start * 3..columns.end * 3])
            .copied()
            .collect();
        prop_assert_eq!(resize_region(&pixels, from, 3, to, filter, [columns, rows]), expected);
    }

    #[test]
    fn nearest_only_copies_source_samples_in_order(from in 1usize..300, to in 1usize..300) {
        let indices = nearest_indices(from, to);
        prop_assert_eq!(indices.len(), to);
        prop_assert!(indices.windows(2).all(|pair| pair[0] <= pair[1]));
        prop_assert!(indices.iter().all(|index| *index < from));
        let line: Vec<u16> = (0..from as u16).collect();
        let expected: Vec<u16> = indices.iter().map(|index| *index as u16).collect();
        prop_assert_eq!(resize_ids(&line, Size::new(from, 1), Size::new(to, 1)), expected);
    }
}
