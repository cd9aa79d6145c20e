//! `losses.png`: the losses over the steps, generator above discriminator.
//!
//! Pale lines are the recorded values, strong lines their moving average. A panel whose losses
//! differ much in size (`G_L1` is weighted by 100) and are positive gets a logarithmic axis. The
//! picture is drawn twice as large and averaged down, because plotters' own lines have hard edges.

use std::io::Cursor;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use image::{ImageFormat, RgbImage, imageops};
use plotters::coord::Shift;
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::ReportError;
use super::axis::{axis_number, is_logarithmic, log_ticks, with_margin};
use super::files::write_atomically;
use super::history::{History, Point};
use super::progress::three_digits;

/// Width of the picture in pixels.
pub(super) const WIDTH: u32 = 1200;
/// Height of a panel in pixels.
pub(super) const PANEL_HEIGHT: u32 = 380;
/// Drawn this many times larger, then averaged.
const SCALE: u32 = 2;
/// Share of the curve over which the moving average looks back.
const SMOOTHING_SHARE: f64 = 0.05;

const INK: RGBColor = RGBColor(32, 36, 44);
const FAINT_INK: RGBColor = RGBColor(96, 103, 115);
const GRID: RGBColor = RGBColor(226, 229, 234);
/// Colours that stay apart for colour-blind eyes and in grey (after Okabe and Ito).
const CURVE_COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 146, 104),
    RGBColor(188, 84, 146),
    RGBColor(206, 146, 0),
    RGBColor(58, 160, 214),
    RGBColor(92, 92, 92),
];

/// A loss prepared for drawing.
struct Curve {
    name: String,
    colour: RGBColor,
    points: Vec<Point>,
    smooth: Vec<(f64, f64)>,
}

/// Losses that share an axis.
struct Panel {
    title: &'static str,
    curves: Vec<Curve>,
}

/// Draws the losses of `history` into the PNG file at `path`, [`WIDTH`] pixels wide with a panel
/// of [`PANEL_HEIGHT`] for each of the two networks that has losses. Returns width and height.
///
/// # Errors
/// [`ReportError::Picture`] when drawing fails, [`ReportError::Io`] when writing does.
pub(super) fn draw(history: &History, title: &str, path: &Path) -> Result<(u32, u32), ReportError> {
    register_fonts().map_err(ReportError::picture(path))?;
    let panels = panels(history);
    let height = PANEL_HEIGHT * panels.len() as u32;
    let (wide, high) = (WIDTH * SCALE, height * SCALE);
    let mut pixels = vec![0; 3 * wide as usize * high as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (wide, high)).into_drawing_area();
        draw_panels(&area, &panels, title).map_err(ReportError::picture(path))?;
    }
    let large = RgbImage::from_raw(wide, high, pixels)
        .expect("the buffer was made for this width and height");
    let mut png = Cursor::new(Vec::new());
    imageops::thumbnail(&large, WIDTH, height)
        .write_to(&mut png, ImageFormat::Png)
        .map_err(ReportError::picture(path))?;
    write_atomically(path, &png.into_inner())?;
    Ok((WIDTH, height))
}

/// Makes the embedded fonts known to plotters, once in a process.
fn register_fonts() -> Result<(), &'static str> {
    static REGISTERED: LazyLock<bool> = LazyLock::new(|| {
        let register = |style, bytes| plotters::style::register_font("sans-serif", style, bytes);
        register(FontStyle::Normal, notosans::REGULAR_TTF).is_ok()
            && register(FontStyle::Bold, notosans::BOLD_TTF).is_ok()
    });
    REGISTERED
        .then_some(())
        .ok_or("the embedded font is unreadable")
}

/// Sorts the losses into panels: those whose name begins with `D` are the discriminator's.
fn panels(history: &History) -> Vec<Panel> {
    let of = |title, discriminator: bool| {
        let names = history.names().iter().enumerate();
        let chosen = names.filter(|(_, name)| name.starts_with('D') == discriminator);
        let curves = chosen.zip(CURVE_COLOURS.iter().cycle());
        let curves = curves.map(|((index, name), colour)| {
            let points = history.curve(index);
            Curve {
                name: name.clone(),
                colour: *colour,
                smooth: moving_average(&points),
                points,
            }
        });
        Panel {
            title,
            curves: curves.collect(),
        }
    };
    let mut panels = vec![of("Generator", false), of("Discriminator", true)];
    panels.retain(|panel| !panel.curves.is_empty());
    if panels.is_empty() {
        panels.push(of("Losses", false));
    }
    panels
}

/// The exponential moving average of the means, corrected for its start.
fn moving_average(points: &[Point]) -> Vec<(f64, f64)> {
    let window = (points.len() as f64 * SMOOTHING_SHARE).max(1.0);
    let newest = 2.0 / (window + 1.0);
    let (mut sum, mut weight) = (0.0, 0.0);
    let average = |point: &Point| {
        sum += newest * (point.mean - sum);
        weight += newest * (1.0 - weight);
        (point.step as f64, sum / weight)
    };
    points.iter().map(average).collect()
}

type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type DrawResult<'a> =
    Result<(), DrawingAreaErrorKind<<BitMapBackend<'a> as DrawingBackend>::ErrorType>>;

fn draw_panels<'a>(area: &Area<'a>, panels: &[Panel], title: &str) -> DrawResult<'a> {
    area.fill(&WHITE)?;
    let steps = steps_shown(panels);
    let areas = area.split_evenly((panels.len(), 1));
    for (index, (panel, area)) in panels.iter().zip(&areas).enumerate() {
        let last = index + 1 == panels.len();
        draw_panel(area, panel, steps.clone(), last)?;
    }
    let style = text(15, FAINT_INK).pos(Pos::new(HPos::Right, VPos::Top));
    area.draw_text(title, &style, (scaled(WIDTH as i32 - 28), scaled(18)))?;
    area.present()
}

/// From 0 to the last recorded step.
fn steps_shown(panels: &[Panel]) -> Range<f64> {
    let curves = panels.iter().flat_map(|panel| &panel.curves);
    let last = curves.filter_map(|curve| curve.smooth.last());
    0.0..last.map(|(step, _)| *step).fold(1.0, f64::max)
}

fn draw_panel<'a>(
    area: &Area<'a>,
    panel: &Panel,
    steps: Range<f64>,
    is_last: bool,
) -> DrawResult<'a> {
    draw_legend(area, panel)?;
    let values = values_shown(panel);
    let mut builder = ChartBuilder::on(area);
    builder
        .margin_top(scaled(52))
        .margin_right(scaled(28))
        .margin_bottom(scaled(8))
        .margin_left(scaled(8))
        .x_label_area_size(scaled(if is_last { 44 } else { 26 }))
        .y_label_area_size(scaled(74));
    let step_title = if is_last { "step" } else { "" };
    if is_logarithmic(&values) {
        let log_axis = values.clone().log_scale();
        let log_axis = log_axis.with_key_points(log_ticks(&values));
        let chart = builder.build_cartesian_2d(steps, log_axis)?;
        draw_chart(chart, panel, &values, [step_title, "loss (log scale)"])
    } else {
        let chart = builder.build_cartesian_2d(steps, values.clone())?;
        draw_chart(chart, panel, &values, [step_title, "loss"])
    }
}

/// Draws axes and curves. What lies outside `values` is drawn at the edge: plotters would follow a
/// line there pixel by pixel.
fn draw_chart<'a, Y>(
    mut chart: ChartContext<'_, BitMapBackend<'a>, Cartesian2d<RangedCoordf64, Y>>,
    panel: &Panel,
    values: &Range<f64>,
    [step_title, value_title]: [&str; 2],
) -> DrawResult<'a>
where
    Y: Ranged<ValueType = f64> + plotters::coord::ranged1d::ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID.stroke_width(SCALE))
        .axis_style(FAINT_INK.stroke_width(SCALE))
        .x_labels(10)
        .y_labels(6)
        .x_label_formatter(&|step| format!("{step:.0}"))
        .y_label_formatter(&|value| axis_number(*value))
        .label_style(text(15, FAINT_INK))
        .axis_desc_style(text(15, FAINT_INK))
        .x_desc(step_title)
        .y_desc(value_title)
        .draw()?;
    let shown = |value: f64| value.clamp(values.start, values.end);
    for curve in &panel.curves {
        let spread = curve.points.iter().flat_map(|point| {
            let step = point.step as f64;
            let high = (point.high > point.low).then_some((step, shown(point.high)));
            std::iter::once((step, shown(point.low))).chain(high)
        });
        let pale = curve.colour.mix(0.32);
        chart.draw_series(LineSeries::new(spread, pale))?;
    }
    for curve in &panel.curves {
        let strong = curve.colour.stroke_width(2 * SCALE);
        let smooth = curve.smooth.iter();
        let smooth: Vec<_> = smooth.map(|(step, value)| (*step, shown(*value))).collect();
        // Piece by piece with round joints: plotters' own joints grow spikes at sharp bends.
        let pieces = smooth.windows(2).map(|ends| PathElement::new(ends, strong));
        chart.draw_series(pieces)?;
        let joints = smooth.iter();
        chart.draw_series(joints.map(|joint| Circle::new(*joint, SCALE, curve.colour.filled())))?;
    }
    Ok(())
}

/// Title of the panel, then a dot, name and last smoothed value for every curve.
fn draw_legend<'a>(area: &Area<'a>, panel: &Panel) -> DrawResult<'a> {
    let middle = scaled(28);
    let middle_left = Pos::new(HPos::Left, VPos::Center);
    let title = font(18, FontStyle::Bold).color(&INK).pos(middle_left);
    let mut x = scaled(20);
    area.draw_text(panel.title, &title, (x, middle))?;
    x += area.estimate_text_size(panel.title, &title)?.0 as i32 + scaled(28);
    for curve in &panel.curves {
        let value = curve.smooth.last().map(|(_, value)| three_digits(*value));
        let label = format!("{}  {}", curve.name, value.unwrap_or_default());
        let style = text(16, INK).pos(middle_left);
        let dot = Circle::new((x, middle - scaled(1)), scaled(5), curve.colour.filled());
        area.draw(&dot)?;
        area.draw_text(&label, &style, (x + scaled(12), middle))?;
        x += area.estimate_text_size(&label, &style)?.0 as i32 + scaled(12 + 24);
    }
    Ok(())
}

/// The values that `panel` shows: all of the smooth curves and most of the recorded values, so that
/// a few outliers do not flatten the rest.
fn values_shown(panel: &Panel) -> Range<f64> {
    let smooth = panel.curves.iter().flat_map(|curve| &curve.smooth);
    let points = panel.curves.iter().flat_map(|curve| &curve.points);
    let mut recorded: Vec<f64> = points.flat_map(|point| [point.low, point.high]).collect();
    recorded.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let index = share * recorded.len().saturating_sub(1) as f64;
        recorded.get(index.round() as usize).copied()
    };
    let (Some(low), Some(high)) = (quantile(0.005), quantile(0.995)) else {
        return 0.0..1.0;
    };
    let (low, high) = smooth.fold((low, high), |(low, high), (_, value)| {
        (low.min(*value), high.max(*value))
    });
    with_margin(low, high)
}

/// Pixels of the picture in pixels of the drawing.
fn scaled(pixels: i32) -> i32 {
    pixels * SCALE as i32
}

fn font(size: u32, style: FontStyle) -> FontDesc<'static> {
    FontDesc::new(FontFamily::SansSerif, f64::from(size * SCALE), style)
}

fn text(size: u32, colour: RGBColor) -> TextStyle<'static> {
    font(size, FontStyle::Normal).color(&colour)
}

#[cfg(test)]
mod tests {
    use super::super::csv::Row;
    use super::*;

    fn history(names: &[&str], rows: &[&[f64]]) -> History {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut history = History::new(&names);
        for (index, values) in rows.iter().enumerate() {
            history.push(&Row {
                step: index as u64 + 1,
                epoch: 1,
                learning_rate: 0.1,
                step_seconds: 0.1,
                data_seconds: 0.0,
                losses: values.iter().copied().map(Some).collect(),
            });
        }
        history
    }

    fn drawn(history: &History) -> RgbImage {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("losses.png");
        let size = draw(history, "a title", &path).unwrap();
        let image = image::open(path).unwrap().into_rgb8();
        assert_eq!(image.dimensions(), size);
        image
    }

    fn has_colour(image: &RgbImage, RGBColor(red, green, blue): RGBColor) -> bool {
        image.pixels().any(|pixel| pixel.0 == [red, green, blue])
    }

    #[test]
    fn the_plot_is_a_png_with_a_panel_for_each_network() {
        let rows: Vec<[f64; 3]> = (1..50)
            .map(|step| [0.7, 40.0 / f64::from(step), 0.5])
            .collect();
        let rows: Vec<&[f64]> = rows.iter().map(<[f64; 3]>::as_slice).collect();
        let image = drawn(&history(&["G_GAN", "G_L1", "D_real"], &rows));
        assert_eq!(image.dimensions(), (WIDTH, 2 * PANEL_HEIGHT));
        assert!(has_colour(&image, CURVE_COLOURS[0]) && has_colour(&image, CURVE_COLOURS[1]));
    }

    #[test]
    fn plots_without_values_with_one_or_with_odd_ones_are_drawn() {
        drawn(&history(&[], &[]));
        drawn(&history(&["G", "D"], &[&[f64::NAN, 0.0]]));
        drawn(&history(
            &["G", "D"],
            &[&[1e-300, -3.5], &[f64::INFINITY, -3.5]],
        ));
        let extremes: [&[f64]; 3] = [&[f64::MAX, 1e-30], &[1e30, 1e30], &[-1e30, 1.0]];
        drawn(&history(&["G", "D"], &extremes));
        drawn(&history(&["一个很长的名字"; 12], &[&[1.0; 12]]));
    }

    #[test]
    fn the_average_of_a_constant_is_that_constant() {
        let flat = history(&["G"], &[&[2.5][..]; 500]);
        let smooth = moving_average(&flat.curve(0));
        assert!(smooth.iter().all(|(_, value)| (value - 2.5).abs() < 1e-12));
    }
}
