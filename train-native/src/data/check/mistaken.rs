//! Instance maps in the place of label maps: nothing but their ids tells them apart.

use std::path::Path;

use super::report::CheckReport;
use super::statistics::LabelStatistics;

/// From this id on, Cityscapes and all who follow it number instances: class * 1000 + number.
const FIRST_INSTANCE: u16 = 1000;
/// More ids than a list of classes has that people train on in one go.
const MOST_CLASSES: usize = 512;
/// The largest id of a map of eight bits.
const LARGEST_BYTE: u16 = 255;

/// Adds to the report where maps look like instance maps and nobody has said that there are as many classes.
pub(super) fn find_instance_maps(
    report: &mut CheckReport,
    folder: &Path,
    num_classes: Option<usize>,
) {
    let Some(labels) = &report.labels else { return };
    if num_classes.is_some_and(|classes| classes > usize::from(labels.max_id)) {
        return;
    }
    let place = folder.display();
    let wide = wide_maps(labels);
    if let Some(found) = telling_ids(labels) {
        let message = format!(
            "{place}: expected label maps, found {found}, as instance maps have. Label maps hold one id for every class \
             (Cityscapes: _labelIds); --instances DIR takes instance maps. Where these are classes, --label-nc {} says \
             so",
            labels.suggested_num_classes
        );
        report.error_about(folder, message);
    } else if wide > 0 && num_classes.is_none() {
        let message = format!(
            "{place}: {wide} maps have 16 bits for ids up to {}, as instance maps do: are they label maps?",
            labels.max_id
        );
        report.warn(folder, message);
    }
}

fn wide_maps(labels: &LabelStatistics) -> usize {
    let wide = labels
        .kinds
        .iter()
        .filter(|(kind, _)| kind.starts_with("16-bit"));
    wide.map(|(_, count)| count).sum()
}

/// What no ids of classes are, in words.
fn telling_ids(labels: &LabelStatistics) -> Option<String> {
    let different = labels.histogram.len();
    if labels.max_id >= FIRST_INSTANCE {
        return Some(format!("ids up to {}", labels.max_id));
    }
    if different > MOST_CLASSES {
        return Some(format!("{different} different ids"));
    }
    (wide_maps(labels) > 0 && labels.max_id > LARGEST_BYTE)
        .then(|| format!("16 bits and ids up to {}", labels.max_id))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::check::Severity;

    fn report(kind: &str, ids: &[u16], num_classes: Option<usize>) -> CheckReport {
        let kinds = BTreeMap::from([(kind.to_owned(), 3)]);
        let histogram = ids.iter().map(|id| (*id, 9)).collect();
        let mut report = CheckReport::new(Vec::new());
        report.labels = LabelStatistics::new(kinds, histogram, num_classes, false);
        find_instance_maps(&mut report, Path::new("train_label"), num_classes);
        report
    }

    #[test]
    fn ids_of_instances_are_errors_unless_there_are_as_many_classes() {
        let many: Vec<u16> = (0..600).collect();
        for (kind, ids) in [
            ("16-bit gray", &[7, 11, 26_001][..]),
            ("signed or 32-bit integers", &[0, 1000]),
            ("16-bit gray", &[0, 1, 300]),
            ("signed or 32-bit integers", &many),
        ] {
            for num_classes in [None, Some(35)] {
                let found = report(kind, ids, num_classes);
                assert_eq!(found.count(Severity::Error), 1, "{found}");
                let text = found.to_string();
                for part in ["train_label", "instance maps", "--instances"] {
                    assert!(text.contains(part), "{part} missing in {text}");
                }
            }
            let enough = usize::from(ids[ids.len() - 1]) + 1;
            assert!(report(kind, ids, Some(enough)).findings.is_empty());
        }
    }

    #[test]
    fn label_maps_are_left_alone_and_16_bits_are_noticed() {
        assert!(report("8-bit gray", &[0, 7, 255], None).findings.is_empty());
        let wide = report("16-bit gray", &[0, 7, 34], None);
        assert!(wide.is_ok() && wide.count(Severity::Warning) == 1, "{wide}");
        assert!(
            report("16-bit gray", &[0, 7, 34], Some(35))
                .findings
                .is_empty()
        );
    }
}
