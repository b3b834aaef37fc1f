//! Configuration: one TOML file, read strictly, overridden by a few environment variables.
//!
//! `file.rs` has the file's form, `checked.rs` the rules that its values obey, `template.rs` the file that `domp init`
//! writes. Whatever is wrong is refused with the file, the key and the rule; nothing is guessed.

mod checked;
mod error;
mod file;
mod template;

pub use checked::{Config, Lnd, RealMoney};
pub use error::ConfigError;
pub use template::{Template, write};
