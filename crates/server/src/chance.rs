//! The one place that may use chance.
//!
//! Ids are made from what they name, so almost nothing here is random. What must not be
//! guessed is: a session's token, a portal's key, the pseudonym key, and a request's id so
//! that two requests never share one.

/// The operating system would not give random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct ChanceError(getrandom::Error);

/// `N` bytes that nobody can guess.
pub fn bytes<const N: usize>() -> Result<[u8; N], ChanceError> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(ChanceError)?;
    Ok(out)
}

/// `N` such bytes as lower-case hex digits.
pub fn token<const N: usize>() -> Result<String, ChanceError> {
    bytes::<N>().map(|bytes| hex(&bytes))
}

/// Lower-case hex digits of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tokens_differ_and_have_the_asked_length() {
        let (one, two) = (token::<32>().unwrap(), token::<32>().unwrap());
        assert_ne!(one, two);
        assert_eq!((one.len(), two.len()), (64, 64));
    }

    #[test]
    fn hex_keeps_leading_zeros() {
        assert_eq!(hex(&[0, 15, 255]), "000fff");
    }
}
