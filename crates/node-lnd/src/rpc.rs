//! The code generated from `proto/`.
#![allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    unreachable_pub,
    reason = "generated; the files in proto/ say what it is"
)]

pub(crate) mod lnrpc {
    tonic::include_proto!("lnrpc");
}
pub(crate) mod invoicesrpc {
    tonic::include_proto!("invoicesrpc");
}
pub(crate) mod routerrpc {
    tonic::include_proto!("routerrpc");
}
pub(crate) mod chainrpc {
    tonic::include_proto!("chainrpc");
}
pub(crate) mod macaroonpb {
    tonic::include_proto!("macaroon");
}
