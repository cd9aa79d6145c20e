//! Weights that a fixture gives by a formula, because their file would be large.

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;
use underpaint_core::state_dict::{StateDict, StateTensor};
use underpaint_tests::Fixture;

/// The columns of the table that the formula is evaluated from; the text of the key varies.
const COLUMNS: [&str; 5] = ["t", "key", "shape", "bound", "centre"];

/// The state dict that the table `formula_tensors` describes, under the keys written there.
///
/// Element `i` of tensor `t` is `centre + bound * (2 u - 1)`, rounded once to f32, where `u` in [0, 1)
/// is the upper 53 bits of splitmix64's output for the counter `(t << 40) + i`.
pub fn formula_weights(fixture: &Fixture) -> Result<StateDict> {
    check_columns(fixture)?;
    let rows = fixture.entry("formula_tensors").as_array();
    let rows = rows.context("meta.json: no formula_tensors")?;
    let mut dict = StateDict::new();
    for row in rows {
        let (key, tensor) = formula_tensor(row).with_context(|| format!("formula: {row}"))?;
        if dict.insert(key.clone(), tensor).is_some() {
            bail!("formula: {key} is there twice");
        }
    }
    Ok(dict)
}

/// The formula is a text for people; this says that its table is the one that was read then.
fn check_columns(fixture: &Fixture) -> Result<()> {
    let formula = fixture.text("formula")?;
    ensure!(
        formula.starts_with("weight(t, i)") && formula.contains("x = (t << 40) + i"),
        "the formula {formula:?} is not known to this harness"
    );
    let columns = fixture.entry("formula_tensors_columns").as_array();
    let columns = columns.context("meta.json: no formula_tensors_columns")?;
    let known = columns.len() == COLUMNS.len()
        && columns.iter().zip(COLUMNS).all(|(found, expected)| {
            let found = found.as_str().unwrap_or_default();
            found == expected || (expected == "key" && found.contains(expected))
        });
    ensure!(known, "columns {columns:?} are not known to this harness");
    Ok(())
}

fn formula_tensor(row: &Value) -> Result<(String, StateTensor)> {
    let number = |index: usize| {
        row[index]
            .as_f64()
            .ok_or_else(|| anyhow!("column {}: expected a number", COLUMNS[index]))
    };
    let tensor = row[0].as_u64().context("column t: expected a count")?;
    let key = row[1].as_str().context("column key: expected a text")?;
    let shape = row[2].as_array().context("column shape: expected a list")?;
    let shape = shape
        .iter()
        .map(|size| size.as_u64().map(|size| size as usize).context("a size"))
        .collect::<Result<Vec<usize>>>()?;
    let (bound, centre) = (number(3)?, number(4)?);
    let count = shape.iter().product::<usize>() as u64;
    let value = |i| (centre + bound * (2.0 * unit_interval((tensor << 40) + i) - 1.0)) as f32;
    let values = (0..count).map(value).collect();
    Ok((key.to_owned(), StateTensor { shape, values }))
}

/// The upper 53 bits of splitmix64 (Steele, Lea and Flood 2014) at `counter`, as a fraction.
fn unit_interval(counter: u64) -> f64 {
    let x = counter.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let x = x ^ (x >> 31);
    (x >> 11) as f64 * 2.0_f64.powi(-53)
}
