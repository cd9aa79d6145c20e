//! Four numbers at once: fixed-width SIMD of WebAssembly, with its relaxed multiply-add where the
//! module is built for it, and plain arrays elsewhere, which the compiler turns into vectors itself.
//!
//! Loads and stores go through `[f32; 4]` number by number: the compiler makes one instruction of
//! them, and nothing here is `unsafe`.

/// Four numbers in memory.
pub type Quad = [f32; 4];

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod body {
    use super::Quad;
    use core::arch::wasm32 as simd;

    /// Four numbers in a register.
    #[derive(Debug, Clone, Copy)]
    pub struct F32x4(simd::v128);

    impl F32x4 {
        /// The same number four times.
        #[inline(always)]
        pub fn splat(number: f32) -> Self {
            Self(simd::f32x4_splat(number))
        }

        /// From memory.
        #[inline(always)]
        pub fn load(quad: &Quad) -> Self {
            Self(simd::f32x4(quad[0], quad[1], quad[2], quad[3]))
        }

        /// Into memory.
        #[inline(always)]
        pub fn store(self, quad: &mut Quad) {
            *quad = [
                simd::f32x4_extract_lane::<0>(self.0),
                simd::f32x4_extract_lane::<1>(self.0),
                simd::f32x4_extract_lane::<2>(self.0),
                simd::f32x4_extract_lane::<3>(self.0),
            ];
        }

        /// Sum.
        #[inline(always)]
        pub fn plus(self, other: Self) -> Self {
            Self(simd::f32x4_add(self.0, other.0))
        }

        /// Difference.
        #[inline(always)]
        pub fn minus(self, other: Self) -> Self {
            Self(simd::f32x4_sub(self.0, other.0))
        }

        /// Product.
        #[inline(always)]
        pub fn times(self, other: Self) -> Self {
            Self(simd::f32x4_mul(self.0, other.0))
        }

        /// Quotient.
        #[inline(always)]
        pub fn over(self, other: Self) -> Self {
            Self(simd::f32x4_div(self.0, other.0))
        }

        /// The larger of each pair.
        #[inline(always)]
        pub fn max(self, other: Self) -> Self {
            Self(simd::f32x4_pmax(self.0, other.0))
        }

        /// The smaller of each pair.
        #[inline(always)]
        pub fn min(self, other: Self) -> Self {
            Self(simd::f32x4_pmin(self.0, other.0))
        }

        /// The sum of each of four registers.
        #[inline(always)]
        pub fn sums([a, b, c, d]: [Self; 4]) -> Self {
            let halves = |a: Self, b: Self| {
                let low = simd::i32x4_shuffle::<0, 4, 1, 5>(a.0, b.0);
                let high = simd::i32x4_shuffle::<2, 6, 3, 7>(a.0, b.0);
                simd::f32x4_add(low, high)
            };
            let (ab, cd) = (halves(a, b), halves(c, d));
            let low = simd::i32x4_shuffle::<0, 1, 4, 5>(ab, cd);
            let high = simd::i32x4_shuffle::<2, 3, 6, 7>(ab, cd);
            Self(simd::f32x4_add(low, high))
        }

        /// `self * factor + summand`, rounded once or twice.
        #[inline(always)]
        pub fn times_plus(self, factor: Self, summand: Self) -> Self {
            #[cfg(target_feature = "relaxed-simd")]
            return Self(simd::f32x4_relaxed_madd(self.0, factor.0, summand.0));
            #[cfg(not(target_feature = "relaxed-simd"))]
            self.times(factor).plus(summand)
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod body {
    use super::Quad;

    /// Four numbers in a register.
    #[derive(Debug, Clone, Copy)]
    pub struct F32x4(Quad);

    impl F32x4 {
        /// The same number four times.
        #[inline(always)]
        pub fn splat(number: f32) -> Self {
            Self([number; 4])
        }

        /// From memory.
        #[inline(always)]
        pub fn load(quad: &Quad) -> Self {
            Self(*quad)
        }

        /// Into memory.
        #[inline(always)]
        pub fn store(self, quad: &mut Quad) {
            *quad = self.0;
        }

        #[inline(always)]
        fn with(self, other: Self, function: impl Fn(f32, f32) -> f32) -> Self {
            Self(std::array::from_fn(|lane| {
                function(self.0[lane], other.0[lane])
            }))
        }

        /// Sum.
        #[inline(always)]
        pub fn plus(self, other: Self) -> Self {
            self.with(other, |a, b| a + b)
        }

        /// Difference.
        #[inline(always)]
        pub fn minus(self, other: Self) -> Self {
            self.with(other, |a, b| a - b)
        }

        /// Product.
        #[inline(always)]
        pub fn times(self, other: Self) -> Self {
            self.with(other, |a, b| a * b)
        }

        /// Quotient.
        #[inline(always)]
        pub fn over(self, other: Self) -> Self {
            self.with(other, |a, b| a / b)
        }

        /// The larger of each pair.
        #[inline(always)]
        pub fn max(self, other: Self) -> Self {
            self.with(other, |a, b| if a < b { b } else { a })
        }

        /// The smaller of each pair.
        #[inline(always)]
        pub fn min(self, other: Self) -> Self {
            self.with(other, |a, b| if b < a { b } else { a })
        }

        /// The sum of each of four registers.
        #[inline(always)]
        pub fn sums(four: [Self; 4]) -> Self {
            Self(four.map(|Self([a, b, c, d])| (a + c) + (b + d)))
        }

        /// `self * factor + summand`, rounded twice.
        #[inline(always)]
        pub fn times_plus(self, factor: Self, summand: Self) -> Self {
            self.times(factor).plus(summand)
        }
    }
}

pub use body::F32x4;

impl F32x4 {
    /// Zeros.
    #[inline(always)]
    pub fn zero() -> Self {
        Self::splat(0.0)
    }

    /// As an array.
    #[inline(always)]
    pub fn to_array(self) -> Quad {
        let mut quad = [0.0; 4];
        self.store(&mut quad);
        quad
    }

    /// `x` where positive, `slope * x` elsewhere, for a slope in `[0, 1]`.
    #[inline(always)]
    pub fn leaky(self, slope: Self) -> Self {
        self.max(self.times(slope))
    }

    /// Hyperbolic tangent, to 5e-7: the rational function of degree 13 over 6 that Eigen uses, which
    /// has reached 1 at ±7.9.
    #[inline(always)]
    pub fn tanh(self) -> Self {
        const ODD: [f32; 7] = [
            -2.760_768_5e-16,
            2.000_188e-13,
            -8.604_672e-11,
            5.122_297e-8,
            1.485_722_4e-5,
            6.372_619_4e-4,
            4.893_524_6e-3,
        ];
        const EVEN: [f32; 4] = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_7e-3, 4.893_525e-3];
        let x = self
            .max(Self::splat(-7.905_311))
            .min(Self::splat(7.905_311));
        let square = x.times(x);
        let polynomial = |numbers: &[f32]| {
            let sum = |sum: Self, number: &f32| sum.times_plus(square, Self::splat(*number));
            numbers[1..].iter().fold(Self::splat(numbers[0]), sum)
        };
        x.times(polynomial(&ODD)).over(polynomial(&EVEN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tanh_is_as_good_as_single_numbers_are() {
        for step in -100_000..=100_000 {
            let x = step as f32 / 10_000.0;
            let found = f64::from(F32x4::splat(x).tanh().to_array()[0]);
            let expected = f64::from(x).tanh();
            assert!((found - expected).abs() < 5e-7, "tanh({x}) = {found}");
        }
        let big = F32x4::load(&[100.0, -100.0, f32::INFINITY, f32::NEG_INFINITY]);
        for (found, expected) in big
            .tanh()
            .to_array()
            .into_iter()
            .zip([1.0, -1.0, 1.0, -1.0])
        {
            assert!((found - expected).abs() < 5e-7);
        }
    }

    #[test]
    fn sums_are_of_each_register() {
        let four = [
            [1.0, 2.0, 3.0, 4.0],
            [10.0, 20.0, 30.0, 40.0],
            [0.5; 4],
            [-1.0, 1.0, -2.0, 4.0],
        ];
        let sums = F32x4::sums(four.map(|quad| F32x4::load(&quad)));
        assert_eq!(sums.to_array(), [10.0, 100.0, 2.0, 2.0]);
    }

    #[test]
    fn leaky_keeps_what_is_positive() {
        let x = F32x4::load(&[2.0, -2.0, 0.0, -1.0]);
        assert_eq!(
            x.leaky(F32x4::splat(0.25)).to_array(),
            [2.0, -0.5, 0.0, -0.25]
        );
        assert_eq!(x.leaky(F32x4::zero()).to_array(), [2.0, 0.0, 0.0, 0.0]);
    }
}
