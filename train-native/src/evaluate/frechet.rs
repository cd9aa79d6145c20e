//! The Fréchet distance between two sets of features, in f64.

use nalgebra::{Cholesky, DMatrix, DVector, SymmetricEigen};

use super::EvaluateError;

/// Rows that are turned to f64 at a time.
const CHUNK_ROWS: usize = 512;

/// Mean and covariance of a set of features.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureStatistics {
    count: usize,
    mean: DVector<f64>,
    covariance: DMatrix<f64>,
    /// Where there are no more rows than dimensions, the rows without their mean, one a column: the
    /// covariance is singular then, and they are its small factor.
    centred: Option<DMatrix<f64>>,
}

impl FeatureStatistics {
    /// The statistics of `features`; the covariance is the sample's (divided by `count - 1`), as
    /// `numpy.cov`'s.
    ///
    /// # Shapes
    ///
    /// `features`: `[count, dimensions]`, flattened.
    ///
    /// # Errors
    ///
    /// [`EvaluateError::TooFew`] below two rows, [`EvaluateError::NotFinite`].
    ///
    /// # Panics
    ///
    /// If `features` does not consist of whole rows.
    pub fn new(features: &[f32], dimensions: usize) -> Result<Self, EvaluateError> {
        assert!(
            dimensions > 0 && features.len().is_multiple_of(dimensions),
            "expected whole rows of {dimensions} features"
        );
        let count = features.len() / dimensions;
        if count < 2 {
            return Err(EvaluateError::TooFew {
                metric: "the FID",
                found: count,
            });
        }
        if features.iter().any(|feature| !feature.is_finite()) {
            return Err(EvaluateError::NotFinite);
        }
        let mean = mean(features, dimensions);
        let mut covariance = DMatrix::zeros(dimensions, dimensions);
        for rows in features.chunks(CHUNK_ROWS * dimensions) {
            let centred = centred(rows, &mean);
            covariance.gemm(1.0, &centred, &centred.transpose(), 1.0);
        }
        covariance /= (count - 1) as f64;
        let centred = (count <= dimensions).then(|| centred(features, &mean));
        Ok(Self {
            count,
            mean,
            covariance,
            centred,
        })
    }

    /// Some `f` with `f f^T` equal to the covariance.
    fn factor(&self) -> Option<DMatrix<f64>> {
        if let Some(centred) = &self.centred {
            return Some(centred / ((self.count - 1) as f64).sqrt());
        }
        if let Some(cholesky) = Cholesky::new(self.covariance.clone()) {
            return Some(cholesky.unpack());
        }
        // Singular in spite of many rows, if only because a feature is constant. LAPACK's limit of
        // iterations; what converges needs about two an eigenvalue.
        let iterations = 30 * self.mean.len();
        let eigen = SymmetricEigen::try_new(self.covariance.clone(), f64::EPSILON, iterations)?;
        let mut factor = eigen.eigenvectors;
        for (mut column, &eigenvalue) in factor.column_iter_mut().zip(&eigen.eigenvalues) {
            column *= root(eigenvalue);
        }
        Some(factor)
    }

    /// Number of rows that these are the statistics of.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The mean, `[dimensions]`.
    pub fn mean(&self) -> &[f64] {
        self.mean.as_slice()
    }

    /// The covariance, `[dimensions, dimensions]`, flattened.
    pub fn covariance(&self) -> &[f64] {
        self.covariance.as_slice()
    }
}

fn mean(features: &[f32], dimensions: usize) -> DVector<f64> {
    let mut sum = DVector::zeros(dimensions);
    for row in features.chunks_exact(dimensions) {
        for (sum, &feature) in sum.iter_mut().zip(row) {
            *sum += f64::from(feature);
        }
    }
    sum / (features.len() / dimensions) as f64
}

/// Rows without their mean, one a column: rows of features lie in memory as nalgebra's columns do.
fn centred(rows: &[f32], mean: &DVector<f64>) -> DMatrix<f64> {
    let (dimensions, count) = (mean.len(), rows.len() / mean.len());
    let values = rows.iter().map(|&feature| f64::from(feature));
    let mut centred = DMatrix::from_iterator(dimensions, count, values);
    for mut row in centred.column_iter_mut() {
        row -= mean;
    }
    centred
}

/// The squared Fréchet distance of two normal distributions, which is what everybody calls FID:
/// `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`.
///
/// With no more rows than dimensions the covariances are singular; the distance is defined all the
/// same. Rounding never makes it negative here.
///
/// Source: Heusel et al. 2017 (<https://arxiv.org/abs/1706.08500>), equation 6; spec 4.8. pytorch-fid
/// takes the root of the unsymmetric product of the covariances and adds 1e-6 to their diagonals where
/// that fails; the similar symmetric product has the same trace of its root, and always has it.
///
/// # Errors
///
/// [`EvaluateError::NoRoot`] if eigenvalues do not converge.
///
/// # Panics
///
/// If the two have different dimensions.
pub fn frechet_distance(
    a: &FeatureStatistics,
    b: &FeatureStatistics,
) -> Result<f64, EvaluateError> {
    assert_eq!(
        a.mean.len(),
        b.mean.len(),
        "features of different dimensions"
    );
    let root = trace_of_root(a, b).ok_or(EvaluateError::NoRoot)?;
    let shift = (&a.mean - &b.mean).norm_squared();
    let distance = shift + a.covariance.trace() + b.covariance.trace() - 2.0 * root;
    Ok(distance.max(0.0))
}

/// `tr((C1 C2)^(1/2))`. With `C1 = f f^T`, the product has the eigenvalues of the symmetric
/// `f^T C2 f`, besides zeros.
fn trace_of_root(a: &FeatureStatistics, b: &FeatureStatistics) -> Option<f64> {
    // The side with fewer rows may have the smaller factor.
    let (few, many) = if a.count <= b.count { (a, b) } else { (b, a) };
    let factor = few.factor()?;
    let similar = factor.tr_mul(&(&many.covariance * &factor));
    let eigenvalues = similar.symmetric_eigenvalues();
    let trace: f64 = eigenvalues.iter().map(|&eigenvalue| root(eigenvalue)).sum();
    trace.is_finite().then_some(trace)
}

/// Of an eigenvalue that only rounding can have made negative.
fn root(eigenvalue: f64) -> f64 {
    eigenvalue.max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    const DIMENSIONS: usize = 6;

    /// Rows of sums of uniform numbers, the later dimensions narrower.
    fn features(seed: u64, count: usize) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut unit = || f64::from(rng.next_u32()) / f64::from(u32::MAX);
        let mut feature = |index: usize| {
            let sum: f64 = (0..4).map(|_| unit() - 0.5).sum();
            (sum / (1 + index % DIMENSIONS) as f64) as f32
        };
        (0..count * DIMENSIONS).map(&mut feature).collect()
    }

    fn statistics(features: &[f32]) -> FeatureStatistics {
        FeatureStatistics::new(features, DIMENSIONS).expect("enough rows")
    }

    fn distance(a: &[f32], b: &[f32]) -> f64 {
        frechet_distance(&statistics(a), &statistics(b)).expect("a root")
    }

    #[test]
    fn mean_and_covariance_are_those_of_the_sample() {
        // numpy: m = [[1, 2], [3, 6], [5, 1]]; m.mean(0) == [3, 3]; np.cov(m, rowvar=False)
        let found = FeatureStatistics::new(&[1.0, 2.0, 3.0, 6.0, 5.0, 1.0], 2).expect("three rows");
        assert_eq!((found.count(), found.mean()), (3, &[3.0, 3.0][..]));
        assert_eq!(found.covariance(), [4.0, -1.0, -1.0, 7.0]);
    }

    #[test]
    fn statistics_do_not_depend_on_how_rows_fall_into_chunks() {
        let count = 2 * CHUNK_ROWS + 3;
        let all = features(1, count);
        let found = statistics(&all);
        let mean = mean(&all, DIMENSIONS);
        let (row, column) = (1, 4);
        let product = |picture: &[f32]| {
            (f64::from(picture[row]) - mean[row]) * (f64::from(picture[column]) - mean[column])
        };
        let expected: f64 = all.chunks(DIMENSIONS).map(product).sum();
        let expected = expected / (count - 1) as f64;
        assert!((found.covariance()[row * DIMENSIONS + column] - expected).abs() < 1e-14);
    }

    #[test]
    fn a_shift_counts_squared_and_nothing_else_does() {
        let a = features(2, 50);
        let shifted: Vec<f32> = a.iter().map(|x| x + 0.5).collect();
        let expected = 0.25 * DIMENSIONS as f64;
        assert!((distance(&a, &shifted) - expected).abs() < 1e-5);
    }

    #[test]
    fn twice_as_wide_costs_the_trace_of_the_covariance() {
        // (2C^(1/2) - C^(1/2))^2 has the trace of C.
        let a = features(3, 50);
        let wide: Vec<f32> = a.iter().map(|x| 2.0 * x).collect();
        let of_a = statistics(&a);
        let shift: f64 = of_a.mean().iter().map(|m| m * m).sum();
        let expected = of_a.covariance.trace() + shift;
        assert!((distance(&a, &wide) - expected).abs() < 1e-6);
    }

    #[test]
    fn a_single_row_and_numbers_that_are_none_are_refused() {
        let error = FeatureStatistics::new(&[1.0; DIMENSIONS], DIMENSIONS).unwrap_err();
        assert_eq!(
            error,
            EvaluateError::TooFew {
                metric: "the FID",
                found: 1
            }
        );
        let mut broken = features(4, 5);
        broken[7] = f32::NAN;
        let error = FeatureStatistics::new(&broken, DIMENSIONS).unwrap_err();
        assert_eq!(error, EvaluateError::NotFinite);
    }

    #[test]
    fn a_constant_feature_among_many_rows_changes_nothing() {
        let (a, b) = (features(5, 40), features(6, 40));
        let with_constant = |features: &[f32]| {
            let rows = features.chunks(DIMENSIONS);
            let wider = rows.flat_map(|row| [row, &[3.0]].concat());
            let wider: Vec<f32> = wider.collect();
            FeatureStatistics::new(&wider, DIMENSIONS + 1).expect("enough rows")
        };
        let found = frechet_distance(&with_constant(&a), &with_constant(&b)).expect("a root");
        assert!((found - distance(&a, &b)).abs() < 1e-9, "{found}");
    }

    proptest! {
        /// Three rows have a covariance of rank 2.
        #[test]
        fn distances_are_symmetric_and_zero_between_equals(
            seeds in any::<(u64, u64)>(),
            counts in (3..40usize, 3..40usize),
        ) {
            let (a, b) = (features(seeds.0, counts.0), features(seeds.1, counts.1));
            prop_assert!(distance(&a, &a) < 1e-6);
            prop_assert!((distance(&a, &b) - distance(&b, &a)).abs() < 1e-6);
        }
    }
}
