//! Orders: what the command line asks for.

/// What to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The large scopes instead of the small ones.
    pub big: bool,
    /// Threads.
    pub jobs: usize,
}

/// Usage, for people.
pub const USAGE: &str = "usage: check [--big] [--jobs J]

  --big      the large scopes: hours of one core instead of seconds
  --jobs J   threads (1)";

impl Order {
    /// Reads arguments.
    ///
    /// # Errors
    /// The argument that is not understood, and what would be.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut order = Self { big: false, jobs: 1 };
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            match name.as_str() {
                "--big" => order.big = true,
                "--jobs" => {
                    let value = arguments.next().unwrap_or_default();
                    order.jobs = value
                        .parse()
                        .ok()
                        .filter(|jobs| (1..=256).contains(jobs))
                        .ok_or_else(|| format!("--jobs must be a number from 1 to 256, not {value:?}"))?;
                }
                _ => return Err(format!("unknown argument {name:?}\n\n{USAGE}")),
            }
        }
        Ok(order)
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Order, String> {
        Order::read(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn read__good_arguments__what_was_asked() {
        assert_eq!(read(""), Ok(Order { big: false, jobs: 1 }));
        assert_eq!(read("--jobs 2 --big"), Ok(Order { big: true, jobs: 2 }));
    }

    #[test]
    fn read__bad_arguments__named() {
        for (words, named) in [("--jobs", "--jobs"), ("--jobs x", "\"x\""), ("--bigger", "--bigger")] {
            assert!(read(words).is_err_and(|error| error.contains(named)), "{words}");
        }
    }
}
