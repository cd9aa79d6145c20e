//! Trees, tufts of grass and blooms, painted as upright figures.

use crate::canvas::{Camera, Canvas};
use crate::class::Class;
use crate::color::{Rgb, lerp, smoothstep};
use crate::ground::{flower_color, grass_color};
use crate::light::Light;
use crate::noise::{gradient, hash_unit};
use crate::scatter::{Kind, Standing};

/// Where a figure stands in the picture, in unit coordinates.
struct Figure {
    u: f32,
    foot: f32,
    height: f32,
    /// Height in samples: decides how much detail is worth painting.
    samples: f32,
}

impl Figure {
    fn new(canvas: &Canvas, camera: &Camera, standing: &Standing) -> Self {
        let height = camera.focal * standing.height / standing.z;
        Self {
            u: camera.column(standing.x, standing.z),
            foot: camera.row(standing.ground, standing.z),
            height,
            samples: height * canvas.side as f32,
        }
    }
}

fn leaf_light(light: &Light, albedo: Rgb, exposure: f32) -> Rgb {
    let albedo = light.snowed(albedo, 0.25 + 0.6 * smoothstep(0.3, 0.85, exposure));
    albedo * (light.key * exposure.clamp(0.0, 1.0) + light.ambient * 0.85)
}

/// Darkens the ground beside a figure, away from the light.
pub(crate) fn cast_shadow(
    canvas: &mut Canvas,
    camera: &Camera,
    light: &Light,
    standing: &Standing,
    width: f32,
) {
    let figure = Figure::new(canvas, camera, standing);
    let half_width = width * figure.height;
    let half_height = (half_width * 1.1 * camera.height / standing.z).max(0.012 * figure.height);
    let middle = figure.u - light.side() * half_width * 0.75;
    let depth = standing.z;
    canvas.for_each_in(
        (middle - half_width, middle + half_width),
        (figure.foot - half_height, figure.foot + half_height),
        |canvas, index, u, v| {
            let du = (u - middle) / half_width;
            let dv = (v - figure.foot) / half_height;
            let inside = 1.0 - du * du - dv * dv;
            let flat = !matches!(
                canvas.class[index],
                Class::Forest | Class::Tree | Class::House | Class::Water | Class::Mountain
            );
            let beside = canvas.depth[index] > depth * 0.7 && canvas.depth[index] < depth * 1.4;
            if inside > 0.0 && flat && beside {
                canvas.cast_shadow(index, smoothstep(0.0, 0.8, inside));
            }
        },
    );
}

/// Paints a figure: `paint(s, t)` gives its colour, if any, at `s` to the right of its foot and
/// `t` above it, in figure heights.
fn stand(
    canvas: &mut Canvas,
    figure: &Figure,
    light: &Light,
    (distance, class): (f32, Class),
    half_width: f32,
    paint: impl Fn(f32, f32) -> Option<Rgb>,
) {
    let half = half_width * figure.height;
    canvas.for_each_in(
        (figure.u - half, figure.u + half),
        (figure.foot - figure.height * 1.06, figure.foot),
        |canvas, index, u, v| {
            let s = (u - figure.u) / figure.height;
            let t = (figure.foot - v) / figure.height;
            if let Some(color) = paint(s, t) {
                canvas.put(index, distance, class, light.through_air(color, distance));
            }
        },
    );
}

/// A conifer: tiers of drooping branches, a light and a dark side.
pub(crate) fn conifer(canvas: &mut Canvas, camera: &Camera, light: &Light, standing: &Standing) {
    let figure = Figure::new(canvas, camera, standing);
    let seed = standing.seed;
    let tiers = 5.0 + (seed % 4) as f32;
    let slim = lerp(0.17, 0.25, hash_unit(seed as i32, 1, 5));
    let tone = hash_unit(seed as i32, 2, 5);
    let dark = Rgb::hex(0x1d3a26).mix(Rgb::hex(0x263f22), tone);
    let bright = Rgb::hex(0x4f7a3e).mix(Rgb::hex(0x6d9147), tone);
    let fine = smoothstep(8.0, 26.0, figure.samples);
    let needles = |s: f32, t: f32| {
        let k = (t - 0.05) / 0.95;
        let sway = 0.055 * gradient(s * 7.0, t * 9.0, seed ^ 3);
        let saw = ((k + 0.5 * s.abs() + sway) * tiers).fract();
        let jag = fine * gradient(s * 26.0, t * 34.0, seed);
        let taper = slim * (1.0 - k).max(0.0).powf(0.86);
        let width = taper * (1.16 - 0.42 * saw) * (1.0 + 0.3 * jag);
        if k < 0.0 || s.abs() > width {
            return None;
        }
        let side = light.side() * s / width.max(1e-4);
        let speckle = fine * gradient(s * 60.0, t * 70.0, seed ^ 9);
        let exposure = 0.40 + 0.34 * side - 0.30 * (saw - 0.4) + 0.3 * speckle + 0.15 * k;
        let green = dark.mix(bright, exposure + 0.1);
        Some(leaf_light(light, green, 0.25 + 0.75 * exposure))
    };
    let what = (standing.z, Class::Forest);
    stand(canvas, &figure, light, what, slim * 1.3, |s, t| {
        let trunk = t < 0.09 && s.abs() < 0.02;
        needles(s, t).or_else(|| trunk.then(|| leaf_light(light, Rgb::hex(0x5a4636), 0.35)))
    });
}

/// One ball of a crown: middle and radius in tree heights, and how far it bulges forward.
type Ball = (f32, f32, f32, f32);

fn crown(seed: u32) -> [Ball; 11] {
    let random = |i: i32, k: u32| hash_unit(seed as i32, i, 0x0b0e ^ (k * 977));
    let squat = lerp(0.82, 1.15, random(99, 0));
    let mut balls = [(0.0, 0.62, 0.27, 0.0); 11];
    for (i, ball) in balls.iter_mut().enumerate().skip(1) {
        let i = i as i32;
        let angle = (i as f32 + random(i, 1)) * std::f32::consts::TAU / 10.0;
        let reach = 0.13 + 0.12 * random(i, 2);
        *ball = (
            angle.cos() * reach * 1.15,
            0.62 + angle.sin() * reach * squat,
            0.105 + 0.075 * random(i, 3),
            0.08 + 0.16 * random(i, 4),
        );
    }
    balls
}

/// A broad-leaved tree: a crown of lit balls of leaves over a trunk.
pub(crate) fn broadleaf(canvas: &mut Canvas, camera: &Camera, light: &Light, standing: &Standing) {
    let figure = Figure::new(canvas, camera, standing);
    let seed = standing.seed;
    let balls = crown(seed);
    let tone = hash_unit(seed as i32, 7, 5);
    let dark = Rgb::hex(0x2c5424).mix(Rgb::hex(0x3d5c22), tone);
    let bright = Rgb::hex(0x7ba046).mix(Rgb::hex(0x9fae50), tone);
    let fine = smoothstep(9.0, 30.0, figure.samples);
    let leaves = |s: f32, t: f32| {
        let clump = gradient(s * 11.0, t * 11.0, seed ^ 5);
        let ragged = fine * 0.030;
        let p = s + ragged * gradient(s * 24.0, t * 24.0, seed ^ 1) + 0.03 * clump;
        let q = t + ragged * gradient(s * 24.0 + 50.0, t * 24.0, seed ^ 2);
        let normal = front_ball(&balls, p, q)?;
        let speckle = fine * gradient(s * 46.0, t * 46.0, seed ^ 3);
        let facing = light.facing([normal.0, normal.1, -normal.2 * 0.7]);
        let exposure = 0.32 + 0.42 * facing + 0.30 * speckle + 0.22 * clump + 0.55 * (t - 0.62);
        let green = dark.mix(bright, exposure);
        Some(leaf_light(light, green, 0.2 + 0.85 * exposure))
    };
    let trunk = |s: f32, t: f32| {
        let off = s - 0.02 * gradient(t * 4.0, 0.5, seed);
        let half_width = 0.024 + 0.16 * (0.12 - t).max(0.0);
        (t < 0.5 && off.abs() < half_width).then(|| {
            let exposure = 0.35 + 10.0 * light.side() * off;
            leaf_light(light, Rgb::hex(0x66503c), exposure)
        })
    };
    let what = (standing.z, Class::Tree);
    stand(canvas, &figure, light, what, 0.48, |s, t| {
        leaves(s, t).or_else(|| trunk(s, t))
    });
}

/// Normal (right, up, toward the viewer) of the ball that is frontmost at a point of the crown.
fn front_ball(balls: &[Ball], p: f32, q: f32) -> Option<(f32, f32, f32)> {
    let mut front = f32::MIN;
    let mut normal = None;
    for &(x, y, radius, bulge) in balls {
        let (dx, dy) = ((p - x) / radius, (q - y) / radius);
        let inside = 1.0 - dx * dx - dy * dy;
        if inside > 0.0 {
            let out = inside.sqrt();
            if bulge + out * radius > front {
                front = bulge + out * radius;
                normal = Some((dx, dy, out));
            }
        }
    }
    normal
}

/// A blade of grass or grain, bent; it hides the feet of what stands right behind it.
pub(crate) fn blade(canvas: &mut Canvas, camera: &Camera, light: &Light, standing: &Standing) {
    let figure = Figure::new(canvas, camera, standing);
    let sample = canvas.sample_width();
    let lean = (hash_unit(standing.seed as i32, 1, 3) - 0.5) * 1.1 * figure.height;
    let width = (0.085 * figure.height).max(0.0011);
    let cover = (width / sample).min(1.0);
    let (base, tip) = blade_colors(standing);
    let half = width.max(sample * 0.5);
    for row in canvas.span(figure.foot - figure.height, figure.foot) {
        let t = (figure.foot - canvas.unit(row)) / figure.height;
        let middle = figure.u + lean * t * t;
        let taper = half * (1.0 - 0.7 * t);
        for column in canvas.span(middle - taper, middle + taper) {
            let index = canvas.index(column, row);
            let Some(class) = covered_class(canvas, index, standing) else {
                continue;
            };
            let color = leaf_light(light, base.mix(tip, t), 0.30 + 0.5 * t);
            let color = light.through_air(color, standing.z);
            canvas.color[index] = canvas.color[index].mix(color, cover * (0.35 + 0.6 * t));
            canvas.class[index] = class;
        }
    }
}

/// Colours at the foot and at the tip of a blade.
fn blade_colors(standing: &Standing) -> (Rgb, Rgb) {
    let tone = hash_unit(standing.seed as i32, 2, 3);
    if standing.kind == Kind::Stalk {
        let ear = Rgb::hex(0xdcb55a).mix(Rgb::hex(0xeed68c), tone);
        return (Rgb::hex(0xa47f38), ear);
    }
    let base = grass_color(standing.x, standing.z, 4.0, 0);
    let tip = base.mix(Rgb::hex(0xc4cf6c), 0.15 + 0.3 * tone);
    (base * 0.62, tip)
}

/// The class a sample has once a blade covers it; nothing where a blade does not belong.
fn covered_class(canvas: &Canvas, index: usize, standing: &Standing) -> Option<Class> {
    let ground = if standing.kind == Kind::Stalk {
        Class::Field
    } else {
        Class::Meadow
    };
    match canvas.class[index] {
        class if class == ground => Some(class),
        Class::Flowers if ground == Class::Meadow => Some(Class::Flowers),
        Class::Rock | Class::House | Class::Tree | Class::Forest
            if (0.995..1.05).contains(&(canvas.depth[index] / standing.z)) =>
        {
            Some(ground)
        }
        _ => None,
    }
}

/// A bloom: a small round head, darker underneath, only over flower beds.
pub(crate) fn bloom(canvas: &mut Canvas, camera: &Camera, light: &Light, standing: &Standing) {
    let figure = Figure::new(canvas, camera, standing);
    let sample = canvas.sample_width();
    let radius = 0.62 * figure.height;
    let cover = (radius * 1.8 / sample).min(1.0).powi(2);
    let head = flower_color(standing.x, standing.z, standing.seed >> 4);
    let middle = figure.foot - figure.height;
    let reach = radius.max(sample * 0.5);
    canvas.for_each_in(
        (figure.u - reach, figure.u + reach),
        (middle - reach * 0.8, middle + reach * 0.8),
        |canvas, index, u, v| {
            let du = (u - figure.u) / reach;
            let dv = (v - middle) / (reach * 0.8);
            let distance = du * du + dv * dv;
            if distance > 1.0 || canvas.class[index] != Class::Flowers {
                return;
            }
            let eye = if distance < 0.08 && radius > 3.0 * sample {
                0.55
            } else {
                1.0
            };
            let exposure = 0.72 - 0.25 * dv + 0.1 * light.side() * du;
            let color = leaf_light(light, head * eye, exposure);
            canvas.color[index] =
                canvas.color[index].mix(light.through_air(color, standing.z), cover);
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowns_are_closed_in_the_middle_and_end_below_the_top() {
        for seed in 0..20 {
            let balls = crown(seed);
            assert!(front_ball(&balls, 0.0, 0.62).is_some());
            assert!(front_ball(&balls, 0.0, 1.1).is_none());
        }
    }
}
