//! LND behind the Lightning port, over gRPC.
