//! The loss scale of training in f16.

use std::collections::BTreeMap;

/// A loss is multiplied by it before its backward pass, so that small gradients do not vanish in 16
/// bits; the optimiser divides by it again. It doubles after 2000 steps in a row whose gradients were
/// finite, and halves when one was not: that step moves nothing.
///
/// Source: Micikevicius et al. 2018 (<https://arxiv.org/abs/1710.03740>), section 3.2;
/// `torch.amp.GradScaler`'s defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossScale {
    factor: f64,
    good_steps: u64,
    skipped: u64,
}

const START: f64 = 65536.0;
const GROWTH_INTERVAL: u64 = 2000;
/// Gradients that overflow even at this scale do so for another reason.
const LEAST: f64 = 1.0 / 65536.0;

impl Default for LossScale {
    fn default() -> Self {
        Self {
            factor: START,
            good_steps: 0,
            skipped: 0,
        }
    }
}

impl LossScale {
    /// What a loss is multiplied by.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Steps that moved nothing so far.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Takes note of a step.
    pub fn observe(&mut self, skipped: bool) {
        if skipped {
            self.factor = (self.factor / 2.0).max(LEAST);
            self.good_steps = 0;
            self.skipped += 1;
            return;
        }
        self.good_steps += 1;
        if self.good_steps == GROWTH_INTERVAL {
            self.factor *= 2.0;
            self.good_steps = 0;
        }
    }

    /// Whether gradients overflow at every scale: the run cannot go on.
    pub fn is_exhausted(&self) -> bool {
        self.factor <= LEAST
    }

    /// Adds its state to a checkpoint's counters, under `name`.
    pub fn save(&self, name: &str, counters: &mut BTreeMap<String, u64>) {
        for (key, value) in self.parts() {
            counters.insert(format!("{name}_{key}"), value);
        }
    }

    /// What [`save`](Self::save) added; a fresh one where there is none, as in the checkpoint of a run
    /// that was in another precision.
    pub fn load(name: &str, counters: &BTreeMap<String, u64>) -> Self {
        let part = |key: &str| counters.get(&format!("{name}_{key}")).copied();
        let found = || {
            Some(Self {
                factor: f64::from_bits(part("loss_scale_bits")?),
                good_steps: part("good_steps")?,
                skipped: part("skipped_steps")?,
            })
        };
        let found = found().filter(|found| found.factor.is_finite() && found.factor > 0.0);
        found.unwrap_or_default()
    }

    /// A power of two is exact in every number format, but only bits are in this one.
    fn parts(&self) -> [(&'static str, u64); 3] {
        [
            ("loss_scale_bits", self.factor.to_bits()),
            ("good_steps", self.good_steps),
            ("skipped_steps", self.skipped),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overflow_halves_and_two_thousand_good_steps_double() {
        let mut scale = LossScale::default();
        scale.observe(true);
        assert_eq!((scale.factor(), scale.skipped()), (32768.0, 1));
        (0..1999).for_each(|_| scale.observe(false));
        assert_eq!(scale.factor(), 32768.0);
        scale.observe(false);
        assert_eq!(scale.factor(), 65536.0);
        // An overflow in between counts anew.
        (0..1999).for_each(|_| scale.observe(false));
        scale.observe(true);
        (0..1999).for_each(|_| scale.observe(false));
        assert_eq!(scale.factor(), 32768.0);
    }

    #[test]
    fn overflows_without_end_are_noticed() {
        let mut scale = LossScale::default();
        (0..31).for_each(|_| scale.observe(true));
        assert!(!scale.is_exhausted());
        scale.observe(true);
        assert!(scale.is_exhausted());
    }

    #[test]
    fn a_checkpoint_keeps_it_exactly() {
        let mut scale = LossScale::default();
        (0..20).for_each(|step| scale.observe(step % 3 == 0));
        let mut counters = BTreeMap::new();
        scale.save("generator", &mut counters);
        assert_eq!(LossScale::load("generator", &counters), scale);
        assert_eq!(LossScale::load("encoder", &counters), LossScale::default());
    }
}
