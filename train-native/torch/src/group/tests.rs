use std::net::TcpListener;
use std::thread;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(20);

/// Runs `work` as every rank of a group, each on a thread of its own.
fn ranks<T: Send>(size: usize, work: impl Fn(usize, &Group, &Store) -> T + Sync) -> Vec<T> {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let as_rank = |rank: usize| {
        let store = Store::meet(&Meeting {
            host: "127.0.0.1",
            port,
            server: rank == 0,
            size,
            prefix: "test",
            timeout: TIMEOUT,
        })
        .expect("a store");
        let here = Interface::Address("127.0.0.1".into());
        let group = Group::gloo(&store, rank, size, &here, TIMEOUT).expect("a group");
        let result = work(rank, &group, &store);
        group.barrier().expect("all are done");
        result
    };
    thread::scope(|scope| {
        let started: Vec<_> = (0..size)
            .map(|rank| scope.spawn(move || as_rank(rank)))
            .collect();
        let ended = started.into_iter().map(|thread| thread.join());
        ended.map(|ended| ended.expect("no panic")).collect()
    })
}

fn values(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor).expect("f32")
}

#[test]
fn sums_started_together_end_with_the_same_values_on_all_ranks() {
    let sums = ranks(3, |rank, group, _| {
        let tensors = [1.0, 10.0].map(|unit| Tensor::from_slice(&[unit * rank as f32, unit]));
        let work = tensors.each_ref().map(|tensor| group.all_reduce(tensor));
        for work in work {
            work.expect("started").wait().expect("done");
        }
        tensors.map(|tensor| values(&tensor))
    });
    assert!(
        sums.iter().all(|sum| *sum == [[3.0, 3.0], [30.0, 30.0]]),
        "{sums:?}"
    );
}

#[test]
fn tensors_go_from_one_to_all_from_all_to_all_and_from_one_to_one() {
    let found = ranks(2, |rank, group, store| {
        let own = Tensor::from_slice(&[rank as f32]);
        let mut shared = own.copy();
        group.broadcast(&mut shared, 1).expect("broadcast");
        let all = group.all_gather(&own).expect("gathered");
        let mut sent = own.copy();
        match rank {
            0 => group.receive(&mut sent, 1).expect("received"),
            _ => group.send(&(&own + 6.0), 0).expect("sent"),
        }
        store
            .set(&format!("of {rank}"), &[rank as u8, 0])
            .expect("set");
        let other = store.get(&format!("of {}", 1 - rank)).expect("got");
        (
            values(&shared),
            all.iter().map(values).collect::<Vec<_>>(),
            values(&sent),
            other,
        )
    });
    for (rank, (shared, all, sent, other)) in found.into_iter().enumerate() {
        assert_eq!((shared, all), (vec![1.0], vec![vec![0.0], vec![1.0]]));
        assert_eq!(sent, [[7.0], [1.0]][rank]);
        assert_eq!(other, [1 - rank as u8, 0]);
    }
}

#[test]
fn who_comes_alone_is_told_so() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let error = Store::meet(&Meeting {
        host: "127.0.0.1",
        port,
        server: true,
        size: 2,
        prefix: "",
        timeout: Duration::from_millis(300),
    })
    .expect_err("nobody else comes");
    assert!(error.to_string().contains("1/2"), "{error}");
}

#[test]
fn what_is_not_compiled_says_so() {
    let told = ranks(1, |_, _, store| {
        [
            has_nccl().then(String::new).unwrap_or_else(|| {
                Group::nccl(store, 0, 1, TIMEOUT)
                    .expect_err("none")
                    .to_string()
            }),
            has_hccl().then(String::new).unwrap_or_else(|| {
                Group::hccl(store, 0, 1, TIMEOUT)
                    .expect_err("none")
                    .to_string()
            }),
        ]
    });
    assert!(has_nccl() || told[0][0].contains("no NCCL"), "{told:?}");
    assert!(has_hccl() || told[0][1].contains("no HCCL"), "{told:?}");
}
