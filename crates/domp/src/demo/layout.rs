//! Layout: a step as lines of text for people.

use super::{
    purse::{Balances, Purse},
    step::{Money, Otherwise, Step},
};
use crate::shown::{sats, sats_of_msat, time};

const WIDTH: usize = 100;
const INDENT: &str = "   ";
/// Wide enough for every label.
const LABEL: usize = 17;

/// All of a step.
pub fn step(step: &Step) -> String {
    let mut lines = vec![
        format!("{}. {}", step.step, step.title),
        format!("{INDENT}{}, {}", step.height, time(step.time.0)),
        String::new(),
    ];
    for paragraph in &step.explained {
        lines.extend(
            wrapped(paragraph, WIDTH - INDENT.len()).into_iter().map(|line| format!("{INDENT}{line}")),
        );
    }
    lines.push(String::new());
    for money in &step.money {
        let text = format!("{} {}", sats(money.amount_sat.get()), money.place.words());
        lines.extend(labelled(money.name(), &text));
    }
    lines.extend(control(&step.money));
    if let Some(otherwise) = &step.otherwise {
        lines.extend(labelled("if nobody acts", &in_words(otherwise)));
    }
    lines.extend(labelled("balances", &balances(&step.balances)));
    lines.push(String::new());
    lines.join("\n")
}

/// Who can move it: once, where it is the same for all of it.
fn control(money: &[Money]) -> Vec<String> {
    let Some(first) = money.first() else { return Vec::new() };
    if money.iter().all(|one| one.control == first.control) {
        return labelled("who can move it", first.control);
    }
    let labels = std::iter::once("who can move it").chain(std::iter::repeat(""));
    let lines = money.iter().zip(labels);
    lines.flat_map(|(one, label)| labelled(label, &format!("{}: {}", one.name(), one.control))).collect()
}

fn in_words(otherwise: &Otherwise) -> String {
    match &otherwise.by {
        Some(by) => format!("{}, by {by}", otherwise.words),
        None => otherwise.words.clone(),
    }
}

fn balances(balances: &Balances) -> String {
    format!("buyer {}; seller {}", purse(&balances.buyer), purse(&balances.seller))
}

fn purse(purse: &Purse) -> String {
    let mut parts = vec![format!("{} free", sats_of_msat(purse.channels_msat.get()))];
    for (amount, words) in
        [(purse.locked_msat, "locked"), (purse.set_aside_msat, "kept for closing the channel")]
    {
        if amount.get() > 0 {
            parts.push(format!("{} {words}", sats_of_msat(amount.get())));
        }
    }
    parts.join(", ")
}

fn labelled(label: &str, text: &str) -> Vec<String> {
    let lines = wrapped(text, WIDTH - INDENT.len() - LABEL);
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    lines.iter().zip(labels).map(|(line, label)| format!("{INDENT}{label:<LABEL$}{line}")).collect()
}

/// Broken between words into lines of at most so many characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
#[allow(non_snake_case)]
mod tests {
    use super::*;

    #[test]
    fn wrapped__long_text__no_line_too_wide_and_no_word_lost() {
        let text = "one two three four five six seven eight nine ten";
        let lines = wrapped(text, 11);
        assert!(lines.iter().all(|line| line.len() <= 11), "{lines:?}");
        assert_eq!(lines.join(" "), text);
    }

    #[test]
    fn wrapped__word_wider_than_the_line__kept_whole() {
        assert_eq!(wrapped("a incomprehensible b", 4), ["a", "incomprehensible", "b"]);
    }

    #[test]
    fn labelled__several_lines__label_once_and_text_aligned() {
        let lines = labelled("price", &"word ".repeat(40));
        assert!(lines.len() > 1);
        assert!(lines[0].starts_with("   price            word"), "{:?}", lines[0]);
        assert!(lines[1].starts_with("                    word"), "{:?}", lines[1]);
    }
}
