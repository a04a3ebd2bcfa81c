//! Where webhooks may go.
//!
//! A user who names an address inside the server's own network would have sheaf knock there in its name. So addresses are
//! judged where the connection is made, after the name has been resolved: a name that resolves to something else than it
//! did when it was first looked at gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Which addresses may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Those of the public internet.
    Public,
    /// All, because the operator says so.
    All,
}

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no address that anything could be posted to.
    #[error("expected an address such as https://example.org/hook, without user, password or fragment")]
    Malformed,
    /// It is, or its name resolves to, an address that is not on the public internet.
    #[error("the address is in a private network: the operator can allow that with --webhooks-allow-private")]
    Private,
    /// Its name has no address.
    #[error("the name in the address cannot be resolved")]
    Unresolved,
}

impl Addresses {
    /// Judges an address that somebody gives. A name that cannot be resolved now may be later.
    ///
    /// # Errors
    /// `Malformed`, `Private`.
    pub async fn check(self, url: &str) -> Result<(), AddressError> {
        let url = Url::parse(url).map_err(|_| AddressError::Malformed)?;
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !plain {
            return Err(AddressError::Malformed);
        }
        self.check_literal(&url)?;
        let host = url.host_str().ok_or(AddressError::Malformed)?;
        match self.resolve(host).await {
            Err(AddressError::Private) => Err(AddressError::Private),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Judges an address that names its host by number. The parser has brought every way to write one into one form.
    ///
    /// # Errors
    /// `Private`.
    pub fn check_literal(self, url: &Url) -> Result<(), AddressError> {
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        match host.parse() {
            Ok(ip) if !self.allows(ip) => Err(AddressError::Private),
            _ => Ok(()),
        }
    }

    async fn resolve(self, host: &str) -> Result<Vec<SocketAddr>, AddressError> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((host, 0)).await.map_err(|_| AddressError::Unresolved)?;
        let found: Vec<SocketAddr> = found.collect();
        if found.is_empty() {
            return Err(AddressError::Unresolved);
        }
        let allowed: Vec<SocketAddr> =
            found.into_iter().filter(|address| self.allows(address.ip())).collect();
        if allowed.is_empty() { Err(AddressError::Private) } else { Ok(allowed) }
    }

    fn allows(self, ip: IpAddr) -> bool {
        self == Self::All
            || match ip {
                IpAddr::V4(ip) => is_public_v4(ip),
                IpAddr::V6(ip) => is_public_v6(ip),
            }
    }
}

impl Resolve for Addresses {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = *self;
        Box::pin(async move {
            let found = Self::resolve(addresses, name.as_str()).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Not in IANA's registry of special-purpose addresses (RFC 6890), and no multicast.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let special = match ip.octets() {
        [0 | 10 | 127, ..] | [224..=255, ..] | [169, 254, ..] | [192, 168, ..] => true,
        [100, second, ..] => second & 0xc0 == 64,
        [172, second, ..] => second & 0xf0 == 16,
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        [198, second, ..] => second & 0xfe == 18,
        _ => false,
    };
    !special
}

/// Global unicast (2000::/3), without documentation, and without what carries an IPv4 address inside.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_public_or_refused_however_it_is_written() {
        for (url, expected) in [
            ("https://8.8.8.8/hook?a=b", Ok(())),
            ("http://[2606:4700::1]:8443/", Ok(())),
            ("https://127.0.0.1/", Err(AddressError::Private)),
            ("https://localhost:8080/", Err(AddressError::Private)),
            ("https://2130706433/", Err(AddressError::Private)),
            ("https://0x7f.1/", Err(AddressError::Private)),
            ("https://0/", Err(AddressError::Private)),
            ("https://10.1.2.3/", Err(AddressError::Private)),
            ("https://172.31.255.255/", Err(AddressError::Private)),
            ("https://172.32.0.1/", Ok(())),
            ("https://192.168.0.1/", Err(AddressError::Private)),
            ("https://169.254.169.254/latest/meta-data", Err(AddressError::Private)),
            ("https://100.64.0.1/", Err(AddressError::Private)),
            ("https://198.19.0.1/", Err(AddressError::Private)),
            ("https://224.0.0.1/", Err(AddressError::Private)),
            ("https://255.255.255.255/", Err(AddressError::Private)),
            ("https://[::1]/", Err(AddressError::Private)),
            ("https://[::]/", Err(AddressError::Private)),
            ("https://[::ffff:10.0.0.1]/", Err(AddressError::Private)),
            ("https://[64:ff9b::a00:1]/", Err(AddressError::Private)),
            ("https://[fd00::1]/", Err(AddressError::Private)),
            ("https://[fe80::1]/", Err(AddressError::Private)),
            ("https://[2002:a00:1::]/", Err(AddressError::Private)),
            ("https://[2001:db8::1]/", Err(AddressError::Private)),
            ("https://no-such-name.invalid/", Ok(())),
            ("ftp://8.8.8.8/", Err(AddressError::Malformed)),
            ("https://ann:secret@8.8.8.8/", Err(AddressError::Malformed)),
            ("https://8.8.8.8/#a", Err(AddressError::Malformed)),
            ("8.8.8.8", Err(AddressError::Malformed)),
            ("", Err(AddressError::Malformed)),
        ] {
            assert_eq!(Addresses::Public.check(url).await, expected, "{url}");
        }
        assert_eq!(Addresses::All.check("http://127.0.0.1:9/").await, Ok(()));
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_a_private_address_is_refused_where_the_connection_is_made() {
        let found = Resolve::resolve(&Addresses::Public, "localhost".parse().unwrap()).await;
        let error = found.map(|_| ()).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&AddressError::Private));
        assert!(Resolve::resolve(&Addresses::All, "localhost".parse().unwrap()).await.is_ok());
    }
}
