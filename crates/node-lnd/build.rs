//! Compiles the interface descriptions in `proto/` without needing `protoc`.

use std::error::Error;

const FILES: [&str; 5] =
    ["lightning.proto", "invoices.proto", "router.proto", "chain.proto", "macaroon.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    tonic_prost_build::configure().build_server(false).compile_fds(descriptors)?;
    Ok(())
}
