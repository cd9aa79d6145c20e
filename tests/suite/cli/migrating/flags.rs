//! The originals' flags in their own spelling: every one in the tables of the specification (2.8, 3.11, 4.9,
//! 5.8) is taken by `train FAMILY`.

use clap::Parser;
use underpaint::command::Cli;

use super::super::Place;

/// The flags of a project.
struct Flags {
    family: &'static str,
    /// Flags with a value, as `name value`.
    values: &'static [&'static str],
    /// Flags that may have a value, or none.
    switches: &'static [&'static str],
}

fn parses(family: &str, words: &[&str]) -> Result<(), String> {
    let command = ["underpaint", "train", family, "--output", "run"];
    let all = command.iter().chain(words).copied();
    Cli::try_parse_from(all)
        .map(drop)
        .map_err(|error| error.to_string())
}

impl Flags {
    fn assert_taken(&self) {
        for flag in self.values {
            let words: Vec<&str> = flag.split_whitespace().collect();
            self.assert_parses(&words);
        }
        for name in self.switches {
            let values = [None, Some("True"), Some("false"), Some("0"), Some("1")];
            for value in values {
                let words: Vec<&str> = [*name].into_iter().chain(value).collect();
                self.assert_parses(&words);
            }
        }
        // Another flag behind a switch is no value of it.
        let all: Vec<&str> = self.switches.to_vec();
        self.assert_parses(&all);
    }

    fn assert_parses(&self, words: &[&str]) {
        if let Err(error) = parses(self.family, words) {
            panic!("train {} {}: {error}", self.family, words.join(" "));
        }
    }
}

#[test]
fn the_flags_of_pix2pix_are_taken() {
    let flags = Flags {
        family: "pix2pix",
        values: &[
            "--gpu_ids 0",
            "--gpu_ids -1",
            "--gpu_ids 0,1,2",
            "--dataroot ./datasets/facades",
            "--name facades",
            "--checkpoints_dir ./checkpoints",
            "--model pix2pix",
            "--phase train",
            "--load_size 286",
            "--crop_size 256",
            "--batch_size 1",
            "--init_type normal",
            "--init_gain 0.02",
            "--lambda_L1 100",
            "--beta1 0.5",
            "--lr 0.0002",
            "--lr_policy linear",
            "--lr_policy lambda",
            "--lr_decay_iters 50",
            "--n_epochs 100",
            "--n_epochs_decay 100",
            "--niter 100",
            "--niter_decay 100",
            "--epoch_count 1",
            "--results_dir ./results/",
            "--netG unet_256",
            "--netD basic",
            "--which_model_netG unet_256",
            "--which_model_netD basic",
            "--which_direction BtoA",
            "--n_layers_D 3",
            "--ngf 64",
            "--ndf 64",
            "--norm batch",
            "--norm syncbatch",
            "--norm sync_batch",
            "--input_nc 3",
            "--output_nc 3",
            "--direction AtoB",
            "--dataset_mode aligned",
            "--preprocess resize_and_crop",
            "--num_threads 4",
            "--max_dataset_size inf",
            "--gan_mode vanilla",
            "--pool_size 0",
            "--epoch latest",
            "--load_iter 0",
            "--suffix x",
            "--display_freq 400",
            "--update_html_freq 1000",
            "--print_freq 100",
            "--save_latest_freq 5000",
            "--save_epoch_freq 5",
            "--display_winsize 256",
            "--num_test 50",
            "--aspect_ratio 1.0",
            // MindSpore
            "--device_target Ascend",
            "--device_num 1",
            "--device_id 0",
            "--train_data_dir ./data/facades/train/",
            "--val_data_dir None",
            "--LAMBDA_Dis 0.5",
            "--LAMBDA_GAN 1",
            "--LAMBDA_L1 100",
            "--beta2 0.999",
            "--epoch_num 200",
            "--dataset_size 400",
            "--pad_mode CONSTANT",
            "--train_fakeimg_dir results/fake_img/",
            "--loss_show_dir results/loss_show",
            "--ckpt_dir results/ckpt",
            "--ckpt None",
            "--predict_dir results/predict/",
            "--image_size 256",
            "--file_format MINDIR",
            "--file_name pix2pix",
            "--onnx_path pix2pix.onnx",
            "--onnx_infer_dir results/onnx_infer/",
            "--onnx_infer_data_dir data/facades/val/",
        ],
        switches: &[
            "--no_dropout",
            "--no_flip",
            "--serial_batches",
            "--continue_train",
            "--verbose",
            "--save_by_iter",
            "--no_html",
            "--eval",
            "--run_distribute",
            "--save_graphs",
        ],
    };
    flags.assert_taken();
}

#[test]
fn the_flags_of_pix2pixhd_are_taken() {
    let flags = Flags {
        family: "pix2pixhd",
        values: &[
            "--norm instance",
            "--ngf 64",
            "--netG global",
            "--n_downsample_global 4",
            "--n_blocks_global 9",
            "--n_blocks_local 3",
            "--n_local_enhancers 1",
            "--niter_fix_global 0",
            "--batchSize 1",
            "--loadSize 1024",
            "--fineSize 512",
            "--label_nc 35",
            "--input_nc 3",
            "--output_nc 3",
            "--resize_or_crop scale_width",
            "--feat_num 3",
            "--n_downsample_E 4",
            "--nef 16",
            "--n_clusters 10",
            "--dataroot ./datasets/cityscapes/",
            "--checkpoints_dir ./checkpoints",
            "--name label2city",
            "--which_epoch latest",
            "--load_pretrain checkpoints/label2city_512p",
            "--beta1 0.5",
            "--lr 0.0002",
            "--niter 100",
            "--niter_decay 100",
            "--num_D 2",
            "--n_layers_D 3",
            "--ndf 64",
            "--lambda_feat 10.0",
            "--pool_size 0",
            "--nThreads 2",
            "--max_dataset_size inf",
            "--display_freq 100",
            "--print_freq 100",
            "--save_latest_freq 1000",
            "--save_epoch_freq 10",
            "--local_rank 0",
            "--data_type 32",
            "--gpu_ids 0,1,2,3",
            "--display_winsize 512",
            "--model pix2pixHD",
            "--phase train",
            "--results_dir ./results/",
            "--how_many 50",
            "--cluster_path features_clustered_010.npy",
            "--aspect_ratio 1.0",
            "--export_onnx x.onnx",
            "--engine x",
            "--onnx x",
            // MindSpore
            "--batch_size 1",
            "--load_size 1024",
            "--fine_size 512",
            "--data_root ./datasets/cityscapes",
            "--save_ckpt_dir ./checkpoints",
            "--init_type normal",
            "--init_gain 0.02",
            "--pad_mode CONSTANT",
            "--beta2 0.999",
            "--predict_dir results/predict/",
            "--load_ckpt x",
            "--vgg_pre_trained ./vgg19.ckpt",
            "--loss_scale 1",
            "--device_target Ascend",
            "--device_id 0",
            "--device_num 1",
            // NPU
            "--seed 1234",
            "--num_workers 8",
            "--node_device npu",
        ],
        switches: &[
            "--no_flip",
            "--serial_batches",
            "--no_instance",
            "--instance_feat",
            "--label_feat",
            "--load_features",
            "--no_ganFeat_loss",
            "--no_vgg_loss",
            "--no_lsgan",
            "--continue_train",
            "--no_html",
            "--debug",
            "--tf_log",
            "--fp16",
            "--verbose",
            "--use_dropout",
            "--use_encoded_image",
            "--run_distribute",
            "--autoscale",
        ],
    };
    flags.assert_taken();
}

#[test]
fn the_flags_of_spade_are_taken() {
    let flags = Flags {
        family: "spade",
        values: &[
            "--name label2coco",
            "--gpu_ids 0",
            "--checkpoints_dir ./checkpoints",
            "--phase train",
            "--model pix2pix",
            "--norm_G spectralspadesyncbatch3x3",
            "--norm_G spectralspadebatch3x3",
            "--norm_D spectralinstance",
            "--norm_E spectralinstance",
            "--batchSize 1",
            "--preprocess_mode scale_width_and_crop",
            "--preprocess_mode scale_shortside_and_crop",
            "--preprocess_mode fixed",
            "--load_size 1024",
            "--crop_size 512",
            "--aspect_ratio 1.0",
            "--label_nc 182",
            "--output_nc 3",
            "--dataroot ./datasets/coco",
            "--dataset_mode coco",
            "--nThreads 0",
            "--max_dataset_size 9223372036854775807",
            "--netG spade",
            "--ngf 64",
            "--num_upsampling_layers normal",
            "--init_type xavier",
            "--init_variance 0.02",
            "--z_dim 256",
            "--nef 16",
            "--display_freq 100",
            "--print_freq 100",
            "--save_latest_freq 5000",
            "--save_epoch_freq 10",
            "--display_winsize 400",
            "--which_epoch latest",
            "--niter 50",
            "--niter_decay 0",
            "--optimizer adam",
            "--beta1 0.0",
            "--beta2 0.9",
            "--lr 0.0002",
            "--D_steps_per_G 1",
            "--ndf 64",
            "--lambda_feat 10.0",
            "--lambda_vgg 10.0",
            "--gan_mode hinge",
            "--gan_mode ls",
            "--gan_mode original",
            "--gan_mode w",
            "--netD multiscale",
            "--netD_subarch n_layer",
            "--num_D 2",
            "--n_layers_D 4",
            "--lambda_kld 0.05",
            "--results_dir ./results/",
            "--how_many inf",
            "--label_dir x",
            "--image_dir x",
            "--instance_dir x",
            // MindSpore
            "--id 0",
            "--now_epoch 0",
            "--decay_epoch 100",
            "--total_epoch 200",
            "--G_lr 0.0001",
            "--D_lr 0.0004",
            "--vgg_ckpt_path vgg19.ckpt",
            "--fid_eval_ckpt_dir ./inception/inception_pid.ckpt",
            "--ckpt_dir ./checkpoints/netG_epoch_200.ckpt",
            // What files are paired by cannot be turned off.
            "--no_pairing_check false",
        ],
        switches: &[
            "--contain_dontcare_label",
            "--serial_batches",
            "--no_flip",
            "--load_from_opt_file",
            "--cache_filelist_read",
            "--cache_filelist_write",
            "--coco_no_portraits",
            "--no_instance",
            "--use_vae",
            "--no_html",
            "--debug",
            "--tf_log",
            "--continue_train",
            "--no_TTUR",
            "--no_ganFeat_loss",
            "--no_vgg_loss",
            "--distribute",
        ],
    };
    flags.assert_taken();
    let error = parses("spade", &["--no_pairing_check"]).expect_err("refused");
    assert!(error.contains("paired by name"), "{error}");
}

#[test]
fn the_flags_of_pgan_are_taken() {
    let flags = Flags {
        family: "pgan",
        values: &[
            "-n default",
            "--name default",
            "-d output_networks",
            "--dir output_networks",
            "-s 16000",
            "--save_iter 16000",
            "-e 100",
            "--eval_iter 100",
            "--miniBatchSize 16",
            "--baseLearningRate 0.001",
            "--depthScales 512,512,512,512,256,128,64,32,16",
            "--maxIterAtScale 48000,96000,96000",
            "--alphaNJumps 0,600,600",
            "--alphaSizeJumps 0,32,32",
            "--alphaJumpMode linear",
            "--dimLatentVector 512",
            "--lossMode WGANGP",
            "--lossMode Logistic",
            "--lambdaGP 10.0",
            "--leakyness 0.2",
            "--epsilonD 0.001",
            "--logisticGradReal 0",
            "--dimOutput 3",
            "--weightConditionG 0",
            "--weightConditionD 0",
            // MindSpore
            "--config_path ./910_config.yaml",
            "--train_data_path /path/data/image",
            "--device_target Ascend",
            "--device_id 0",
            "--batch_size 16",
            "--batch_size_list 16,16,16,16,16,8",
            "--lr 0.001",
            "--lr_list 0.001",
            "--scales 4,8,16,32,64,128",
            "--depth 512,512,512,512,256,128",
            "--num_batch 48000,96000,96000,96000,96000,96000",
            "--alpha_jumps 0,600,600,600,600,600",
            "--alpha_size_jumps 32,32,32,32,32,32",
            "--resume_load_scale -1",
            "--resume_check_g x",
            "--resume_check_d x",
            "--ckpt_save_dir ./checkpoint",
            "--eval_img_save_dir ./eval_img",
            "--model_save_step 10000",
            "--loss_scale_value 12",
            "--scale_factor 10",
            "--scale_window 1000",
            "--checkpoint_g x",
            "--img_out_dir img_eval",
            "--original_img_dir x",
            "--file_name PGAN",
            "--file_format MINDIR",
        ],
        switches: &[
            "--restart",
            "--no_vis",
            "--np_vis",
            "--initBiasToZero",
            "--perChannelNormalization",
            "--miniBatchStdDev",
            "--GDPP",
            "--measure_ms_ssim",
        ],
    };
    flags.assert_taken();
}

#[test]
fn what_means_nothing_is_told_and_a_preset_says_what_it_sets() {
    let place = Place::empty();
    place.fails(
        "train pix2pixhd --preset 1024p --gpu_ids 0,1 --fp16 --output run",
        &[
            "--gpu_ids does nothing: --device says where to train",
            "--fp16 does nothing: training is in 32 bits",
            "preset 1024p sets:",
            "niter_fix_global = 10",
            "error: --data: expected the folder of a data set",
        ],
    );
    assert!(!place.path("run").exists());
}
