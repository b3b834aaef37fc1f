//! The few settings of `lnd.conf` that tell how to reach the node.

use crate::error::ConnectError;
use std::{fs, io::ErrorKind, path::Path};

/// What is read from `lnd.conf`; what is not there has LND's default.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LndConf {
    /// `rpclisten`, the first of them.
    pub rpclisten: Option<String>,
    /// `tlscertpath`.
    pub tlscertpath: Option<String>,
    /// `adminmacaroonpath`.
    pub adminmacaroonpath: Option<String>,
}

impl LndConf {
    /// Reads `lnd.conf` of LND's folder; a missing file is an empty one, as for LND itself.
    pub(crate) fn read(folder: &Path) -> Result<Self, ConnectError> {
        let path = folder.join("lnd.conf");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ConnectError::file("LND's configuration", path)(error)),
        }
    }

    /// Lines `key=value` in sections; comments begin with `;` or `#`.
    fn parse(text: &str) -> Self {
        let mut conf = Self::default();
        for line in text.lines() {
            let Some((key, value)) = line.trim().split_once('=') else { continue };
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            let place = match key.trim() {
                "rpclisten" => &mut conf.rpclisten,
                "tlscertpath" => &mut conf.tlscertpath,
                "adminmacaroonpath" => &mut conf.adminmacaroonpath,
                _ => continue,
            };
            place.get_or_insert_with(|| value.to_owned());
        }
        conf
    }

    /// Where to connect to: the listener, with a wildcard host replaced by this machine.
    pub(crate) fn address(&self) -> String {
        let listen = self.rpclisten.as_deref().unwrap_or("127.0.0.1:10009");
        let listen = listen.strip_prefix("tcp://").unwrap_or(listen);
        // LND takes a bare port or a bare host, too.
        if listen.parse::<u16>().is_ok() {
            return format!("127.0.0.1:{listen}");
        }
        match listen.rsplit_once(':') {
            Some(("" | "0.0.0.0" | "*", port)) => format!("127.0.0.1:{port}"),
            Some(("[::]", port)) => format!("[::1]:{port}"),
            Some((_, port)) if port.parse::<u16>().is_ok() => listen.to_owned(),
            _ => format!("{listen}:10009"),
        }
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn conf__usual_file__gives_first_of_each_and_ignores_comments() {
        let conf = LndConf::parse(
            "[Application Options]\n; rpclisten=1.2.3.4:5\n# rpclisten=1.2.3.4:6\n rpclisten = localhost:10010 \n\
             rpclisten=localhost:10011\ntlscertpath=/etc/lnd/tls.cert\n[Bitcoin]\nbitcoin.mainnet=true\n\
             adminmacaroonpath=\n",
        );
        assert_eq!(conf.address(), "localhost:10010");
        assert_eq!(conf.tlscertpath.as_deref(), Some("/etc/lnd/tls.cert"));
        assert_eq!(conf.adminmacaroonpath, None);
    }

    #[test]
    fn conf__each_form_of_listener__becomes_an_address_to_connect_to() {
        let cases = [
            (None, "127.0.0.1:10009"),
            (Some("0.0.0.0:10009"), "127.0.0.1:10009"),
            (Some(":10012"), "127.0.0.1:10012"),
            (Some("10013"), "127.0.0.1:10013"),
            (Some("[::]:10009"), "[::1]:10009"),
            (Some("[fd00::1]:10009"), "[fd00::1]:10009"),
            (Some("lnd.example"), "lnd.example:10009"),
            (Some("tcp://10.0.0.5:10009"), "10.0.0.5:10009"),
        ];
        for (rpclisten, address) in cases {
            let conf = LndConf { rpclisten: rpclisten.map(str::to_owned), ..LndConf::default() };
            assert_eq!(conf.address(), address, "{rpclisten:?}");
        }
    }
}
