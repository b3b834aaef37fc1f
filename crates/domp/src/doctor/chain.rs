//! The chain and the clock: whether heights and times can be relied on.

use super::finding::Finding;
use domp_ports::lightning::Tip;
use domp_protocol::units::Unix;

/// A tip whose time is further from the clock than this is not relied on.
const FRESH_SECONDS: u64 = 2 * 3600;
/// A block's time may be ahead by honest error.
const AHEAD_SECONDS: u64 = 15 * 60;

/// The clock against the time in the newest block.
pub fn clock(now: Unix, tip: &Tip) -> Finding {
    let check = "clock";
    let (behind, ahead) = (tip.block_time.until(now), now.until(tip.block_time));
    if ahead > FRESH_SECONDS {
        let found = format!("this computer's clock is {} minutes behind the newest block", ahead / 60);
        Finding::bad(check, found, "set the clock (NTP); events with a wrong time are refused by others")
    } else if ahead > AHEAD_SECONDS {
        let found = format!("the newest block is {} minutes ahead of this computer's clock", ahead / 60);
        Finding::warning(check, found, "look whether the clock is right")
    } else if behind > FRESH_SECONDS {
        let found = format!("the newest block is {} minutes old", behind / 60);
        let way_out = "blocks can be slow; otherwise the node is behind or the clock is wrong. Until it is fresh nothing is paid, shipped or confirmed";
        Finding::warning(check, found, way_out)
    } else {
        Finding::good(check, format!("fits the newest block, {} minutes old", behind / 60))
    }
}

/// Whether the node follows its chain.
pub fn synced(tip: &Tip) -> Finding {
    let check = "chain";
    if tip.synced {
        Finding::good(check, format!("synced, block {}", tip.height.0))
    } else {
        let found = format!("the node is not synced (block {})", tip.height.0);
        Finding::bad(check, found, "wait until it is; look at its log if that takes long")
    }
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::{super::finding::Level, *};
    use domp_protocol::units::Height;

    fn tip(block_time: u64) -> Tip {
        Tip { height: Height(800_000), block_time: Unix(block_time), synced: true }
    }

    #[test]
    fn clock__each_distance__judged() {
        let now = Unix(1_000_000);
        let cases = [
            (1_000_000, Level::Ok),
            (1_000_000 - 7_200, Level::Ok),
            (1_000_000 - 7_201, Level::Warn),
            (1_000_000 + 900, Level::Ok),
            (1_000_000 + 901, Level::Warn),
            (1_000_000 + 7_201, Level::Fail),
        ];
        for (block_time, level) in cases {
            assert_eq!(clock(now, &tip(block_time)).level, level, "{block_time}");
        }
    }

    #[test]
    fn synced__not__failed_with_a_way_out() {
        let finding = synced(&Tip { synced: false, ..tip(0) });
        assert_eq!(finding.level, Level::Fail);
        assert!(finding.way_out.is_some());
    }
}
