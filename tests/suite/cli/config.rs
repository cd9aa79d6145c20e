//! Settings: flags, TOML, presets and the names of the original.

use super::Place;

/// Ten settings, all other than their defaults, as flags and as TOML.
const FLAGS: &str = "--net-g unet_32 --ngf 5 --ndf 3 --size 32 --load-size 40 --batch-size 2 --norm \
                     instance --no-flip --gan-mode lsgan --lambda-l1 50 --pool-size 2 --lr 0.001 --beta1 \
                     0.4 --seed 9 --steps 4";
const FILE: &str = "net_g = \"unet_32\"\nngf = 5\nndf = 3\nsize = 32\nload_size = 40\nbatch_size = 2\n\
                    norm = \"instance\"\nno_flip = true\ngan_mode = \"lsgan\"\nlambda_l1 = 50.0\n\
                    pool_size = 2\nlr = 0.001\nbeta1 = 0.4\nseed = 9\nsteps = 4\ndata = \"data\"\n";
const ORIGINAL: &str = "--dataroot data --netG unet_32 --ngf 5 --ndf 3 --crop_size 32 --load_size 40 \
                        --batch_size 2 --norm instance --no_flip true --gan_mode lsgan --lambda_L1 50 \
                        --pool_size 2 --lr 0.001 --beta1 0.4 --seed 9 --steps 4 --input_nc 3 --output_nc 3 \
                        --netD basic --n_layers_D 3 --init_type normal --init_gain 0.02 --direction AtoB \
                        --num_threads 2 --preprocess resize_and_crop --serial_batches false --n_epochs 100 \
                        --n_epochs_decay 100 --lr_policy constant --lr_decay_iters 50 --save_latest_freq \
                        1000 --display_freq 200 --no_dropout 0";

#[test]
fn a_file_flags_and_the_originals_spellings_give_the_same_run() {
    let place = Place::with_landscapes(3, 1);
    place.write("settings.toml", FILE);
    place.run(&format!(
        "train pix2pix --data data --output flags --quiet {FLAGS}"
    ));
    place.run("train pix2pix --config settings.toml --output file --quiet");
    place.run(&format!(
        "train pix2pix --output original --quiet {ORIGINAL}"
    ));
    let config = |run: &str| place.text(&format!("{run}/config.toml"));
    assert_eq!(config("file"), config("flags"));
    assert_eq!(config("original"), config("flags"));
    place.assert_same_run("file", "flags", "--config");
    place.assert_same_run("original", "flags", "the original's spellings");
}

#[test]
fn the_config_of_a_run_repeats_it() {
    let place = Place::with_landscapes(3, 1);
    place.train("one", "--epochs 2 --batch-size 2 --label-nc 15");
    place.run("train pix2pix --config one/config.toml --output two --quiet");
    assert_eq!(place.text("two/config.toml"), place.text("one/config.toml"));
    place.assert_same_run("two", "one", "repeated from config.toml");
}

#[test]
fn flags_win_over_the_file() {
    let place = Place::with_landscapes(2, 0);
    place.write("settings.toml", FILE.replace("steps = 4", "epochs = 7"));
    place.run("train pix2pix --config settings.toml --output run --quiet --ngf 2 --steps 1 --no-flip false");
    let config = place.text("run/config.toml");
    for line in [
        "ngf = 2",
        "steps = 1",
        "no_flip = false",
        "ndf = 3",
        "batch_size = 2",
    ] {
        assert!(
            config.lines().any(|found| found == line),
            "{line}: {config}"
        );
    }
    assert!(!config.contains("epochs = 7"), "{config}");
}

#[test]
fn a_preset_sets_the_originals_parameters() {
    let place = Place::with_landscapes(1, 0);
    place.run(
        "train pix2pix --data data --preset facades --ngf 1 --ndf 1 --steps 1 --output run --quiet",
    );
    let config = place.text("run/config.toml");
    for line in [
        "direction = \"BtoA\"",
        "net_g = \"unet_256\"",
        "load_size = 286",
        "size = 256",
        "batch_size = 1",
        "n_epochs = 100",
        "n_epochs_decay = 100",
        "lambda_l1 = 100.0",
        "norm = \"batch\"",
        "lr = 0.0002",
        "beta1 = 0.5",
        "pool_size = 0",
        "gan_mode = \"vanilla\"",
        "no_flip = false",
        "no_dropout = false",
        "lr_policy = \"linear\"",
    ] {
        assert!(
            config.lines().any(|found| found == line),
            "{line}: {config}"
        );
    }
}

#[test]
fn a_wrong_file_is_told_with_its_place() {
    let place = Place::with_landscapes(2, 0);
    let train = "train pix2pix --data data --config settings.toml --output run --quiet";
    place.fails(train, &["settings.toml", "cannot read"]);
    for (text, parts) in [
        ("ngf = 4\nngff = 5\n", ["line 2", "ngff"]),
        ("ngf = \"wide\"\n", ["line 1", "wide"]),
        ("ngf = 4\nsize = \n", ["line 2", "size"]),
        ("device = \"gpu\"\n", ["gpu", "libtorch-cpu"]),
        ("net_g = \"unet_100\"\n", ["unet_100", "unet_256"]),
        ("lr_policy = \"never\"\n", ["never", "plateau"]),
    ] {
        place.write("settings.toml", text);
        place.fails(train, &["settings.toml", parts[0], parts[1]]);
    }
    assert!(!place.path("run").exists());
}
