//! Dice: a small deterministic generator (splitmix64). The same seed falls the same way on every machine.

/// The dice of one walk.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice for a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number below `bound`; zero when `bound` is zero.
    pub const fn below(&mut self, bound: u32) -> u32 {
        if bound == 0 {
            return 0;
        }
        // The high half times the bound: no division, and as even as 32 bits allow.
        (((self.next() >> 32) * bound as u64) >> 32) as u32
    }
    /// A number from `least` to `most`.
    pub const fn between(&mut self, least: u32, most: u32) -> u32 {
        least + self.below(most.saturating_sub(least).saturating_add(1))
    }
    /// Whether something that happens `times` in a hundred happens now.
    pub const fn percent(&mut self, times: u32) -> bool {
        self.below(100) < times
    }
    /// One of several, if there are any.
    pub fn one_of<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let n = self.below(u32::try_from(things.len()).unwrap_or(u32::MAX));
        things.get(n as usize)
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn below__any_bound__stays_below_and_reaches_everything() {
        let mut dice = Dice::new(7);
        let mut seen = [0u32; 6];
        for _ in 0..6000 {
            seen[dice.below(6) as usize] += 1;
        }
        assert!(seen.iter().all(|count| (800..1200).contains(count)), "{seen:?}");
        assert_eq!(dice.below(0), 0);
        assert_eq!(Dice::new(3).between(5, 5), 5);
    }

    #[test]
    fn same_seed__twice__falls_the_same() {
        let throw = |seed| {
            let mut dice = Dice::new(seed);
            (0..20).map(|_| dice.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(throw(42), throw(42));
        assert_ne!(throw(42), throw(43));
    }
}
