//! Where the server listens, as flags.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use crate::{Error, Result};

/// The port that is tried first where none is given.
pub const DEFAULT_PORT: u16 = 8017;
/// How many ports are tried where none is given.
const ATTEMPTS: u16 = 20;

/// Flags of programs that serve.
#[derive(Debug, Clone, clap::Args)]
pub struct Listen {
    /// Address to listen on; 0.0.0.0 lets other machines in. Where it is given, requests are answered
    /// whatever name they call this machine by [default: 127.0.0.1, under the names localhost and
    /// 127.0.0.1 only]
    #[arg(long, value_name = "ADDRESS", value_parser = host)]
    pub host: Option<IpAddr>,
    /// Port to listen on; 0 takes any free one [default: 8017, or the next free one]
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Open the page in the browser
    #[arg(long)]
    pub open: bool,
}

impl Listen {
    fn address(&self) -> IpAddr {
        self.host.unwrap_or(Ipv4Addr::LOCALHOST.into())
    }

    /// Takes the port.
    ///
    /// # Errors
    ///
    /// [`Error::PortTaken`] where the port that was given, or every one that was tried, is taken;
    /// [`Error::Listen`] for anything else, such as an address that this machine does not have.
    pub(crate) fn bind(&self) -> Result<TcpListener> {
        let ports = match self.port {
            Some(port) => port..=port,
            None => DEFAULT_PORT..=DEFAULT_PORT + ATTEMPTS - 1,
        };
        let mut taken = SocketAddr::new(self.address(), DEFAULT_PORT);
        for port in ports {
            let address = SocketAddr::new(self.address(), port);
            match TcpListener::bind(address) {
                Ok(listener) => return Ok(listener),
                Err(error) if error.kind() == ErrorKind::AddrInUse => taken = address,
                Err(source) => return Err(Error::Listen { address, source }),
            }
        }
        Err(Error::PortTaken { address: taken })
    }

    /// What a person should know who lets other machines in; nothing for loopback.
    pub(crate) fn warning(&self) -> Option<String> {
        let address = self.address();
        (!address.is_loopback()).then(|| {
            format!(
                "every machine that reaches {} can use this page and download its models. Browsers there offer \
                 neither WebGPU nor offline use over http: the studio then runs on their CPU; https in front of \
                 this server, or a tunnel (ssh -L), helps",
                if address.is_unspecified() {
                    "this one".to_owned()
                } else {
                    address.to_string()
                }
            )
        })
    }
}

fn host(text: &str) -> std::result::Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text
            .parse()
            .map_err(|_| "expected an IP address such as 127.0.0.1, ::1 or 0.0.0.0".to_owned()),
    }
}

/// The address that a browser on this machine opens.
pub(crate) fn url(address: SocketAddr) -> String {
    let mut address = address;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => {
            address.set_ip(std::net::Ipv6Addr::LOCALHOST.into());
        }
        _ => {}
    }
    format!("http://{address}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback(port: Option<u16>) -> Listen {
        Listen {
            host: None,
            port,
            open: false,
        }
    }

    #[test]
    fn a_given_port_that_is_taken_is_an_error_that_names_it() {
        let first = loopback(Some(0)).bind().unwrap();
        let port = first.local_addr().unwrap().port();
        let message = loopback(Some(port)).bind().unwrap_err().to_string();
        assert!(
            message.contains(&format!("port {port} is taken")),
            "{message}"
        );
        assert!(message.contains("--port 0"), "{message}");
    }

    #[test]
    fn without_a_port_the_next_free_one_is_taken() {
        let first = loopback(None).bind().unwrap().local_addr().unwrap();
        let held = loopback(None).bind().unwrap();
        let next = loopback(None).bind().unwrap().local_addr().unwrap();
        assert_eq!(held.local_addr().unwrap(), first);
        assert!(next.port() > first.port(), "{next} after {first}");
    }

    #[test]
    fn an_address_of_another_machine_is_an_error() {
        let elsewhere = Listen {
            host: Some("192.0.2.1".parse().unwrap()),
            ..loopback(Some(0))
        };
        let message = elsewhere.bind().unwrap_err().to_string();
        assert!(message.contains("192.0.2.1"), "{message}");
    }

    #[test]
    fn only_loopback_goes_without_a_warning() {
        assert_eq!(loopback(None).warning(), None);
        let open_to_all = Listen {
            host: Some(host("0.0.0.0").unwrap()),
            ..loopback(None)
        };
        let warning = open_to_all.warning().unwrap();
        assert!(warning.contains("WebGPU"), "{warning}");
    }

    #[test]
    fn the_address_is_one_that_a_browser_opens() {
        let of = |text: &str| url(text.parse().unwrap());
        assert_eq!(of("127.0.0.1:8017"), "http://127.0.0.1:8017/");
        assert_eq!(of("0.0.0.0:80"), "http://127.0.0.1:80/");
        assert_eq!(of("[::]:80"), "http://[::1]:80/");
    }

    #[test]
    fn hosts_are_addresses_or_localhost() {
        assert_eq!(host("localhost"), Ok(Ipv4Addr::LOCALHOST.into()));
        assert!(host("example.org").unwrap_err().contains("IP address"));
    }
}
