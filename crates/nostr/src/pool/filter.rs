//! NIP-01 filters. Only one-letter tags can be asked for: relays drop any other condition silently and then match
//! everything, so DOMP's `ref` tags are found by the `e` tags beside them.

use domp_ports::relays::Wanted;
use domp_protocol::{
    ids::{EventId, PublicKey},
    units::Unix,
};
use serde::Serialize;

/// Most values in one list of a filter; relays refuse messages above some hundred kilobytes.
const MAX_VALUES: usize = 400;
/// Most filters in one request.
const MAX_FILTERS: usize = 10;

/// One filter, as it goes over the wire. Empty lists are no condition and are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Filter {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ids: Vec<EventId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) kinds: Vec<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) authors: Vec<PublicKey>,
    #[serde(rename = "#e", skip_serializing_if = "Vec::is_empty")]
    pub(crate) refers_to: Vec<EventId>,
    #[serde(rename = "#p", skip_serializing_if = "Vec::is_empty")]
    pub(crate) addressed_to: Vec<PublicKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

impl Filter {
    /// The filters for what is wanted: one, or several when a list is too long for one.
    pub(crate) fn split(wanted: &Wanted) -> Vec<Self> {
        let whole = Self {
            ids: wanted.ids.clone(),
            kinds: wanted.kinds.clone(),
            authors: wanted.authors.clone(),
            refers_to: wanted.refers_to.clone(),
            addressed_to: wanted.addressed_to.clone(),
            since: wanted.since.map(|Unix(seconds)| seconds),
            until: None,
            limit: wanted.limit,
        };
        let mut filters = vec![whole];
        filters = by(filters, |f| &mut f.ids);
        filters = by(filters, |f| &mut f.kinds);
        filters = by(filters, |f| &mut f.authors);
        filters = by(filters, |f| &mut f.refers_to);
        by(filters, |f| &mut f.addressed_to)
    }
    /// Whether nothing new can match once every id was found.
    pub(crate) fn is_by_id(&self) -> bool {
        !self.ids.is_empty()
    }
    fn values(&self) -> usize {
        self.ids.len()
            + self.kinds.len()
            + self.authors.len()
            + self.refers_to.len()
            + self.addressed_to.len()
    }
}

fn by<T: Clone>(filters: Vec<Filter>, list: impl Fn(&mut Filter) -> &mut Vec<T>) -> Vec<Filter> {
    let mut out = Vec::with_capacity(filters.len());
    for mut filter in filters {
        let values = std::mem::take(list(&mut filter));
        if values.is_empty() {
            out.push(filter);
            continue;
        }
        for chunk in values.chunks(MAX_VALUES) {
            let mut part = filter.clone();
            *list(&mut part) = chunk.to_vec();
            out.push(part);
        }
    }
    out
}

/// Groups filters into requests that relays take.
pub(crate) fn requests(filters: Vec<Filter>) -> Vec<Vec<Filter>> {
    let mut requests: Vec<Vec<Filter>> = Vec::new();
    let mut values = 0;
    for filter in filters {
        values += filter.values();
        match requests.last_mut() {
            Some(last) if last.len() < MAX_FILTERS && values <= MAX_VALUES => last.push(filter),
            _ => {
                values = filter.values();
                requests.push(vec![filter]);
            }
        }
    }
    requests
}

/// A `REQ` message.
pub(crate) fn req(subscription: &str, filters: &[Filter]) -> Result<String, serde_json::Error> {
    let mut message = format!("[\"REQ\",\"{subscription}\"");
    for filter in filters {
        message.push(',');
        message.push_str(&serde_json::to_string(filter)?);
    }
    message.push(']');
    Ok(message)
}

/// A `CLOSE` message.
pub(crate) fn close(subscription: &str) -> String {
    format!("[\"CLOSE\",\"{subscription}\"]")
}

#[cfg(test)]
mod tests {
    #![allow(non_snake_case)]
    use super::*;

    fn id(n: usize) -> EventId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        EventId::from_bytes(bytes)
    }

    #[test]
    fn req__every_condition__one_letter_tags_only() {
        let wanted = Wanted {
            kinds: vec![303, 1059],
            refers_to: vec![id(1)],
            addressed_to: vec![PublicKey::from_bytes([2; 32])],
            since: Some(Unix(7)),
            limit: Some(3),
            ..Wanted::default()
        };
        let message = req("s", &Filter::split(&wanted)).unwrap();
        let expected = format!(
            r##"["REQ","s",{{"kinds":[303,1059],"#e":["{}"],"#p":["{}"],"since":7,"limit":3}}]"##,
            id(1),
            "02".repeat(32)
        );
        assert_eq!(message, expected);
        assert_eq!(req("s", &Filter::split(&Wanted::default())).unwrap(), r#"["REQ","s",{}]"#);
    }

    #[test]
    fn split__long_lists__every_combination_once() {
        let wanted =
            Wanted { ids: (0..900).map(id).collect(), kinds: (0..500).collect(), ..Wanted::default() };
        let parts = Filter::split(&wanted);
        assert_eq!(parts.len(), 3 * 2);
        assert_eq!(parts.iter().map(|p| p.ids.len() * p.kinds.len()).sum::<usize>(), 900 * 500);
        assert!(parts.iter().all(|p| p.ids.len() <= MAX_VALUES && p.kinds.len() <= MAX_VALUES));
    }

    #[test]
    fn requests__many_filters__grouped_within_bounds() {
        let few = vec![Filter::default(); 23];
        assert_eq!(requests(few).iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
        let wanted = Wanted { ids: (0..900).map(id).collect(), ..Wanted::default() };
        assert_eq!(requests(Filter::split(&wanted)).len(), 3);
        assert!(requests(Vec::new()).is_empty());
    }
}
