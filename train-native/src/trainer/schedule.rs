//! Learning rates by epoch.

use serde::{Deserialize, Serialize};

/// How the learning rate falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LrPolicy {
    /// Constant for `n_epochs`, then linearly to zero over `n_epochs_decay`.
    #[default]
    Linear,
    /// A tenth every `lr_decay_iters` epochs.
    Step,
    /// A fifth when the validation metric has not improved for five epochs.
    Plateau,
    /// Half a cosine from the full rate to zero over `n_epochs`, zero from then on.
    Cosine,
    /// Never.
    Constant,
}

/// A learning-rate schedule.
///
/// Source: pix2pix `get_scheduler`, stepped at the start of every epoch (spec 2.4, B-22, B-27).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Rate of the first epoch.
    pub learning_rate: f64,
    /// How it falls.
    pub policy: LrPolicy,
    /// Epochs at the full rate (linear), or to the bottom (cosine).
    pub n_epochs: u64,
    /// Epochs of the linear decay.
    pub n_epochs_decay: u64,
    /// Epochs between the falls of `step`.
    pub lr_decay_iters: u64,
}

/// What `plateau` remembers; part of every checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PlateauState {
    /// Best metric so far; `None` before the first.
    best: Option<f64>,
    /// Epochs since.
    bad_epochs: u64,
    /// How often the rate has fallen.
    falls: u32,
}

impl PlateauState {
    /// Before the first epoch.
    pub const START: Self = Self {
        best: None,
        bad_epochs: 0,
        falls: 0,
    };

    /// Takes the metric of an epoch, lower being better; better means by 1 % of the best.
    ///
    /// Source: PyTorch `ReduceLROnPlateau` with factor 0.2, threshold 0.01 (relative), patience 5.
    pub fn observe(&mut self, metric: f64) {
        if self.best.is_none_or(|best| metric < best * (1.0 - 0.01)) {
            self.best = Some(metric);
            self.bad_epochs = 0;
        } else {
            self.bad_epochs += 1;
        }
        if self.bad_epochs > 5 {
            self.falls += 1;
            self.bad_epochs = 0;
        }
    }
}

impl Schedule {
    /// Learning rate in `epoch`, counted from 1. `plateau` has observed all epochs before it.
    pub fn rate(&self, epoch: u64, plateau: &PlateauState) -> f64 {
        let multiplier = match self.policy {
            LrPolicy::Linear => {
                let late = (epoch + 1).saturating_sub(self.n_epochs) as f64;
                (1.0 - late / (self.n_epochs_decay as f64 + 1.0)).max(0.0)
            }
            LrPolicy::Step => 0.1f64.powf((epoch / self.lr_decay_iters) as f64),
            LrPolicy::Plateau => 0.2f64.powf(f64::from(plateau.falls)),
            LrPolicy::Cosine => {
                let share = epoch.min(self.n_epochs) as f64 / self.n_epochs as f64;
                0.5 * (1.0 + (std::f64::consts::PI * share).cos())
            }
            LrPolicy::Constant => 1.0,
        };
        self.learning_rate * multiplier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(policy: LrPolicy) -> Schedule {
        Schedule {
            learning_rate: 1.0,
            policy,
            n_epochs: 100,
            n_epochs_decay: 100,
            lr_decay_iters: 50,
        }
    }

    #[test]
    fn linear_is_that_of_spec_9_3() {
        let rate = |epoch| schedule(LrPolicy::Linear).rate(epoch, &PlateauState::default());
        assert_eq!(rate(1), 1.0);
        assert_eq!(rate(99), 1.0);
        assert!((rate(100) - 100.0 / 101.0).abs() < 1e-12);
        assert_eq!(rate(200), 0.0);
        assert_eq!(rate(500), 0.0);
    }

    #[test]
    fn cosine_holds_its_floor() {
        let rate = |epoch| schedule(LrPolicy::Cosine).rate(epoch, &PlateauState::default());
        assert!((rate(50) - 0.5).abs() < 1e-12);
        assert!(rate(100) < 1e-12 && rate(150) < 1e-12);
    }

    #[test]
    fn plateau_falls_after_six_epochs_without_progress_and_not_with_it() {
        let mut plateau = PlateauState::default();
        (0..7).for_each(|_| plateau.observe(1.0));
        assert!((schedule(LrPolicy::Plateau).rate(8, &plateau) - 0.2).abs() < 1e-12);
        let mut plateau = PlateauState::default();
        (0..20).for_each(|epoch| plateau.observe(0.9f64.powi(epoch)));
        assert_eq!(schedule(LrPolicy::Plateau).rate(21, &plateau), 1.0);
    }
}
