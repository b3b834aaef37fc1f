//! Starts and stops a real bitcoind and real LND nodes on free local ports.
