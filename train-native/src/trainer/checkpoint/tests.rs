use super::*;
use underpaint_core::Error;
use underpaint_core::state_dict::{LazyTensor, StateTensor};

fn tensor(value: f32) -> StateTensor {
    StateTensor {
        shape: vec![2],
        values: vec![value, 0.5],
    }
}

/// Two files, so that what is wrong with the second comes when the first is written.
fn state(value: f32) -> Snapshot {
    let dict = |key: &str, value| [(key.to_owned(), LazyTensor::from(tensor(value)))].into();
    Snapshot {
        files: [
            ("discriminator".to_owned(), dict("b.weight", 0.25)),
            ("generator".to_owned(), dict("a.weight", value)),
        ]
        .into(),
        counters: [("generator_adam".to_owned(), 7)].into(),
    }
}

fn at(step: u64) -> Position {
    Position {
        step,
        ..Position::START
    }
}

#[test]
fn a_checkpoint_comes_back_and_only_the_newest_stay() {
    let run = tempfile::tempdir().expect("a folder");
    for step in [5, 10, 15] {
        save(run.path(), &at(step), &state(step as f32), 2).expect("saved");
    }
    let steps: Vec<u64> = list(run.path())
        .expect("listed")
        .into_iter()
        .map(|(step, _)| step)
        .collect();
    assert_eq!(steps, [10, 15]);
    let (position, mut loaded) = load(&latest(run.path()).expect("newest")).expect("loaded");
    assert_eq!(
        (position, &loaded.counters),
        (at(15), &state(15.0).counters)
    );
    let generator = loaded.take("generator").expect("taken");
    assert_eq!(generator["a.weight"], tensor(15.0));
    assert!(loaded.take("generator").is_err(), "it is taken");
    let (_, discriminator) =
        load_network(&latest(run.path()).expect("newest"), "discriminator").expect("read");
    assert_eq!(discriminator["b.weight"], tensor(0.25));
}

#[test]
fn a_flipped_bit_is_an_error_that_names_the_file() {
    let run = tempfile::tempdir().expect("a folder");
    let checkpoint = save(run.path(), &at(1), &state(1.0), 2).expect("saved");
    let file = checkpoint.join("generator.safetensors");
    let mut bytes = fs::read(&file).expect("read");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&file, bytes).expect("written");
    let (_, mut loaded) = load(&checkpoint).expect("opened");
    assert!(loaded.take("discriminator").is_ok());
    let error = loaded.take("generator").expect_err("damaged").to_string();
    assert!(
        error.contains("generator.safetensors") && error.contains("damaged"),
        "{error}"
    );
}

#[test]
fn a_weight_that_is_not_finite_is_never_saved() {
    let run = tempfile::tempdir().expect("a folder");
    save(run.path(), &at(1), &state(1.0), 2).expect("saved");
    let error = save(run.path(), &at(2), &state(f32::NAN), 2)
        .expect_err("NaN")
        .to_string();
    assert!(error.contains("generator: a.weight holds NaN"), "{error}");
    assert_only_the_first_is_there(run.path());
}

/// That the failed save of step 2 left the checkpoint of step 1, and nothing else.
fn assert_only_the_first_is_there(run: &Path) {
    let left: Vec<PathBuf> = fs::read_dir(run.join(FOLDER))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(left, [run.join(FOLDER).join("step-00000001")]);
    let (position, mut loaded) = load(&left[0]).expect("opened");
    assert_eq!(position, at(1));
    assert!(loaded.take("generator").is_ok() && loaded.take("discriminator").is_ok());
}

#[test]
fn a_write_that_fails_half_way_leaves_the_last_good_checkpoint_alone() {
    let run = tempfile::tempdir().expect("a folder");
    save(run.path(), &at(1), &state(1.0), 1).expect("saved");
    let mut lost = state(2.0);
    let generator = lost.files.get_mut("generator").expect("there");
    let read = || Err(Error::Weights("device lost".to_owned()));
    generator.insert("z.weight".to_owned(), LazyTensor::new(vec![2], read));
    let error = save(run.path(), &at(2), &lost, 1).expect_err("a lost device");
    for part in ["generator: z.weight", "device lost", STAYS] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_only_the_first_is_there(run.path());
}

#[test]
fn what_cannot_fit_on_any_disk_is_not_begun() {
    let run = tempfile::tempdir().expect("a folder");
    save(run.path(), &at(1), &state(1.0), 1).expect("saved");
    let mut large = state(2.0);
    let read = || panic!("nothing is read before the space is known");
    let tensor = LazyTensor::new(vec![1 << 30, 1 << 20], read);
    large
        .files
        .insert("large".to_owned(), [("a".to_owned(), tensor)].into());
    let error = save(run.path(), &at(2), &large, 1).expect_err("4 PiB");
    for part in ["needs 4.50 PB", "available", STAYS] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_only_the_first_is_there(run.path());
}

#[test]
fn a_step_that_was_saved_before_is_saved_anew() {
    let run = tempfile::tempdir().expect("a folder");
    save(run.path(), &at(1), &state(1.0), 1).expect("saved");
    save(run.path(), &at(1), &state(3.0), 1).expect("saved again");
    assert_only_the_first_is_there(run.path());
    let (_, generator) =
        load_network(&latest(run.path()).expect("newest"), "generator").expect("read");
    assert_eq!(generator["a.weight"], tensor(3.0));
}

#[test]
fn an_unfinished_checkpoint_is_not_one() {
    let run = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(
        run.path()
            .join(FOLDER)
            .join(format!("{UNFINISHED}{PREFIX}00000009")),
    )
    .expect("made");
    assert!(
        latest(run.path())
            .expect_err("none")
            .to_string()
            .contains("no checkpoint")
    );
    remove_unfinished(run.path()).expect("removed");
    assert_eq!(
        fs::read_dir(run.path().join(FOLDER)).expect("read").count(),
        0
    );
}
