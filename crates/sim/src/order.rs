//! Orders: what the command line asks for.

/// How many stories of failing seeds are told in full.
pub const STORIES: usize = 3;

/// What to simulate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Many seeds.
    Many {
        /// The first.
        from: u64,
        /// How many.
        seeds: u64,
        /// On how many threads.
        jobs: u32,
    },
    /// One seed, told in words.
    One(u64),
}

/// Usage, for people.
pub const USAGE: &str = "usage: sim [--seeds N] [--from S] [--jobs J] | --seed S

  --seeds N   simulate N trades, one a seed (100000)
  --from S    the first seed (0)
  --jobs J    threads; the rate is that of all of them together (1)
  --seed S    replay one seed and tell its story";

impl Order {
    /// Reads arguments.
    ///
    /// # Errors
    /// The argument that is not understood, and what would be.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut arguments = arguments.into_iter();
        let (mut from, mut seeds, mut jobs, mut one) = (0, 100_000, 1, None);
        while let Some(name) = arguments.next() {
            let mut number = || -> Result<u64, String> {
                let value = arguments.next().ok_or_else(|| format!("{name} needs a number\n\n{USAGE}"))?;
                value.parse().map_err(|_| format!("{name} needs a number, not {value:?}\n\n{USAGE}"))
            };
            match name.as_str() {
                "--seeds" => seeds = number()?,
                "--from" => from = number()?,
                "--jobs" => {
                    let wanted = number()?;
                    jobs = u32::try_from(wanted)
                        .ok()
                        .filter(|jobs| (1..=256).contains(jobs))
                        .ok_or_else(|| format!("--jobs must be from 1 to 256, not {wanted}"))?;
                }
                "--seed" => one = Some(number()?),
                _ => return Err(format!("unknown argument {name:?}\n\n{USAGE}")),
            }
        }
        if from.checked_add(seeds).is_none() {
            return Err(format!("--from {from} and --seeds {seeds} go beyond the last seed, {}", u64::MAX));
        }
        Ok(one.map_or(Self::Many { from, seeds, jobs }, Self::One))
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
        assert_eq!(read(""), Ok(Order::Many { from: 0, seeds: 100_000, jobs: 1 }));
        assert_eq!(read("--seeds 5 --from 7 --jobs 2"), Ok(Order::Many { from: 7, seeds: 5, jobs: 2 }));
        assert_eq!(read("--seed 18446744073709551615"), Ok(Order::One(u64::MAX)));
    }

    #[test]
    fn read__bad_arguments__named() {
        for (words, named) in [
            ("--seeds", "--seeds"),
            ("--seeds many", "many"),
            ("--seed -1", "-1"),
            ("--jobs 0", "--jobs"),
            ("--colour", "--colour"),
            ("--from 18446744073709551615 --seeds 2", "beyond"),
        ] {
            assert!(read(words).is_err_and(|error| error.contains(named)), "{words}");
        }
    }
}
