use super::*;

fn parse(arguments: &str) -> LaunchArgs {
    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        args: LaunchArgs,
    }
    let words = ["launch"].into_iter().chain(arguments.split_whitespace());
    Only::try_parse_from(words).expect("arguments").args
}

#[test]
fn hosts_and_ports_are_told_apart() {
    for (address, expected) in [
        ("n0:29500", Some(("n0", 29500))),
        ("10.0.0.1:1", Some(("10.0.0.1", 1))),
        ("[fe80::1]:29500", Some(("fe80::1", 29500))),
        ("n0", None),
        (":29500", None),
        ("n0:0", None),
        ("n0:99999", None),
    ] {
        let args = parse(&format!("--nproc 1 --nodes 2 --address {address} -- train"));
        let found = args.meeting_place();
        match expected {
            Some((host, port)) => assert_eq!(found.expect(address), (host.to_owned(), port)),
            None => assert!(found.is_err(), "{address}"),
        }
    }
}

#[test]
fn alone_a_free_port_is_taken() {
    let (host, port) = parse("--nproc 2 -- train").meeting_place().expect("a port");
    assert_eq!(host, "127.0.0.1");
    assert!(port > 0);
}

#[test]
fn a_new_run_that_failed_is_resumed_once_it_has_a_config() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().display();
    let args = parse(&format!(
        "--nproc 2 -- train pix2pix --data d --output {path} --quiet"
    ));
    let run = Run {
        folder: Some(folder.path().to_path_buf()),
        continues: false,
    };
    assert_eq!(args.again(&run), args.command);
    std::fs::write(folder.path().join(CONFIG_FILE), "").expect("written");
    let expected = format!("train --resume {path} --quiet");
    let expected: Vec<OsString> = expected.split(' ').map(OsString::from).collect();
    assert_eq!(args.again(&run), expected);
    let continued = Run {
        continues: true,
        ..run
    };
    assert_eq!(args.again(&continued), args.command);
}
