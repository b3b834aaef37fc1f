//! The form of a NIP-44 payload in base64: its length, its alphabet, its padding and its version; and that it is not shown.

use crate::samples;
use domp_protocol::tags::sealed::Sealed;

/// A text of so many characters that begins as a payload of version 2, with this end.
fn text(length: usize, end: &str) -> String {
    format!("Ag{}{end}", "x".repeat(length - 2 - end.len()))
}

fn read(text: &str) -> Result<String, String> {
    text.parse::<Sealed>().map(String::from).map_err(|error| error.to_string())
}

fn refused(why: &str) -> Result<String, String> {
    Err(format!("is not a NIP-44 payload: {why}"))
}

const LENGTH: &str = "it must be 132 to 87472 characters long";
const BASE64: &str = "it must be padded base64";

#[test]
fn payload__with_no_one_or_two_signs_of_padding__read_as_it_is() {
    for end in ["", "=", "=="] {
        for length in [132, 136, 87_472] {
            let text = text(length, end);
            assert_eq!(read(&text), Ok(text));
        }
    }
    let every_sign = text(132, "AZaz09+/");
    assert_eq!(read(&every_sign), Ok(every_sign));
}

#[test]
fn payload__with_three_signs_of_padding_or_more__refused() {
    for end in ["===", "====", "======="] {
        assert_eq!(read(&text(132, end)), refused(BASE64), "{end}");
    }
}

#[test]
fn payload__of_a_length_that_four_does_not_divide__refused() {
    for (length, end) in [(133, ""), (134, "="), (135, "=="), (87_471, "")] {
        assert_eq!(read(&text(length, end)), refused(BASE64), "{length} and {end}");
    }
}

#[test]
fn payload__with_a_character_outside_base64__refused() {
    for end in ["-", "_", " ", "\n", "\u{fc}", "=x", "=x=", "*==", "?==="] {
        assert_eq!(read(&text(132, end)), refused(BASE64), "{end:?}");
    }
}

#[test]
fn payload__shorter_or_longer_than_nip_44_allows__refused() {
    for length in [128, 131, 87_473, 87_476] {
        assert_eq!(read(&text(length, "")), refused(LENGTH), "{length}");
    }
    assert_eq!(read(""), refused(LENGTH));
}

#[test]
fn payload__of_another_version__refused() {
    let good = text(132, "");
    for begin in ["Af", "Aw", "AQ", "BA", "gA"] {
        assert_eq!(read(&good.replacen("Ag", begin, 1)), refused("its version is not 2"), "{begin}");
    }
    // Two bits of the second character belong to the byte after the version.
    let last = good.replacen("Ag", "Av", 1);
    assert_eq!(read(&last), Ok(last));
}

#[test]
fn payload__printed__its_length_only() {
    assert_eq!(format!("{:?}", samples::sealed('q')), "Sealed(176 characters)");
}
