//! Of SPADE and its MindSpore version (spec 4.9).

use super::*;

pub(in crate::config) const FLAGS: &[Foreign] = &[
    Foreign::new("gpu_ids", DEVICE),
    Foreign::new("epoch_count", RESUME),
    Foreign::new("print_freq", LOG),
    Foreign::new("save_epoch_freq", EPOCHS),
    Foreign::new("save_by_iter", EPOCHS),
    Foreign::new("no_html", PAGE),
    Foreign::new("display_winsize", PAGE),
    Foreign::new("verbose", LOG),
    Foreign::new("model", "the subcommand says what is trained"),
    Foreign::new("which_epoch", RESUME),
    Foreign::new("now_epoch", RESUME),
    Foreign::new("tf_log", PAGE),
    Foreign::new("debug", "--steps and --sample-every make a run short"),
    Foreign::new(
        "load_from_opt_file",
        "a run keeps its settings in config.toml: --config takes it",
    ),
    Foreign::new(
        "cache_filelist_read",
        "files are listed and checked once, and remembered in the run",
    ),
    Foreign::new(
        "cache_filelist_write",
        "files are listed and checked once, and remembered in the run",
    ),
    Foreign::new(
        "coco_no_portraits",
        "only {phase}_label, {phase}_img and {phase}_inst are read",
    ),
    Foreign::new("coco_no_portraits", "folders of portraits are not read"),
    Foreign::new("optimizer", "the optimiser is Adam"),
    Foreign::new("netD", "the discriminator is the multi-scale PatchGAN"),
    Foreign::new(
        "netD_subarch",
        "the discriminator is the multi-scale PatchGAN",
    ),
    Foreign::new(
        "nef",
        "the original declares it and never uses it: the encoder is as wide as --ngf",
    ),
    Foreign::new("isTrain", "the subcommand says so"),
    Foreign::new("id", DEVICE),
    Foreign::new("device_id", DEVICE),
    Foreign::new("device_target", DEVICE),
    Foreign::new("distribute", ONE_DEVICE),
    Foreign::new("run_distribute", ONE_DEVICE),
    Foreign::new("device_num", ONE_DEVICE),
    Foreign::new(
        "results_dir",
        "generate --output and evaluate --page name the folder",
    ),
    Foreign::new("how_many", "generate takes all files"),
    Foreign::new(
        "fid_eval_ckpt_dir",
        "evaluate --inception takes the weights",
    ),
    Foreign::new("ckpt_dir", "generate --model names the run"),
    Foreign::new("save_graphs", ASCEND),
    Foreign::new("loss_scale", PRECISION),
    Foreign::new("file_format", "export --format says what to write"),
    Foreign::new("file_name", "export --output says where to write"),
];
