//! What the axes of the plot show: ranges, ticks and numbers.

use std::ops::Range;

/// Ratio of the largest to the smallest curve from which a panel is logarithmic.
const LOG_RATIO: f64 = 12.0;
/// Largest value that an axis shows; larger ones are drawn at its end.
const LARGEST: f64 = 1e12;
/// Where a logarithmic axis begins at the latest, as a share of its end.
const SMALLEST_LOG_SHARE: f64 = 1e-9;

/// Whether an axis over `values` is logarithmic: positive values of much different size.
pub(super) fn is_logarithmic(values: &Range<f64>) -> bool {
    values.start > 0.0 && values.end / values.start >= LOG_RATIO
}

/// `low..high` with room at both ends, never empty, and from 0 where it begins close to it. Limited
/// to what plotters can divide into ticks.
pub(super) fn with_margin(low: f64, high: f64) -> Range<f64> {
    let (low, high) = (low.clamp(-LARGEST, LARGEST), high.clamp(-LARGEST, LARGEST));
    if low > 0.0 && high / low >= LOG_RATIO {
        let low = low.max(high * SMALLEST_LOG_SHARE);
        let room = (high / low).powf(0.06);
        return low / room..high * room;
    }
    let size = low.abs().max(high.abs());
    let room = (0.06 * (high - low)).max(1e-3 * size).max(1e-9);
    let starts_at_zero = low >= 0.0 && low < 0.5 * high;
    let start = if starts_at_zero { 0.0 } else { low - room };
    start..high + room
}

/// The numbers beside a logarithmic axis: 1, 2 and 5 in every decade where there are few decades,
/// else powers of ten.
pub(super) fn log_ticks(values: &Range<f64>) -> Vec<f64> {
    let decades = (values.end / values.start).log10();
    let mantissas = if decades < 3.5 {
        &[1.0, 2.0, 5.0][..]
    } else {
        &[1.0]
    };
    let stride = (decades / 7.0).ceil().max(1.0) as usize;
    let exponents = values.start.log10().floor() as i32..=values.end.log10().ceil() as i32;
    let ticks = exponents
        .step_by(stride)
        .flat_map(|exponent| mantissas.iter().map(move |m| m * 10_f64.powi(exponent)));
    ticks.filter(|tick| values.contains(tick)).collect()
}

/// A number beside an axis, as short as it can be.
pub(super) fn axis_number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        return format!("{value:.0e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithmic_axes_have_a_handful_of_ticks_inside() {
        assert_eq!(
            log_ticks(&(0.4..60.0)),
            [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0]
        );
        for (start, end) in [(1e-9, 1e12), (0.9, 11.0), (1e-3, 1e1)] {
            let ticks = log_ticks(&(start..end));
            assert!((3..=13).contains(&ticks.len()), "{start}..{end}: {ticks:?}");
        }
    }

    #[test]
    fn axis_numbers_are_short() {
        let cases = [(0.0, "0"), (0.25, "0.25"), (1000.0, "1000"), (1e-5, "1e-5")];
        for (value, text) in cases {
            assert_eq!(axis_number(value), text);
        }
    }
}
