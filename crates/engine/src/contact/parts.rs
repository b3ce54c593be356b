//! How many text messages a text takes.

/// Characters that a text message holds in seven bits each, and those that take two places
/// (GSM 03.38, the default alphabet and its extension).
const SEVEN_BITS: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const TWO_PLACES: &str = "^{}\\[~]|€";

/// How many text messages `text` takes: 160 places in one and 153 in each of several, or, where a
/// character needs sixteen bits as most Vietnamese ones do, 70 and 67.
#[must_use]
pub fn parts(text: &str) -> usize {
    let place = |c: char| match c {
        _ if SEVEN_BITS.contains(c) => Some(1),
        _ if TWO_PLACES.contains(c) => Some(2),
        _ => None,
    };
    let (places, one, each) = match text.chars().map(place).sum::<Option<usize>>() {
        Some(places) => (places, 160, 153),
        None => (text.encode_utf16().count(), 70, 67),
    };
    if places <= one { 1 } else { places.div_ceil(each) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vietnamese_letter_makes_a_text_message_short() {
        let long = |of: &str, many: usize| parts(&of.repeat(many));
        assert_eq!([long("a", 160), long("a", 161), long("a", 306), long("a", 307)], [1, 2, 2, 3]);
        assert_eq!([long("ế", 70), long("ế", 71), long("ế", 134), long("ế", 135)], [1, 2, 2, 3]);
        // One character that needs it is enough; à and é need it not.
        assert_eq!([parts(&("a".repeat(70) + "ế")), parts(&"àé".repeat(80))], [2, 1]);
        assert_eq!([long("€", 80), long("€", 81), long("🎉", 35), long("🎉", 36)], [1, 2, 1, 2]);
        assert_eq!(parts(""), 1);
    }
}
