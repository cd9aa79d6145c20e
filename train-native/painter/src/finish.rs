//! From samples to bytes: averaging, tone, a light grade, a breath of grain.

use crate::canvas::{Canvas, SUPERSAMPLE};
use crate::color::{Rgb, lerp, smoothstep};
use crate::noise::hash_unit;

/// Averages the samples of every pixel and grades the result; returns RGB bytes.
pub(crate) fn develop(canvas: &Canvas, seed: u32) -> Vec<u8> {
    let size = canvas.side / SUPERSAMPLE;
    let mut pixels = Vec::with_capacity(size * size * 3);
    for y in 0..size {
        for x in 0..size {
            let mut sum = Rgb::BLACK;
            for sy in 0..SUPERSAMPLE {
                for sx in 0..SUPERSAMPLE {
                    let index = canvas.index(x * SUPERSAMPLE + sx, y * SUPERSAMPLE + sy);
                    sum += tone(canvas.color[index]);
                }
            }
            let mean = sum * (1.0 / (SUPERSAMPLE * SUPERSAMPLE) as f32);
            let u = (x as f32 + 0.5) / size as f32 - 0.5;
            let v = (y as f32 + 0.5) / size as f32 - 0.5;
            let edge = 1.0 - 0.14 * smoothstep(0.30, 0.75, (u * u + v * v).sqrt());
            let grain = (hash_unit(x as i32, y as i32, seed) - 0.5) * 2.4;
            let graded = grade(mean * edge);
            pixels.extend([graded.r, graded.g, graded.b].map(|c| (c * 255.0 + grain + 0.5) as u8));
        }
    }
    pixels
}

/// Rolls highlights off instead of clipping them; keeps linear light.
fn tone(color: Rgb) -> Rgb {
    let roll = |c: f32| {
        let c = c.max(0.0) * 1.12;
        if c < 0.6 {
            c
        } else {
            0.6 + 0.4 * (1.0 - (-(c - 0.6) / 0.4).exp())
        }
    };
    Rgb::new(roll(color.r), roll(color.g), roll(color.b))
}

/// Encodes to the screen with a little contrast and colour.
fn grade(linear: Rgb) -> Rgb {
    let screen = Rgb::new(linear.r.sqrt(), linear.g.sqrt(), linear.b.sqrt());
    let gray = screen.luma();
    let curve = |c: f32| {
        let vivid = (gray + (c - gray) * 1.05).clamp(0.0, 1.0);
        lerp(vivid, vivid * vivid * (3.0 - 2.0 * vivid), 0.22)
    };
    Rgb::new(curve(screen.r), curve(screen.g), curve(screen.b))
}

/// The label of every pixel: what most of its samples show, the first of them on a draw.
pub(crate) fn labels(canvas: &Canvas) -> Vec<u8> {
    let size = canvas.side / SUPERSAMPLE;
    let mut labels = Vec::with_capacity(size * size);
    for y in 0..size {
        for x in 0..size {
            let samples: [u8; SUPERSAMPLE * SUPERSAMPLE] = std::array::from_fn(|k| {
                let (sx, sy) = (k % SUPERSAMPLE, k / SUPERSAMPLE);
                canvas.class[canvas.index(x * SUPERSAMPLE + sx, y * SUPERSAMPLE + sy)].id()
            });
            let votes = |id: u8| samples.iter().filter(|&&s| s == id).count();
            let first = samples[0];
            let winner =
                samples.iter().fold(
                    first,
                    |best, &id| if votes(id) > votes(best) { id } else { best },
                );
            labels.push(winner);
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::Class;

    #[test]
    fn labels_follow_the_majority_of_samples() {
        let mut canvas = Canvas::new(32);
        for index in [0, 1, canvas.side] {
            canvas.class[index] = Class::Water;
        }
        let labels = labels(&canvas);
        assert_eq!(labels[0], Class::Water.id());
        assert_eq!(labels[1], Class::Sky.id());
    }

    #[test]
    fn white_stays_below_clipping_and_black_stays_black() {
        assert!(tone(Rgb::WHITE * 4.0).g <= 1.0);
        assert_eq!(grade(Rgb::BLACK), Rgb::BLACK);
    }
}
