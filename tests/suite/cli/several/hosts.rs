//! Ranks in network namespaces of their own, as if they were on different machines.

use std::process::Command;
use std::time::Instant;

use super::{
    Duration, PIX2PIX, Place, Running, SECONDS, difference, launch, sleep, train_command,
    wait_for_rows, with_environment,
};

/// Two hosts and the cable between them.
struct Hosts {
    names: [String; 2],
}

const ADDRESSES: [&str; 2] = ["10.231.7.1", "10.231.7.2"];

fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip")
        .args(arguments.split_whitespace())
        .output();
    let output = output.map_err(|error| format!("ip: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "ip {arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

impl Hosts {
    /// Why there are none: not every machine lets a test do this.
    fn new() -> Result<Self, String> {
        let id = std::process::id();
        let names = ["a", "b"].map(|host| format!("up{id}{host}"));
        ip(&format!("netns add {}", names[0]))?;
        let hosts = Self { names };
        let [a, b] = &hosts.names;
        ip(&format!("netns add {b}"))?;
        ip(&format!(
            "link add e0 netns {a} type veth peer name e0 netns {b}"
        ))?;
        for (name, address) in hosts.names.iter().zip(ADDRESSES) {
            ip(&format!("-n {name} addr add {address}/24 dev e0"))?;
            ip(&format!("-n {name} link set e0 up"))?;
            ip(&format!("-n {name} link set lo up"))?;
        }
        Ok(hosts)
    }

    /// `launch` on a host.
    fn launch(&self, place: &Place, host: usize, command: &str) -> Running {
        let words = format!(
            "netns exec {} {} launch --nproc 1 --nodes 2 --rank {host} --address {}:29517 -- {command}",
            self.names[host],
            env!("CARGO_BIN_EXE_underpaint-under-test"),
            ADDRESSES[0]
        );
        let words: Vec<&str> = words.split_whitespace().collect();
        // Hosts have no memory in common.
        let environment = [
            ("UNDERPAINT_RANK_TIMEOUT", "3"),
            ("UNDERPAINT_SHARED_MEMORY", "0"),
        ];
        with_environment(place, "ip", &words, &environment)
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = ip(&format!("netns del {name}"));
        }
    }
}

#[test]
fn two_hosts_train_one_model_and_end_when_one_is_cut_off() {
    let hosts = match Hosts::new() {
        Ok(hosts) => hosts,
        Err(reason) => {
            eprintln!("skipped: no network namespaces here: {reason}");
            return;
        }
    };
    // They share no disk: the second has the data only.
    let place = Place::with_landscapes(4, 1);
    let other = Place::with_landscapes(4, 1);
    let ten = train_command("run", &format!("{PIX2PIX} --steps 6 --seed 2"));
    let ranks = [hosts.launch(&place, 0, &ten), hosts.launch(&other, 1, &ten)];
    for finished in ranks.map(Running::wait) {
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
    assert!(!other.path("run").exists(), "only rank 0 writes");
    // As two ranks of one host.
    place.run(&launch(2, &ten.replace("--output run", "--output near")));
    assert_eq!(difference(&place, "run", "near", false).0, 0.0);

    let long = train_command("long", &format!("{PIX2PIX} --steps 1000000 --save-every 2"));
    let mut ranks = [
        hosts.launch(&place, 0, &long),
        hosts.launch(&other, 1, &long),
    ];
    wait_for_rows(&place, "long", 4, &mut ranks[0]);
    ip(&format!("-n {} link set e0 down", hosts.names[1])).expect("cut off");
    let started = Instant::now();
    for (rank, mut running) in ranks.into_iter().enumerate() {
        while running.child.try_wait().expect("a child").is_none() {
            assert!(started.elapsed() < SECONDS, "host {rank} goes on");
            sleep(Duration::from_millis(10));
        }
        let finished = running.wait();
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let named = format!("rank {} has not answered for 3 s", 1 - rank);
        assert!(finished.stderr.contains(&named), "{finished:?}");
    }
    ip(&format!("-n {} link set e0 up", hosts.names[1])).expect("connected");
    let resume = "train --resume long --steps 12 --quiet";
    let before = place.newest_checkpoint("long");
    assert!(
        before.as_str() > "long/checkpoints/step-00000001",
        "{before}"
    );
    let steps = super::rows(&place, "long") + 4;
    let resume = resume.replace("12", &steps.to_string());
    let ranks = [
        hosts.launch(&place, 0, &resume),
        hosts.launch(&other, 1, &resume),
    ];
    for finished in ranks.map(Running::wait) {
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
}
