//! Boulders: faceted lumps of stone.

use crate::canvas::{Camera, Canvas};
use crate::class::Class;
use crate::color::{Rgb, lerp, smoothstep};
use crate::light::Light;
use crate::noise::{fbm, gradient, hash_unit};
use crate::scatter::Standing;

/// A facet: its middle on the face of the boulder and its normal.
struct Facet {
    p: f32,
    q: f32,
    normal: [f32; 3],
}

fn facets(seed: u32) -> Vec<Facet> {
    (0..12)
        .map(|i| {
            let random = |k: u32| hash_unit(seed as i32, i, k) * 2.0 - 1.0;
            let p = random(1) * 0.95;
            let q = 0.5 + 0.5 * random(2);
            let normal = [
                p * 0.95 + 0.35 * random(3),
                (q * 1.1 - 0.15 + 0.3 * random(4)).max(-0.1),
                -(1.0 - p * p * 0.6 - q * q * 0.5).max(0.15),
            ];
            let length = normal.iter().map(|c| c * c).sum::<f32>().sqrt();
            Facet {
                p,
                q,
                normal: normal.map(|c| c / length),
            }
        })
        .collect()
}

/// Paints a boulder; its height is `standing.height`, its width follows from the seed.
pub(crate) fn boulder(canvas: &mut Canvas, camera: &Camera, light: &Light, standing: &Standing) {
    let seed = standing.seed;
    let height = camera.focal * standing.height / standing.z;
    let half_width = height * lerp(0.62, 1.05, hash_unit(seed as i32, 0, 9));
    let middle = camera.column(standing.x, standing.z);
    let foot = camera.row(standing.ground, standing.z) + height * 0.06;
    let facets = facets(seed);
    canvas.for_each_in(
        (middle - half_width * 1.25, middle + half_width * 1.25),
        (foot - height * 1.25, foot),
        |canvas, index, u, v| {
            let p = (u - middle) / half_width;
            let q = (foot - v) / height;
            let angle = q.atan2(p);
            let knobs =
                0.13 * gradient(angle * 1.9, 3.0, seed) + 0.05 * gradient(angle * 6.0, 9.0, seed);
            let boxy = (p.abs().powf(2.6) + q.abs().powf(2.6)).powf(1.0 / 2.6);
            let sunk = 0.16 * p * p - 0.02 * gradient(p * 6.0, 1.0, seed);
            if boxy > 0.98 + knobs || q < sunk {
                return;
            }
            let color = face(&facets, light, p, q, seed);
            let grounded = lerp(0.62, 1.0, smoothstep(0.0, 0.22, q));
            canvas.put(
                index,
                standing.z,
                Class::Rock,
                light.through_air(color * grounded, standing.z),
            );
        },
    );
}

fn face(facets: &[Facet], light: &Light, p: f32, q: f32, seed: u32) -> Rgb {
    let (mut first, mut second) = (f32::MAX, f32::MAX);
    let mut normal = [0.0, 1.0, 0.0];
    for facet in facets {
        let distance = (p - facet.p).powi(2) + (q - facet.q).powi(2) * 0.9;
        if distance < first {
            second = first;
            first = distance;
            normal = facet.normal;
        } else if distance < second {
            second = distance;
        }
    }
    let crack = smoothstep(0.0, 0.07, second.sqrt() - first.sqrt());
    let grain = fbm(p * 5.0, q * 5.0, 4.0, seed ^ 4);
    let stone = Rgb::hex(0x8d8478).mix(Rgb::hex(0xaaa093), 0.5 + 0.6 * grain);
    let moss = smoothstep(0.1, 0.5, fbm(p * 1.7, q * 1.7, 3.0, seed ^ 6)) * normal[1].max(0.0);
    let stone = stone.mix(Rgb::hex(0x77794a), moss * 0.5);
    light.shade(stone * lerp(0.72, 1.0, crack), normal, 1.0)
}
