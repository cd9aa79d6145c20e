//! Sky gradient, sun disc with its glow, and clouds lit from the sun's side.

use crate::canvas::{Camera, Canvas, SKY_DEPTH};
use crate::class::Class;
use crate::color::{Rgb, lerp, smoothstep};
use crate::light::{Light, SunDisc};
use crate::noise::{billow, fbm, gradient, hash_unit};

/// One heap of cumulus: an ellipse with a flatter base, in unit picture coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heap {
    pub(crate) u: f32,
    pub(crate) v: f32,
    pub(crate) half_width: f32,
    pub(crate) half_height: f32,
    pub(crate) seed: u32,
}

/// All clouds of a scene.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clouds {
    pub(crate) heaps: Vec<Heap>,
    /// Cover of a wide broken layer: 0 none .. 1 closed.
    pub(crate) layer: f32,
    pub(crate) seed: u32,
}

impl Heap {
    /// Whether the heap would reach over the sun.
    pub(crate) fn hides(&self, sun: &SunDisc) -> bool {
        let du = (self.u - sun.u).abs() / (self.half_width * 1.25 + sun.radius);
        let dv = (self.v - sun.v).abs() / (self.half_height * 1.35 + sun.radius);
        du * du + dv * dv < 1.0
    }

    /// Signed density, above 0 inside the cloud.
    fn density(&self, u: f32, v: f32, detail: f32) -> f32 {
        let du = (u - self.u) / self.half_width;
        let mut dv = (v - self.v) / self.half_height;
        if dv > 0.0 {
            dv *= 2.4;
        }
        let envelope = 1.0 - du * du - dv * dv;
        if envelope < -1.6 {
            return -1.0;
        }
        let scale = 1.5 / self.half_height.min(self.half_width);
        let (x, y) = (u * scale, v * scale * 1.15);
        let warp = 0.35 * gradient(x * 0.8 + 7.3, y * 0.8, self.seed ^ 5);
        let puffs = billow(x + warp, y - warp, detail, self.seed);
        let ragged = if dv > 0.2 { 0.35 } else { 0.62 };
        envelope * 0.8 + puffs * ragged * 0.85 - 0.12
    }
}

impl Clouds {
    fn density(&self, u: f32, v: f32, camera: &Camera, detail: f32) -> f32 {
        let heaps = self
            .heaps
            .iter()
            .map(|heap| heap.density(u, v, detail))
            .fold(-1.0, f32::max);
        if self.layer <= 0.0 {
            return heaps;
        }
        heaps.max(self.layer_density(u, v, camera, detail))
    }

    /// A flat layer seen in perspective, so that it packs toward the horizon.
    fn layer_density(&self, u: f32, v: f32, camera: &Camera, detail: f32) -> f32 {
        let rise = (camera.horizon - v).max(0.0) + 0.09;
        let (x, y) = ((u - 0.5) / rise * 0.55, 0.62 / rise);
        let fade = smoothstep(0.02, 0.12, camera.horizon - v);
        let broad = fbm(x, y, detail.min(5.5), self.seed);
        let puffs = broad * 0.72 + 0.4 * billow(x * 2.6, y * 2.6, detail - 2.0, self.seed ^ 3);
        (puffs * 0.62 + self.layer - 0.5) * fade - (1.0 - fade) * 0.3
    }
}

/// Paints the whole sky; later painters cover what is not sky.
pub(crate) fn paint(canvas: &mut Canvas, camera: &Camera, light: &Light, clouds: &Clouds) {
    let detail = (0.11 / canvas.sample_width()).log2().clamp(2.0, 6.0);
    let bottom = (camera.horizon + 0.05).min(1.0);
    let sample_width = canvas.sample_width();
    canvas.for_each_in((0.0, 1.0), (0.0, bottom), |canvas, index, u, v| {
        let (mut color, mut class) = open_sky(camera, light, clouds.seed, (u, v), sample_width);
        let density = clouds.density(u, v, camera, detail);
        if density > -0.12 {
            let opacity = smoothstep(-0.12, 0.22, density);
            let lit = cloud_color(clouds, camera, light, (u, v), density, detail);
            color = color.mix(lit, opacity);
            if opacity > 0.5 {
                class = Class::Cloud;
            }
        }
        canvas.color[index] = color;
        canvas.class[index] = class;
        canvas.depth[index] = SKY_DEPTH;
    });
}

/// Colour of the sky without clouds, sun included.
fn open_sky(
    camera: &Camera,
    light: &Light,
    clouds_seed: u32,
    (u, v): (f32, f32),
    sample: f32,
) -> (Rgb, Class) {
    let mut color = gradient_at(camera, light, u, v);
    let rise = (camera.horizon - v).max(0.0);
    if light.weather.stars > 0.0 {
        color +=
            stars(u, v, clouds_seed, sample) * (light.weather.stars * smoothstep(0.0, 0.2, rise));
    }
    if light.weather.rain > 0.0 {
        color = color * torn(u, rise, clouds_seed, light.weather.rain);
    }
    let Some(sun) = light.sun else {
        return (color, Class::Sky);
    };
    let distance = ((u - sun.u).powi(2) + (v - sun.v).powi(2)).sqrt();
    let edge = smoothstep(sun.radius + sample, sun.radius - sample, distance);
    color = color.mix(light.disc * 1.2, edge);
    let class = if distance < sun.radius {
        Class::Sun
    } else {
        Class::Sky
    };
    (color, class)
}

/// Light of the star that shines at a point, black between stars.
fn stars(u: f32, v: f32, seed: u32, sample: f32) -> Rgb {
    const CELLS: f32 = 42.0;
    let (x, y) = ((u * CELLS).floor(), (v * CELLS).floor());
    let draw = |k: u32| hash_unit(x as i32, y as i32, seed ^ (0x57a5 + k));
    if draw(0) > 0.24 {
        return Rgb::BLACK;
    }
    let middle = (
        (x + 0.2 + 0.6 * draw(1)) / CELLS,
        (y + 0.2 + 0.6 * draw(2)) / CELLS,
    );
    let distance = ((u - middle.0).powi(2) + (v - middle.1).powi(2)).sqrt();
    let bright = draw(3).powi(3);
    let radius = (0.0013 + 0.0014 * bright).max(sample);
    let tint = Rgb::hex(0xcfdcff).mix(Rgb::hex(0xffedcf), draw(4));
    tint * (smoothstep(radius * 1.5, radius * 0.4, distance) * lerp(0.25, 1.0, bright))
}

/// How far a stormy sky darkens at a point: torn banks above, curtains of rain toward the horizon.
fn torn(u: f32, rise: f32, seed: u32, rain: f32) -> f32 {
    let banks = fbm(u * 2.6, rise * 9.0, 4.0, seed ^ 0x7a0b);
    let curtains = fbm(u * 9.0 + rise * 2.5, rise * 0.8, 2.0, seed ^ 0x7a0c);
    let low = smoothstep(0.22, 0.02, rise);
    1.0 + rain * (lerp(0.55 * banks, 0.3 * curtains, low))
}

/// Draws rain over the whole picture: thin streaks, bent by the wind.
pub(crate) fn rain(canvas: &mut Canvas, light: &Light, seed: u32) {
    canvas.for_each_in((0.0, 1.0), (0.0, 1.0), |canvas, index, u, v| {
        let across = u + 0.22 * v;
        let streak = gradient(across * 150.0, v * 7.0, seed ^ 0x4a11);
        let gust = 0.6 + 0.8 * gradient(across * 3.0, v * 2.0, seed ^ 0x4a12);
        let strength = smoothstep(0.12, 0.5, streak) * gust.clamp(0.0, 1.0);
        canvas.color[index] =
            canvas.color[index].mix(light.low, 0.14 * strength * light.weather.rain);
    });
}

/// Sky gradient with the sun's glow, without the disc: also what water mirrors from above.
pub(crate) fn gradient_at(camera: &Camera, light: &Light, u: f32, v: f32) -> Rgb {
    let rise = (camera.horizon - v) / camera.horizon.max(0.34);
    let color = light.sky(rise);
    match light.sun {
        Some(sun) => color + glow(light, sun, u, v),
        None => color,
    }
}

fn glow(light: &Light, sun: SunDisc, u: f32, v: f32) -> Rgb {
    let distance = ((u - sun.u).powi(2) + (v - sun.v).powi(2)).sqrt();
    let near = (-((distance - sun.radius).max(0.0) / (sun.radius * 0.9))).exp();
    let wide = (-(distance / 0.26)).exp();
    light.glow * (near * 0.42 + wide * light.glow_reach)
}

/// A cloud's colour: bright where little cloud lies toward the light, blue-gray underneath.
fn cloud_color(
    clouds: &Clouds,
    camera: &Camera,
    light: &Light,
    (u, v): (f32, f32),
    density: f32,
    detail: f32,
) -> Rgb {
    let mut blocked = 0.0;
    for reach in [0.016, 0.036, 0.062] {
        let (lu, lv) = (u + light.side() * reach * 0.62, v - reach * 0.78);
        blocked += clouds.density(lu, lv, camera, detail - 1.5).max(0.0);
    }
    let thick = smoothstep(0.25, 0.9, density) * smoothstep(0.3, 0.8, clouds.layer);
    let open = (-blocked * 1.35).exp() * (1.0 - 0.45 * thick);
    let thin = smoothstep(0.45, 0.0, density);
    let color = light
        .cloud_shade
        .mix(light.cloud_lit, 0.05 + 0.95 * open + 0.12 * thin);
    let far = smoothstep(0.30, 0.0, camera.horizon - v);
    color.mix(light.low, far * 0.35)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heap_is_dense_in_its_middle_and_clear_far_away() {
        let heap = Heap {
            u: 0.5,
            v: 0.3,
            half_width: 0.2,
            half_height: 0.1,
            seed: 1,
        };
        assert!(heap.density(0.5, 0.28, 4.0) > 0.0);
        assert!(heap.density(0.9, 0.28, 4.0) < 0.0);
    }
}
