//! The server as a browser meets it: a real port, real requests, written out by hand so that no
//! client tidies up what is to be tested.

mod connections;
mod names;
mod site;

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use underpaint_serve::{Error, Server, Site};

use site::{Fixture, Running, any_port};

#[test]
fn the_studio_is_served_with_its_own_models() {
    let fixture = Fixture::new();
    let server = Running::start(&fixture.site(None));
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Underpaint"));
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert!(page.header("etag").is_some() && page.header("last-modified").is_some());
    assert_eq!(server.get("/?scene=lake#top").status, 200);
    assert_eq!(server.get("/models/index.json").text(), r#"{"models":[]}"#);
    let script = server.get("/assets/index-BkP2fX_a.js");
    assert!(
        script
            .header("cache-control")
            .unwrap()
            .contains("immutable")
    );
    let module = server.get("/assets/module-D0-_x9aZ.wasm");
    assert_eq!(module.header("content-type"), Some("application/wasm"));
    assert_eq!(module.body.len(), 20_000);
}

#[test]
fn bundles_take_the_place_of_the_studios_models() {
    let fixture = Fixture::new();
    let server = Running::start(&fixture.site(Some("bundles")));
    let index = server.get("/models/index.json");
    assert_eq!(index.header("content-type"), Some("application/json"));
    assert_eq!(index.header("cache-control"), Some("no-cache"));
    assert_eq!(
        index.text(),
        concat!(
            r#"{"models":[{"id":"lakes","path":"lakes/","name":"Lakes","scenes":["scenes/a lake.png"]},"#,
            r#"{"id":"trees","path":"trees/","name":"Trees","scenes":[]}]}"#
        )
    );
    let weights = server.get("/models/lakes/weights.safetensors");
    assert_eq!(weights.text(), "0123456789");
    assert_eq!(
        weights.header("content-type"),
        Some("application/octet-stream")
    );
    assert_eq!(
        server.get("/models/lakes/scenes/a%20lake.png").text(),
        "a picture"
    );
    for path in [
        "/models/",
        "/models",
        "/models/lakes",
        "/models/lakes/",
        "/models/hills/manifest.json",
    ] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}

#[test]
fn a_new_bundle_appears_without_a_restart_and_a_broken_one_does_not() {
    let fixture = Fixture::new();
    let server = Running::start(&fixture.site(Some("bundles")));
    fixture.write_bundle("dunes", "Dunes");
    fixture.write("bundles/broken/manifest.json", "{");
    let index = server.get("/models/index.json");
    assert!(index.text().contains("Dunes"), "{}", index.text());
    assert!(!index.text().contains("broken"), "{}", index.text());
    assert_eq!(server.get("/models/dunes/manifest.json").status, 200);
}

#[test]
fn nothing_outside_and_nothing_hidden_is_served() {
    let fixture = Fixture::new();
    let server = Running::start(&fixture.site(Some("bundles")));
    for path in [
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/assets/../../outside.txt",
        "/models/../../outside.txt",
        "/models/lakes/../../../outside.txt",
        "/models/lakes/..%2f..%2f..%2foutside.txt",
        "/models/%2e%2e/outside.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/.env",
        "/%2eenv",
        "/assets/",
        "/assets",
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.head);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    let fixture = Fixture::new();
    let server = Running::start(&fixture.site(None));
    let page = server.get("/");
    let (tag, date) = (
        page.header("etag").unwrap(),
        page.header("last-modified").unwrap(),
    );
    let again = server.request("GET", "/", &[("If-None-Match", tag)]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(tag));
    assert_eq!(again.header("cache-control"), Some("no-cache"));
    assert_eq!(
        server
            .request("GET", "/", &[("If-Modified-Since", date)])
            .status,
        304
    );
    fixture.write(
        "studio/index.html",
        "<!doctype html><title>Another Underpaint</title>",
    );
    let changed = server.request("GET", "/", &[("If-None-Match", tag)]);
    assert_eq!(changed.status, 200);
    assert!(changed.text().contains("Another"));
}

#[test]
fn modules_travel_compressed_with_a_tag_of_their_own() {
    let fixture = Fixture::new();
    let server = Running::start(&fixture.site(None));
    let path = "/assets/module-D0-_x9aZ.wasm";
    let plain = server.get(path);
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("vary"), Some("accept-encoding"));
    let accept = ("Accept-Encoding", "gzip, deflate, br");
    let packed = server.request("GET", path, &[accept]);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("content-type"), Some("application/wasm"));
    assert_eq!(packed.header("vary"), Some("accept-encoding"));
    assert!(packed.body.len() < 1000, "{} bytes", packed.body.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed.body[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain.body);
    let tag = packed.header("etag").unwrap();
    assert_ne!(Some(tag), plain.header("etag"));
    assert_eq!(
        server
            .request("GET", path, &[accept, ("If-None-Match", tag)])
            .status,
        304
    );
}

#[test]
fn weights_can_be_read_in_part_and_are_never_compressed() {
    let fixture = Fixture::new();
    let server = Running::start(&fixture.site(Some("bundles")));
    let path = "/models/trees/weights.safetensors";
    let accept = ("Accept-Encoding", "gzip");
    let part = server.request("GET", path, &[accept, ("Range", "bytes=2-5")]);
    assert_eq!((part.status, part.text()), (206, "2345"));
    assert_eq!(part.header("content-range"), Some("bytes 2-5/10"));
    let whole = server.request("GET", path, &[accept]);
    assert_eq!(whole.header("content-encoding"), None);
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(
        server
            .request("GET", path, &[("Range", "bytes=20-")])
            .status,
        416
    );
    let stale = [("Range", "bytes=2-5"), ("If-Range", "\"another\"")];
    assert_eq!(server.request("GET", path, &stale).text(), "0123456789");
}

#[test]
fn only_reading_is_allowed() {
    let fixture = Fixture::new();
    let server = Running::start(&fixture.site(None));
    let head = server.request("HEAD", "/", &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some("40"));
    for method in ["POST", "PUT", "DELETE"] {
        let answer = server.request(method, "/", &[]);
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    }
}

#[test]
fn a_stop_does_not_wait_for_open_connections() {
    let fixture = Fixture::new();
    let mut server = Running::start(&fixture.site(None));
    let mut half_asked = server.connect();
    half_asked.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    assert_eq!(server.get("/").status, 200);
    let start = Instant::now();
    server.stop().unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

fn refusal(site: &Site) -> Error {
    match Server::bind(site, &any_port()) {
        Ok(_) => panic!("this should not be served"),
        Err(error) => error,
    }
}

#[test]
fn what_cannot_be_served_is_said_before_anything_is() {
    let fixture = Fixture::new();
    let mut site = fixture.site(None);
    site.studio = fixture.path("bundles");
    assert!(
        refusal(&site)
            .to_string()
            .contains("not a built studio: expected index.html")
    );
    site.studio = fixture.path("nowhere");
    assert!(refusal(&site).to_string().contains("found no such folder"));
    let no_folder = refusal(&fixture.site(Some("no-bundles"))).to_string();
    assert!(no_folder.contains("no-bundles"), "{no_folder}");
    let no_bundle = refusal(&fixture.site(Some("studio"))).to_string();
    assert!(no_bundle.contains("no model bundle found"), "{no_bundle}");
}

#[test]
fn one_bundle_can_be_served_by_itself() {
    let fixture = Fixture::new();
    let server = Running::start(&fixture.site(Some("bundles/trees")));
    let index = server.get("/models/index.json");
    assert!(
        index.text().contains(r#""path":"trees/""#),
        "{}",
        index.text()
    );
    assert_eq!(server.get("/models/trees/manifest.json").status, 200);
    assert_eq!(server.get("/models/lakes/manifest.json").status, 404);
}
