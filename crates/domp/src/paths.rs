//! Where things lie: the configuration file and the data folder, after the XDG base directory specification.

use crate::failure::Failure;
use std::{
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

/// The profile that is meant when none is named.
const DEFAULT_PROFILE: &str = "default";
/// Longest name of a profile.
const LONGEST_PROFILE: usize = 64;
/// Longest path of a Unix socket: `sockaddr_un` has room for 108 bytes with the closing zero.
const LONGEST_SOCKET: usize = 107;

/// What the command line says about places.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--data-dir`.
    pub data: Option<PathBuf>,
}

/// The places of one profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The profile's name.
    pub profile: String,
    /// The configuration file.
    pub config: PathBuf,
    /// The folder with everything that must survive.
    pub data: PathBuf,
}

impl Paths {
    /// Finds the places: what is named wins, then the XDG variables, then `~/.config` and `~/.local/share`.
    ///
    /// # Errors
    /// If a profile's name cannot be a file name, or there is no home to fall back to.
    pub fn find(named: &Named, env: impl Fn(&str) -> Option<OsString>) -> Result<Self, Failure> {
        let profile = named.profile.clone().unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
        check_profile(&profile)?;
        let base = |variable: &str, fallback: &str| {
            let set = env(variable).map(PathBuf::from).filter(|path| path.is_absolute());
            let home =
                || env("HOME").filter(|home| !home.is_empty()).map(|home| Path::new(&home).join(fallback));
            set.or_else(home).map(|base| base.join("domp")).ok_or_else(|| {
                Failure::usage(
                    "no_home",
                    format!("neither {variable} nor HOME is set, so there is no place to look in"),
                )
                .hint("set HOME, or name the places with --config and --data-dir")
            })
        };
        let config = match &named.config {
            Some(path) => path.clone(),
            None => {
                let file =
                    if profile == DEFAULT_PROFILE { "config.toml".into() } else { format!("{profile}.toml") };
                base("XDG_CONFIG_HOME", ".config")?.join(file)
            }
        };
        let data = match &named.data {
            Some(path) => path.clone(),
            None => base("XDG_DATA_HOME", ".local/share")?.join(&profile),
        };
        Ok(Self { profile, config, data })
    }

    /// The recovery phrase, encrypted.
    pub fn vault(&self) -> PathBuf {
        self.data.join("vault.json")
    }
    /// The database.
    pub fn database(&self) -> PathBuf {
        self.data.join("domp.db")
    }
    /// The token that a request over TCP must carry.
    pub fn token(&self) -> PathBuf {
        self.data.join("api.token")
    }
    /// Where the daemon listens unless the configuration says otherwise.
    pub fn socket(&self) -> PathBuf {
        self.data.join("domp.sock")
    }
}

impl fmt::Display for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile {}, {}, {}", self.profile, self.config.display(), self.data.display())
    }
}

/// Whether the system can bind a socket there.
///
/// # Errors
/// If the path is longer than a socket's address.
pub fn check_socket(path: &Path) -> Result<(), Failure> {
    let length = path.as_os_str().len();
    if length <= LONGEST_SOCKET {
        return Ok(());
    }
    let message = format!(
        "the socket's path {} has {length} bytes; the system allows {LONGEST_SOCKET}",
        path.display()
    );
    Err(Failure::usage("socket_path_too_long", message)
        .field("api.socket")
        .hint("choose a shorter data folder (--data-dir), or set api.socket in the configuration"))
}

fn check_profile(name: &str) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= LONGEST_PROFILE && name.chars().all(plain) {
        return Ok(());
    }
    let shown: String = name.chars().take(LONGEST_PROFILE).collect();
    let rule = format!("a profile is named by 1 to {LONGEST_PROFILE} letters, digits, - and _");
    Err(Failure::usage("bad_profile", format!("--profile is {shown:?}; {rule}")).field("profile"))
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    fn env<'a>(variables: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn find__nothing_named__below_home() {
        let paths = Paths::find(&Named::default(), env(&[("HOME", "/home/ann")])).unwrap();
        assert_eq!(paths.config, Path::new("/home/ann/.config/domp/config.toml"));
        assert_eq!(paths.data, Path::new("/home/ann/.local/share/domp/default"));
        assert_eq!(paths.vault(), Path::new("/home/ann/.local/share/domp/default/vault.json"));
    }

    #[test]
    fn find__xdg_and_profile__both_places_change() {
        let named = Named { profile: Some("shop".into()), ..Named::default() };
        let variables = [("XDG_CONFIG_HOME", "/c"), ("XDG_DATA_HOME", "/d"), ("HOME", "/h")];
        let paths = Paths::find(&named, env(&variables)).unwrap();
        assert_eq!((paths.config, paths.data), ("/c/domp/shop.toml".into(), "/d/domp/shop".into()));
    }

    #[test]
    fn find__relative_xdg__ignored_as_the_specification_says() {
        let paths = Paths::find(&Named::default(), env(&[("XDG_DATA_HOME", "d"), ("HOME", "/h")])).unwrap();
        assert_eq!(paths.data, Path::new("/h/.local/share/domp/default"));
    }

    #[test]
    fn find__both_named__needs_no_home() {
        let named = Named { config: Some("c.toml".into()), data: Some("d".into()), profile: None };
        assert!(Paths::find(&named, env(&[])).is_ok());
        let failure = Paths::find(&Named::default(), env(&[])).unwrap_err();
        assert!(failure.message.contains("HOME"), "{failure:?}");
    }

    #[test]
    fn find__profile_that_leaves_the_folder__refused() {
        for name in ["", "..", "a/b", "a b", &"x".repeat(65)] {
            let named = Named { profile: Some(name.to_owned()), ..Named::default() };
            let failure = Paths::find(&named, env(&[("HOME", "/h")])).unwrap_err();
            assert_eq!(failure.code, "bad_profile", "{name:?}");
        }
    }

    #[test]
    fn check_socket__too_long__says_so_and_the_way_out() {
        assert!(check_socket(Path::new("/run/domp.sock")).is_ok());
        let failure = check_socket(&PathBuf::from("/".to_owned() + &"x".repeat(107))).unwrap_err();
        assert!(failure.message.contains("108 bytes"), "{failure}");
    }
}
