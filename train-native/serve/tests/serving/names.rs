//! Under which names the server answers.

use std::net::{IpAddr, Ipv4Addr};

use underpaint_serve::{Listen, Server};

use crate::site::{Answer, Fixture, Running, any_port};

const LISTED: &str = "/models/index.json";

fn ask(server: &Running, version: &str, target: &str, hosts: &[&str]) -> Answer {
    let mut text = format!("GET {target} HTTP/{version}\r\nConnection: close\r\n");
    for host in hosts {
        text += &format!("Host: {host}\r\n");
    }
    server.send(&(text + "\r\n"))
}

#[test]
fn a_page_elsewhere_cannot_read_local_models_by_its_own_name() {
    let fixture = Fixture::new();
    let server = Running::start(&fixture.site(Some("bundles")));
    let port = server.address.rsplit(':').next().unwrap();
    for path in [LISTED, "/", "/models/lakes/weights.safetensors", "/nowhere"] {
        let answer = ask(&server, "1.1", path, &[&format!("evil.example:{port}")]);
        assert_eq!(answer.status, 421, "{path}");
        assert!(answer.text().contains("evil.example"), "{}", answer.text());
        assert!(answer.text().contains("--host"), "{}", answer.text());
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    let refused = [
        ("1.1", LISTED, &["localhost", "evil.example"][..], 400),
        ("1.1", LISTED, &[], 400),
        ("1.0", LISTED, &["evil.example"], 421),
        ("1.1", "http://evil.example/", &["localhost"], 421),
    ];
    for (version, target, hosts, status) in refused {
        let answer = ask(&server, version, target, hosts);
        assert_eq!(answer.status, status, "{version} {target} {hosts:?}");
    }
}

#[test]
fn this_machines_own_names_are_answered() {
    let fixture = Fixture::new();
    let server = Running::start(&fixture.site(Some("bundles")));
    for host in ["localhost", "127.0.0.1:1", "[::1]:8017", "a.localhost:80"] {
        assert_eq!(ask(&server, "1.1", LISTED, &[host]).status, 200, "{host}");
    }
    assert_eq!(ask(&server, "1.0", LISTED, &[]).status, 200);
    let absolute = format!("http://{}{LISTED}", server.address);
    assert_eq!(ask(&server, "1.1", &absolute, &["localhost"]).status, 200);
}

#[test]
fn every_name_is_answered_where_an_address_was_given() {
    let fixture = Fixture::new();
    for address in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::LOCALHOST] {
        let listen = Listen {
            host: Some(IpAddr::V4(address)),
            ..any_port()
        };
        let server = Server::bind(&fixture.site(Some("bundles")), &listen).unwrap();
        let server = Running::run(server);
        let answer = ask(&server, "1.1", LISTED, &["paint.example"]);
        assert_eq!(answer.status, 200, "{address}");
    }
}
