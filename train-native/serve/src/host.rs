//! Under which names a server that listens on this machine only answers.
//!
//! A page elsewhere can have its own name resolved to 127.0.0.1 (DNS rebinding). Its scripts then count
//! as being of the same origin as this server, and could read what it serves. They cannot choose the
//! name that the browser sends along, so that a foreign name gives them away.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Why a request is not answered.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// No `Host`, several, or one that is no name: HTTP/1.1 wants exactly one.
    Unclear(String),
    /// A name that is not this machine's.
    Foreign(String),
}

/// Answers only those requests that call this machine by one of its own names.
pub async fn only_own_names(request: Request, next: Next) -> Response {
    match check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// An address in the request line counts as `Host` does: a proxy might have been told either.
fn check(request: &Request) -> Result<(), Refusal> {
    if let Some(authority) = request.uri().authority() {
        check_name(authority.as_str())?;
    }
    let mut names = request.headers().get_all(HOST).iter();
    let Some(name) = names.next() else {
        // Browsers speak HTTP/1.1: a program without a name is no page elsewhere.
        return match request.version() {
            Version::HTTP_09 | Version::HTTP_10 => Ok(()),
            _ => Err(Refusal::Unclear("found none".to_owned())),
        };
    };
    if names.next().is_some() {
        return Err(Refusal::Unclear("found several".to_owned()));
    }
    check_name(&String::from_utf8_lossy(name.as_bytes()))
}

/// Checks a name with or without a port.
fn check_name(text: &str) -> Result<(), Refusal> {
    let unclear = || Refusal::Unclear(format!("found {text:?}"));
    let authority: Authority = text.parse().map_err(|_| unclear())?;
    if authority.as_str().contains('@') {
        return Err(unclear());
    }
    match is_own(authority.host()) {
        true => Ok(()),
        false => Err(Refusal::Foreign(text.to_owned())),
    }
}

/// Whether a host without its port is this machine whatever a name server says.
fn is_own(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let address = match inner {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    };
    if let Some(address) = address {
        return address.to_canonical().is_loopback();
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Unclear(found) => {
                let text =
                    format!("Expected one Host header with the name of this machine, {found}.\n");
                (StatusCode::BAD_REQUEST, text)
            }
            Self::Foreign(name) => {
                let text = format!(
                    "This server answers under this machine's own names only, such as localhost or 127.0.0.1: \
                     found {name:?}.\nIf that name is meant to lead here, start the server with --host and the \
                     address to listen on (--host 127.0.0.1 behind a proxy, --host 0.0.0.0 for other machines).\n"
                );
                (StatusCode::MISDIRECTED_REQUEST, text)
            }
        }
        .into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn request(version: Version, target: &str, hosts: &[&str]) -> Request {
        let mut builder = Request::builder().version(version).uri(target);
        for host in hosts {
            builder = builder.header(HOST, *host);
        }
        builder.body(Body::empty()).unwrap()
    }

    #[test]
    fn names_of_this_machine_are_answered_with_any_port() {
        for host in [
            "localhost",
            "LocalHost:8017",
            "localhost.:1",
            "studio.localhost:65535",
            "127.0.0.1",
            "127.0.0.1:8017",
            "127.8.0.1:80",
            "[::1]",
            "[::1]:8017",
            "[::ffff:127.0.0.1]:8017",
        ] {
            let asked = request(Version::HTTP_11, "/", &[host]);
            assert_eq!(check(&asked), Ok(()), "{host}");
        }
    }

    #[test]
    fn other_names_are_foreign() {
        for host in [
            "evil.example",
            "evil.example:8017",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.evil.example",
            "192.168.0.7:8017",
            "0.0.0.0:8017",
            "[::2]:8017",
            "[::]",
        ] {
            let asked = request(Version::HTTP_11, "/", &[host]);
            assert_eq!(
                check(&asked),
                Err(Refusal::Foreign(host.to_owned())),
                "{host}"
            );
        }
    }

    #[test]
    fn what_is_no_name_or_several_is_unclear() {
        for hosts in [
            &[][..],
            &["localhost", "localhost"],
            &["localhost", "evil.example"],
            &[""],
            &["me@localhost"],
            &["localhost/"],
            &["local host"],
        ] {
            let refusal = check(&request(Version::HTTP_11, "/", hosts)).unwrap_err();
            assert!(
                matches!(refusal, Refusal::Unclear(_)),
                "{hosts:?}: {refusal:?}"
            );
        }
    }

    #[test]
    fn a_program_that_speaks_http_1_0_may_name_nobody() {
        assert_eq!(check(&request(Version::HTTP_10, "/", &[])), Ok(()));
        let foreign = request(Version::HTTP_10, "/", &["evil.example"]);
        assert!(check(&foreign).is_err());
    }

    #[test]
    fn an_address_in_the_request_line_counts_too() {
        let foreign = request(
            Version::HTTP_11,
            "http://evil.example/models/index.json",
            &["localhost"],
        );
        assert!(matches!(check(&foreign), Err(Refusal::Foreign(_))));
        let own = request(Version::HTTP_11, "http://localhost:80/", &["localhost:80"]);
        assert_eq!(check(&own), Ok(()));
    }
}
