//! What is served in these tests, and how it is asked for.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::oneshot;
use underpaint_serve::{Listen, Server, Site};

/// Long enough for a busy machine, short enough for a test.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A folder with a studio (`studio`) and two bundles (`bundles`).
pub struct Fixture {
    folder: TempDir,
}

impl Fixture {
    pub fn new() -> Self {
        let fixture = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fixture.write(
            "studio/index.html",
            "<!doctype html><title>Underpaint</title>",
        );
        fixture.write(
            "studio/assets/index-BkP2fX_a.js",
            &"let a = 1;\n".repeat(500),
        );
        fixture.write("studio/assets/module-D0-_x9aZ.wasm", &"\0asm".repeat(5000));
        fixture.write("studio/models/index.json", r#"{"models":[]}"#);
        fixture.write("studio/.env", "SECRET=1");
        fixture.write("outside.txt", "private");
        fixture.write_bundle("lakes", "Lakes");
        fixture.write_bundle("trees", "Trees");
        fixture.write("bundles/lakes/scenes/a lake.png", "a picture");
        fixture
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn write_bundle(&self, id: &str, name: &str) {
        let manifest =
            format!(r#"{{"name":"{name}","weights":{{"file":"weights.safetensors","bytes":10}}}}"#);
        self.write(&format!("bundles/{id}/manifest.json"), &manifest);
        self.write(&format!("bundles/{id}/weights.safetensors"), "0123456789");
    }

    pub fn site(&self, models: Option<&str>) -> Site {
        Site {
            studio: self.path("studio"),
            models: models.map(|name| self.path(name)),
        }
    }
}

/// The default address with any free port.
pub fn any_port() -> Listen {
    Listen {
        host: None,
        port: Some(0),
        open: false,
    }
}

/// A server that runs until it is dropped.
pub struct Running {
    pub address: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<underpaint_serve::Result<()>>>,
}

impl Running {
    pub fn start(site: &Site) -> Self {
        Self::run(Server::bind(site, &any_port()).unwrap())
    }

    pub fn run(server: Server) -> Self {
        let address = server
            .url()
            .strip_prefix("http://")
            .unwrap()
            .trim_end_matches('/')
            .to_owned();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            server.run(async {
                let _ = stopped.await;
            })
        });
        Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream
    }

    /// Sends the request as it stands here.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.address
        );
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        self.send(&(text + "\r\n"))
    }

    /// Sends exactly this, and reads until the server closes the connection.
    pub fn send(&self, text: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::parse(&bytes)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[])
    }

    pub fn stop(&mut self) -> underpaint_serve::Result<()> {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        match self.thread.take() {
            Some(thread) => thread.join().unwrap(),
            None => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}
