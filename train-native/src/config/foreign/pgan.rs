//! Of pytorch_GAN_zoo and MindSpore's PGAN (spec 5.8).

use super::*;

pub(in crate::config) const FLAGS: &[Foreign] = &[
    Foreign::new("no_vis", PAGE),
    Foreign::new("np_vis", PAGE),
    Foreign::new("restart", "a new run needs a folder of its own"),
    Foreign::new("dir", ONE_FOLDER),
    Foreign::new("eval_iter", "--sample-every says when to draw samples"),
    Foreign::new("partition_id", ONE_DEVICE),
    Foreign::new("partition_value", ONE_DEVICE),
    Foreign::new(
        "config_path",
        "--config takes a TOML file under the names of the flags; presets hold the scripts' settings",
    ),
    Foreign::new("device_target", DEVICE),
    Foreign::new("device_id", DEVICE),
    Foreign::new("device_num", ONE_DEVICE),
    Foreign::new("run_distribute", ONE_DEVICE),
    Foreign::new("resume_check_g", "--load-pretrain takes both networks"),
    Foreign::new("resume_check_d", "--load-pretrain takes both networks"),
    Foreign::new("eval_img_save_dir", ONE_FOLDER),
    Foreign::new("ckpt_save_dir", ONE_FOLDER),
    Foreign::new("loss_scale_value", PRECISION),
    Foreign::new("scale_factor", PRECISION),
    Foreign::new("scale_window", PRECISION),
    Foreign::new("save_graphs", ASCEND),
    Foreign::new("lr_list", "--lr is the rate of every scale"),
    Foreign::new("num_batch_list", "--iterations says how long a scale is"),
    Foreign::new("checkpoint_g", "generate --model names the run"),
    Foreign::new("img_out_dir", "generate --output names the folder"),
    Foreign::new("measure_ms_ssim", "it is measured after training"),
    Foreign::new("original_img_dir", "it is measured after training"),
    Foreign::new(
        "initBiasToZero",
        "biases begin at 0, as in the original's configs",
    ),
    Foreign::new("file_format", "export --format says what to write"),
    Foreign::new("file_name", "export --output says where to write"),
];
