//! Connections that never ask for anything.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use underpaint_serve::{Limits, Server};

use crate::site::{Fixture, Running, any_port};

/// The folder goes with its fixture, which therefore comes along.
fn start(limits: Limits) -> (Fixture, Running) {
    let fixture = Fixture::new();
    let server = Server::bind(&fixture.site(None), &any_port()).unwrap();
    let running = Running::run(server.with_limits(limits));
    (fixture, running)
}

/// Whether the server has closed the connection, however it did.
fn is_closed(stream: &mut TcpStream, patience: Duration) -> bool {
    stream.set_read_timeout(Some(patience)).unwrap();
    match stream.read(&mut [0]) {
        Ok(0) => true,
        Ok(_) => panic!("an answer to half a question"),
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn headers_that_never_end_lose_their_connection() {
    let (_fixture, server) = start(Limits {
        headers: Duration::from_millis(500),
        ..Limits::default()
    });
    let mut silent = server.connect();
    let mut half = server.connect();
    half.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        .unwrap();
    let begun = Instant::now();
    let mut dripping = server.connect();
    let drip = b"GET / HTTP/1.1\r\nX-Padding: "
        .iter()
        .chain([b'a'; 400].iter());
    for byte in drip {
        if dripping.write_all(&[*byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    for stream in [&mut silent, &mut half, &mut dripping] {
        assert!(is_closed(stream, Duration::from_secs(10)));
    }
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_connection_is_kept_between_requests_and_not_for_ever() {
    let (_fixture, server) = start(Limits {
        headers: Duration::from_millis(800),
        ..Limits::default()
    });
    let mut stream = server.connect();
    let ask = format!("HEAD / HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    for _ in 0..3 {
        stream.write_all(ask.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
    assert!(is_closed(&mut stream, Duration::from_secs(10)));
}

#[test]
fn silent_connections_give_way_to_one_that_asks() {
    let (_fixture, server) = start(Limits {
        headers: Duration::from_secs(600),
        connections: 8,
        ..Limits::default()
    });
    let mut silent: Vec<_> = (0..40).map(|_| server.connect()).collect();
    for stream in &mut silent {
        // The server may have closed it by now.
        let _ = stream.write_all(b"GET / HTTP/1.1\r\n");
    }
    assert_eq!(server.get("/").status, 200);
    let closed = silent
        .iter_mut()
        .filter_map(|stream| is_closed(stream, Duration::from_millis(20)).then_some(()))
        .count();
    assert!(
        closed >= 32,
        "{closed} of 40 were closed, where 8 have a place"
    );
}

#[test]
fn who_takes_nothing_of_an_answer_loses_the_place() {
    let fixture = Fixture::new();
    let large = 64 << 20;
    let file = std::fs::File::create(fixture.path("studio/large.bin")).unwrap();
    file.set_len(large).unwrap();
    let server = Server::bind(&fixture.site(None), &any_port()).unwrap();
    let server = Running::run(server.with_limits(Limits {
        stalled: Duration::from_millis(500),
        connections: 1,
        ..Limits::default()
    }));
    let mut stalled = server.connect();
    let ask = format!(
        "GET /large.bin HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.address
    );
    stalled.write_all(ask.as_bytes()).unwrap();
    // Until the first byte is there, it only might be answered.
    stalled.read_exact(&mut [0]).unwrap();
    assert_eq!(server.get("/").status, 200);
}
