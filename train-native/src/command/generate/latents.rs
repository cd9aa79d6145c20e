//! Pictures from nothing but a seed.

use std::path::Path;

use anyhow::{Result, bail};
use underpaint_core::bundle::{Inputs, Runner};

use super::{GenerateArgs, Target, run};

/// `--count` pictures, one latent each.
pub(super) fn generate(args: &GenerateArgs, runner: &Runner, output: &Path) -> Result<()> {
    let target = Target::new(output, args.count > 1)?;
    let scale = args.scale.map(scale_of_side).transpose()?;
    for index in 0..args.count {
        let inputs = Inputs {
            latents: args.latents(runner, index)?,
            alpha: args.alpha.unwrap_or(0.0),
            scale,
            ..Inputs::default()
        };
        let name = format!("{index:05}");
        target.write(&name, run(runner, inputs, args.runner.seed, &name)?)?;
    }
    eprintln!("{} pictures in {}", args.count, output.display());
    Ok(())
}

/// Scale 0 makes 4×4, every further one twice that.
pub(in crate::command) fn scale_of_side(side: usize) -> Result<usize> {
    if side < 4 || !side.is_power_of_two() {
        bail!("--scale: expected 4, 8, 16, … pixels, found {side}");
    }
    Ok(side.ilog2() as usize - 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_powers_of_two_from_four() {
        let scales = [4, 8, 128].map(|side| scale_of_side(side).expect("a side"));
        assert_eq!(scales, [0, 1, 5]);
        assert!(
            [0, 1, 2, 12]
                .iter()
                .all(|&side| scale_of_side(side).is_err())
        );
    }
}
