//! Hashes, noise fields and the random stream: everything random in a scene comes from here.

/// Splitmix64 stream (Steele, Lea, Flood 2014): small, seedable, the same everywhere.
pub(crate) struct Stream(u64);

/// One round of splitmix64's output mixing.
pub(crate) fn mix64(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Stream {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix64(seed))
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix64(self.0)
    }

    /// A seed for one noise field.
    pub(crate) fn seed(&mut self) -> u32 {
        (self.word() >> 32) as u32
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f32 {
        (self.word() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// Uniform in [low, high).
    pub(crate) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// Uniform in [0, count).
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.word() % count.max(1) as u64) as usize
    }
}

/// Well-mixed hash of a lattice point.
pub(crate) fn hash(x: i32, y: i32, seed: u32) -> u32 {
    let mut h = seed
        ^ (x as u32).wrapping_mul(0x9E37_79B1)
        ^ (y as u32).wrapping_mul(0x85EB_CA77).rotate_left(15);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

/// The hash of a lattice point as a number in [0, 1).
pub(crate) fn hash_unit(x: i32, y: i32, seed: u32) -> f32 {
    (hash(x, y, seed) >> 8) as f32 / (1u32 << 24) as f32
}

const GRADIENTS: [(f32, f32); 16] = [
    (1.0, 0.0),
    (0.924, 0.383),
    (0.707, 0.707),
    (0.383, 0.924),
    (0.0, 1.0),
    (-0.383, 0.924),
    (-0.707, 0.707),
    (-0.924, 0.383),
    (-1.0, 0.0),
    (-0.924, -0.383),
    (-0.707, -0.707),
    (-0.383, -0.924),
    (0.0, -1.0),
    (0.383, -0.924),
    (0.707, -0.707),
    (0.924, -0.383),
];

fn corner(ix: i32, iy: i32, fx: f32, fy: f32, seed: u32) -> f32 {
    let (gx, gy) = GRADIENTS[(hash(ix, iy, seed) >> 28) as usize];
    gx * fx + gy * fy
}

/// Gradient noise (Perlin 2002), period-free, about [-1, 1].
pub(crate) fn gradient(x: f32, y: f32, seed: u32) -> f32 {
    let (bx, by) = (x.floor(), y.floor());
    let (fx, fy) = (x - bx, y - by);
    let (ix, iy) = (bx as i32, by as i32);
    let sx = fx * fx * fx * (fx * (fx * 6.0 - 15.0) + 10.0);
    let sy = fy * fy * fy * (fy * (fy * 6.0 - 15.0) + 10.0);
    let near = lerp_corner(
        corner(ix, iy, fx, fy, seed),
        corner(ix.wrapping_add(1), iy, fx - 1.0, fy, seed),
        sx,
    );
    let far = lerp_corner(
        corner(ix, iy.wrapping_add(1), fx, fy - 1.0, seed),
        corner(
            ix.wrapping_add(1),
            iy.wrapping_add(1),
            fx - 1.0,
            fy - 1.0,
            seed,
        ),
        sx,
    );
    1.5 * lerp_corner(near, far, sy)
}

fn lerp_corner(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// Sums octaves of `shape(noise)`; a fractional octave count fades the last octave in, so detail
/// can end exactly where a pixel can no longer hold it.
fn octaves(x: f32, y: f32, count: f32, seed: u32, shape: impl Fn(f32) -> f32) -> f32 {
    let (mut sum, mut weight, mut total, mut frequency) = (0.0, 1.0, 0.0, 1.0);
    let mut left = count.clamp(0.0, 9.0);
    let mut octave = 0;
    while left > 0.0 {
        let n = gradient(
            x * frequency,
            y * frequency,
            seed.wrapping_add(octave * 0x9E37),
        );
        sum += shape(n) * weight * left.min(1.0);
        total += weight;
        weight *= 0.5;
        frequency *= 2.03;
        left -= 1.0;
        octave += 1;
    }
    sum / f32::max(total, 1.0)
}

/// Fractal sum of gradient noise, about [-1, 1].
pub(crate) fn fbm(x: f32, y: f32, count: f32, seed: u32) -> f32 {
    octaves(x, y, count, seed, |n| n) * 1.3
}

/// Fractal sum of rounded puffs with creases between, about [-0.8, 1]: the shape of cumulus.
pub(crate) fn billow(x: f32, y: f32, count: f32, seed: u32) -> f32 {
    octaves(x, y, count, seed, |n| 2.8 * n.abs() - 0.8)
}

/// Ridged multifractal (Musgrave 1994), about [0, 1]: sharp crests, detail gathering on them.
pub(crate) fn ridged(x: f32, y: f32, count: f32, seed: u32) -> f32 {
    let (mut sum, mut gain, mut amplitude, mut frequency) = (0.0, 1.0, 0.5, 1.0);
    let mut left = count;
    let mut octave = 0;
    while left > 0.0 {
        let n = gradient(
            x * frequency,
            y * frequency,
            seed.wrapping_add(octave * 0x51ED),
        );
        let crest = (1.0 - n.abs()).max(0.0);
        let crest = crest * crest * gain;
        sum += crest * amplitude * left.min(1.0);
        gain = (crest * 1.6).clamp(0.0, 1.0);
        amplitude *= 0.5;
        frequency *= 2.1;
        left -= 1.0;
        octave += 1;
    }
    sum
}

/// The cell of a jittered grid (Worley 1996) that a point lies in.
pub(crate) struct Cell {
    /// Hash of the cell.
    pub(crate) id: u32,
    /// Distance to the border with the next cell, 0 on it, about 0.5 in the middle.
    pub(crate) edge: f32,
}

/// Finds the Worley cell at a point.
pub(crate) fn cell(x: f32, y: f32, seed: u32) -> Cell {
    let (bx, by) = (x.floor() as i32, y.floor() as i32);
    let (mut first, mut second, mut id) = (f32::MAX, f32::MAX, 0);
    for dy in -1..=1 {
        for dx in -1..=1 {
            let (cx, cy) = (bx.wrapping_add(dx), by.wrapping_add(dy));
            let h = hash(cx, cy, seed);
            let px = cx as f32 + (h & 0xffff) as f32 / 65536.0 - x;
            let py = cy as f32 + (h >> 16) as f32 / 65536.0 - y;
            let distance = px * px + py * py;
            if distance < first {
                (second, first, id) = (first, distance, h);
            } else if distance < second {
                second = distance;
            }
        }
    }
    Cell {
        id,
        edge: second.sqrt() - first.sqrt(),
    }
}

/// How many octaves of a field with the first wavelength `wavelength` a footprint can hold.
pub(crate) fn octaves_for(wavelength: f32, footprint: f32) -> f32 {
    (wavelength / (2.0 * footprint.max(1e-6))).log2().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_stays_near_the_unit_range_and_is_not_flat() {
        let values: Vec<f32> = (0..4000)
            .map(|i| fbm(i as f32 * 0.137, i as f32 * 0.071, 5.0, 9))
            .collect();
        let low = values.iter().copied().fold(f32::MAX, f32::min);
        let high = values.iter().copied().fold(f32::MIN, f32::max);
        assert!(low > -1.6 && low < -0.3 && high < 1.6 && high > 0.3);
    }

    #[test]
    fn stream_repeats_for_a_seed_and_differs_between_seeds() {
        let words = |seed| Stream::new(seed).word();
        assert_eq!(words(3), words(3));
        assert_ne!(words(3), words(4));
    }

    #[test]
    fn octaves_end_where_the_pixel_is_wider_than_the_wave() {
        assert_eq!(octaves_for(1.0, 1.0), 0.0);
        assert_eq!(octaves_for(8.0, 1.0), 2.0);
    }
}
