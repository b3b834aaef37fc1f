//! What a macaroon says of itself.
//!
//! A macaroon is readable by whoever holds it: a location, an identifier that lists the operations it allows, and
//! caveats that narrow it. Only LND can check its signature, but what it allows can be read here, without a call and
//! without any permission.

use crate::{error::ConnectError, rpc::macaroonpb::MacaroonId};
use prost::Message as _;
use std::{collections::BTreeSet, fs, path::Path};

/// The second binary format of macaroons, the only one that LND uses.
const FORMAT: u8 = 2;
/// The third version of the bakery's identifiers, the only one that LND uses.
const IDENTIFIER_VERSION: u8 = 3;

/// The kinds of field in the binary format.
const END: u64 = 0;
const LOCATION: u64 = 1;
const IDENTIFIER: u64 = 2;
const VERIFICATION: u64 = 4;
const SIGNATURE: u64 = 6;

/// A macaroon read from a file. It opens a wallet: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct Macaroon {
    bytes: Vec<u8>,
    allows: BTreeSet<Operation>,
    caveats: Vec<String>,
}

/// Something a macaroon allows: an action on an entity, such as `invoices:read`, or one call, `uri:/lnrpc…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// What is acted upon; `uri` for a single call.
    pub entity: String,
    /// What may be done with it; the call's path for `uri`.
    pub action: String,
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.entity, self.action)
    }
}

impl Macaroon {
    /// Reads a macaroon file as LND writes it.
    ///
    /// # Errors
    /// [`ConnectError`] naming the file, if it cannot be read or is no macaroon of LND.
    pub fn read(path: &Path) -> Result<Self, ConnectError> {
        let bytes = fs::read(path).map_err(ConnectError::file("the macaroon", path))?;
        Self::parse(bytes).map_err(|reason| ConnectError::BadFile {
            what: "a macaroon of LND",
            path: path.to_owned(),
            reason: reason.to_owned(),
        })
    }

    pub(crate) fn parse(bytes: Vec<u8>) -> Result<Self, &'static str> {
        let mut rest = match bytes.split_first() {
            Some((&FORMAT, rest)) => rest,
            Some(_) => return Err("it does not begin as a binary macaroon does"),
            None => return Err("it is empty"),
        };
        let identifier = section(&mut rest)?.ok_or("it has no identifier")?;
        let mut caveats = Vec::new();
        while let Some(caveat) = section(&mut rest)? {
            caveats.push(String::from_utf8_lossy(caveat).into_owned());
        }
        match field(&mut rest)? {
            (SIGNATURE, signature) if signature.len() == 32 && rest.is_empty() => {}
            _ => return Err("it does not end with a signature"),
        }
        let allows = match identifier.split_first() {
            Some((&IDENTIFIER_VERSION, id)) => {
                MacaroonId::decode(id).map_err(|_| "its identifier is damaged")?
            }
            _ => return Err("its identifier is of another version"),
        };
        let allows = allows
            .ops
            .into_iter()
            .flat_map(|op| {
                let entity = op.entity;
                op.actions.into_iter().map(move |action| Operation { entity: entity.clone(), action })
            })
            .collect();
        Ok(Self { bytes, allows, caveats })
    }

    /// Everything it allows, caveats aside.
    pub const fn allows(&self) -> &BTreeSet<Operation> {
        &self.allows
    }

    /// The conditions that narrow it further, in the bakery's words, such as `time-before …`.
    pub fn caveats(&self) -> &[String] {
        &self.caveats
    }

    /// As LND wants it in a call's metadata.
    pub(crate) fn to_hex(&self) -> String {
        hex::encode(&self.bytes)
    }
}

/// One section of the format, up to its end mark: gives the identifier, or `None` for an empty section.
fn section<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, &'static str> {
    let mut identifier = None;
    loop {
        match field(rest)? {
            (END, _) => return Ok(identifier),
            (IDENTIFIER, data) => identifier = Some(data),
            (LOCATION | VERIFICATION, _) => {}
            _ => return Err("it has a field of an unknown kind"),
        }
    }
}

/// One field: its kind and its data. The end mark has no data.
fn field<'a>(rest: &mut &'a [u8]) -> Result<(u64, &'a [u8]), &'static str> {
    let kind = varint(rest)?;
    if kind == END {
        return Ok((END, &[]));
    }
    let length = usize::try_from(varint(rest)?).map_err(|_| "it is cut short")?;
    let (data, after) = rest.split_at_checked(length).ok_or("it is cut short")?;
    *rest = after;
    Ok((kind, data))
}

fn varint(rest: &mut &[u8]) -> Result<u64, &'static str> {
    prost::encoding::decode_varint(rest).map_err(|_| "it is cut short")
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;
    use crate::rpc::macaroonpb::Op;

    /// A macaroon with these operations and caveats, as LND writes it.
    fn made(operations: &[(&str, &[&str])], caveats: &[&str]) -> Vec<u8> {
        let ops = operations.iter().map(|(entity, actions)| Op {
            entity: (*entity).to_owned(),
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        });
        let mut id = vec![IDENTIFIER_VERSION];
        id.extend(MacaroonId { ops: ops.collect() }.encode_to_vec());
        let mut bytes = vec![FORMAT];
        let mut put = |kind: u64, data: &[u8]| {
            prost::encoding::encode_varint(kind, &mut bytes);
            prost::encoding::encode_varint(data.len() as u64, &mut bytes);
            bytes.extend_from_slice(data);
        };
        put(LOCATION, b"lnd");
        put(IDENTIFIER, &id);
        bytes.push(0);
        for caveat in caveats {
            bytes.extend([2, u8::try_from(caveat.len()).unwrap()]);
            bytes.extend_from_slice(caveat.as_bytes());
            bytes.push(0);
        }
        bytes.extend([0, 6, 32]);
        bytes.extend([7; 32]);
        bytes
    }

    #[test]
    fn macaroon__well_formed__tells_what_it_allows_and_its_caveats() {
        let bytes = made(
            &[("invoices", &["read", "write"]), ("uri", &["/lnrpc.Lightning/GetInfo"])],
            &["time-before x"],
        );
        let macaroon = Macaroon::parse(bytes.clone()).unwrap();
        let allows: Vec<String> = macaroon.allows().iter().map(ToString::to_string).collect();
        assert_eq!(allows, ["invoices:read", "invoices:write", "uri:/lnrpc.Lightning/GetInfo"]);
        assert_eq!(macaroon.caveats(), ["time-before x"]);
        assert_eq!(macaroon.to_hex(), hex::encode(bytes));
    }

    #[test]
    fn macaroon__every_cut__refused() {
        let bytes = made(&[("invoices", &["read"])], &["c"]);
        for length in 0..bytes.len() {
            assert!(Macaroon::parse(bytes[..length].to_vec()).is_err(), "cut to {length}");
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(Macaroon::parse(longer).is_err(), "one byte more");
    }

    #[test]
    fn macaroon__something_else__names_the_file_and_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.macaroon");
        for (content, reason) in
            [(&b""[..], "it is empty"), (&b"0201036c6e64"[..], "it does not begin as a binary macaroon does")]
        {
            fs::write(&path, content).unwrap();
            let error = Macaroon::read(&path).err().map(|error| error.to_string());
            assert_eq!(error, Some(format!("{} is not a macaroon of LND: {reason}", path.display())));
        }
    }
}
