//! When a run grows its networks, and how fast a new scale fades in.

use serde::{Deserialize, Serialize};

use super::config::MAX_SCALES;
use crate::{Error, Result};

/// The schedule of scales.
///
/// Source: spec 5.5 (`maxIterAtScale`, `alphaNJumps`, `alphaSizeJumps` with the linear mode).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Growth {
    /// Scale that the run begins at: 0, or that of the weights that it continues from.
    pub first_scale: usize,
    /// Iterations at each scale, 4×4 first (`maxIterAtScale`). The last scale goes on for as long as
    /// the run does.
    pub iterations: Vec<u64>,
    /// Number of steps in which alpha falls from 1 to 0 at each scale (`alphaNJumps`); 0 for none.
    pub alpha_jumps: Vec<u64>,
    /// Iterations between two of them (`alphaSizeJumps`).
    pub alpha_jump_sizes: Vec<u64>,
}

impl Default for Growth {
    fn default() -> Self {
        let mut iterations = vec![96_000; MAX_SCALES];
        (iterations[0], iterations[MAX_SCALES - 1]) = (48_000, 200_000);
        let mut alpha_jumps = vec![600; MAX_SCALES];
        alpha_jumps[0] = 0;
        Self {
            first_scale: 0,
            iterations,
            alpha_jumps,
            alpha_jump_sizes: vec![32; MAX_SCALES],
        }
    }
}

/// Where in its growth a run stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// Index of the finest scale; the pictures have a side of `4 << scale`.
    pub scale: usize,
    /// Iterations done at this scale.
    pub iteration: u64,
    /// Share of the scale before, from 1 down to 0.
    pub alpha: f64,
}

impl Growth {
    /// Checks that there is an entry for each of `num_scales` scales.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field.
    pub fn validate(&self, num_scales: usize) -> Result<()> {
        let lists = [
            ("iterations", &self.iterations),
            ("alpha_jumps", &self.alpha_jumps),
            ("alpha_jump_sizes", &self.alpha_jump_sizes),
        ];
        if self.first_scale >= num_scales {
            return Err(Error::Config {
                field: "first_scale",
                message: format!(
                    "expected one of {num_scales} scales, found {}",
                    self.first_scale
                ),
            });
        }
        for (field, list) in lists {
            if list.len() < num_scales {
                return Err(Error::Config {
                    field,
                    message: format!("expected {num_scales} scales, found {list:?}"),
                });
            }
        }
        if self.iterations[..num_scales].contains(&0) {
            return Err(Error::Config {
                field: "iterations",
                message: format!("expected at least 1 each, found {:?}", self.iterations),
            });
        }
        Ok(())
    }

    /// Alpha after `iteration` iterations at a scale: `max(0, 1 - jumps done / all jumps)`, exactly 0
    /// at the end (spec B-28).
    pub fn alpha(&self, scale: usize, iteration: u64) -> f64 {
        let jumps = self.alpha_jumps.get(scale).copied().unwrap_or(0);
        let size = self.alpha_jump_sizes.get(scale).copied().unwrap_or(0);
        // Jumps of no length are all over at once.
        match iteration.checked_div(size) {
            Some(done) if done < jumps => 1.0 - done as f64 / jumps as f64,
            _ => 0.0,
        }
    }

    /// The stage of step `step`, counted from 1, in a run of networks with at most `num_scales`
    /// scales.
    pub fn at(&self, step: u64, num_scales: usize) -> Stage {
        let mut iteration = step.saturating_sub(1);
        let mut scale = self.first_scale;
        while scale + 1 < num_scales && iteration >= self.iterations[scale] {
            iteration -= self.iterations[scale];
            scale += 1;
        }
        Stage {
            scale,
            iteration,
            alpha: self.alpha(scale, iteration),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_is_that_of_spec_9_3() {
        let growth = Growth::default();
        let alpha = |iteration| growth.alpha(1, iteration);
        assert_eq!(alpha(0), 1.0);
        assert_eq!(alpha(31), 1.0);
        assert!((alpha(32) - 0.99833).abs() < 1e-5);
        assert!((alpha(19_168) - 0.00167).abs() < 1e-5);
        assert_eq!(alpha(19_200), 0.0);
        assert_eq!(growth.alpha(0, 0), 0.0);
    }

    #[test]
    fn alpha_ends_at_exactly_zero_for_every_number_of_jumps() {
        for jumps in 1..500 {
            let growth = Growth {
                alpha_jumps: vec![jumps],
                alpha_jump_sizes: vec![1],
                ..Growth::default()
            };
            assert!(growth.alpha(0, jumps - 1) > 0.0);
            assert_eq!(growth.alpha(0, jumps), 0.0);
        }
    }

    fn stage(scale: usize, iteration: u64, alpha: f64) -> Stage {
        Stage {
            scale,
            iteration,
            alpha,
        }
    }

    #[test]
    fn scales_change_after_their_iterations_and_the_last_one_stays() {
        let growth = Growth {
            first_scale: 0,
            iterations: vec![2, 3, 1],
            alpha_jumps: vec![0, 2, 2],
            alpha_jump_sizes: vec![1, 1, 1],
        };
        let found: Vec<(usize, u64, f64)> = (1..=8)
            .map(|step| growth.at(step, 3))
            .map(|stage| (stage.scale, stage.iteration, stage.alpha))
            .collect();
        let expected = [
            (0, 0, 0.0),
            (0, 1, 0.0),
            (1, 0, 1.0),
            (1, 1, 0.5),
            (1, 2, 0.0),
            (2, 0, 1.0),
            (2, 1, 0.5),
            (2, 2, 0.0),
        ];
        assert_eq!(found, expected);
        assert_eq!(growth.at(8, 2).scale, 1);
        let continued = Growth {
            first_scale: 1,
            ..growth
        };
        assert_eq!(continued.at(1, 3), stage(1, 0, 1.0));
        assert_eq!(continued.at(5, 3), stage(2, 1, 0.5));
    }

    #[test]
    fn a_schedule_too_short_for_the_network_is_refused() {
        let growth = Growth {
            alpha_jumps: vec![0, 600],
            ..Growth::default()
        };
        assert!(growth.validate(2).is_ok());
        let error = growth.validate(3).unwrap_err().to_string();
        assert!(error.starts_with("alpha_jumps: expected 3"), "{error}");
    }
}
