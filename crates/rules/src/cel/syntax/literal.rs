//! Numbers, texts and bytes as CEL writes them, with their escapes.

use super::ast::Literal;

/// Where it went wrong, counted from the start of the literal, and how.
type Wrong = (usize, String);

/// How many letters of `rest` stand before the quote of a text, where it begins with one.
pub(super) fn prefix(rest: &str) -> Option<usize> {
    // Two letters at most: looking further for a quote at every word would read the text anew.
    let length = rest.bytes().take(3).position(|byte| matches!(byte, b'\'' | b'"'))?;
    let letters = rest.get(..length)?.to_ascii_lowercase();
    matches!(letters.as_str(), "" | "r" | "b" | "br" | "rb").then_some(length)
}

/// The text or bytes at the start of `rest`, whose quote begins after `prefix` letters, and its
/// length.
pub(super) fn text(rest: &str, prefix: usize) -> Result<(Literal, usize), Wrong> {
    let letters = rest.get(..prefix).unwrap_or_default().to_ascii_lowercase();
    let (raw, bytes) = (letters.contains('r'), letters.contains('b'));
    let body = rest.get(prefix..).unwrap_or_default();
    let quote = ["'''", "\"\"\"", "'", "\""].into_iter().find(|quote| body.starts_with(quote));
    let quote = quote.unwrap_or("\"");
    let start = prefix + quote.len();
    let mut text = Text { out: Vec::new(), bytes };
    let mut at = start;
    loop {
        let left = rest.get(at..).unwrap_or_default();
        if left.starts_with(quote) {
            break;
        }
        let Some(letter) = left.chars().next() else {
            return Err((0, "this text has no closing quote".to_owned()));
        };
        match letter {
            '\n' | '\r' if quote.len() == 1 => {
                return Err((0, "this text has no closing quote".to_owned()));
            }
            // A raw text keeps its backslashes; a backslash still guards the quote behind it.
            '\\' if raw => {
                let guarded = left.chars().nth(1).filter(|c| matches!(c, '\'' | '"' | '\\'));
                text.letter(letter);
                at += 1;
                // `\\` and `\"` are two letters each: neither ends the text.
                if let Some(guarded) = guarded {
                    text.letter(guarded);
                    at += guarded.len_utf8();
                }
            }
            '\\' => at += text.escape(left).map_err(|message| (at, message))?,
            _ => {
                text.letter(letter);
                at += letter.len_utf8();
            }
        }
    }
    let length = at + quote.len();
    let literal = if bytes {
        Literal::Bytes(text.out)
    } else {
        let text = String::from_utf8(text.out);
        Literal::String(text.map_err(|_| (0, "this text is not Unicode".to_owned()))?)
    };
    Ok((literal, length))
}

struct Text {
    out: Vec<u8>,
    bytes: bool,
}

impl Text {
    fn letter(&mut self, letter: char) {
        self.out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// The escape at the start of `left`, and how many bytes it takes.
    fn escape(&mut self, left: &str) -> Result<usize, String> {
        let kind = left.chars().nth(1).unwrap_or_default();
        let plain = match kind {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' | '\'' | '"' | '`' | '?' => kind,
            'x' | 'X' => return self.code(left, 2, 2, 16),
            'u' if !self.bytes => return self.code(left, 2, 4, 16),
            'U' if !self.bytes => return self.code(left, 2, 8, 16),
            '0'..='3' => return self.code(left, 1, 3, 8),
            _ => return Err(format!("`\\{kind}` is no escape that a text can have")),
        };
        self.letter(plain);
        Ok(2)
    }

    /// A letter by its number: `digits` of them after `skip` bytes.
    fn code(
        &mut self,
        left: &str,
        skip: usize,
        digits: usize,
        radix: u32,
    ) -> Result<usize, String> {
        let end = skip + digits;
        let wrong = || "this escape is not the number of a letter".to_owned();
        let text = left.get(skip..end).ok_or_else(wrong)?;
        if !text.chars().all(|c| c.is_digit(radix)) {
            return Err(wrong());
        }
        let number = u32::from_str_radix(text, radix).map_err(|_| wrong())?;
        if self.bytes {
            self.out.push(u8::try_from(number).map_err(|_| wrong())?);
        } else {
            self.letter(char::from_u32(number).ok_or_else(wrong)?);
        }
        Ok(end)
    }
}

/// The number at the start of `rest` and its length; `None` for the one whole number that is
/// right only behind a minus.
pub(super) fn number(rest: &str) -> Result<(Option<Literal>, usize), Wrong> {
    let (body, radix) = match rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None => (rest, 10),
    };
    let prefix = rest.len() - body.len();
    let digits = |text: &str, radix| text.chars().take_while(|c| c.is_digit(radix)).count();
    let whole = digits(body, radix);
    if radix == 10 {
        let length = whole + fraction(body.get(whole..).unwrap_or_default());
        if length > whole {
            let text = body.get(..length).unwrap_or_default();
            let number = text.parse::<f64>().ok();
            let number = number.ok_or_else(|| (length, format!("`{text}` is not a number")))?;
            return Ok((Some(Literal::Double(number)), length));
        }
    }
    let text = body.get(..whole).unwrap_or_default();
    let after = body.get(whole..).and_then(|after| after.chars().next()).unwrap_or_default();
    let unsigned = matches!(after, 'u' | 'U');
    let length = prefix + whole + usize::from(unsigned);
    let wrong = || (length, "this number is too large".to_owned());
    let number = u64::from_str_radix(text, radix).map_err(|_| wrong())?;
    if unsigned {
        return Ok((Some(Literal::Uint(number)), length));
    }
    if number == i64::MIN.unsigned_abs() {
        return Ok((None, length));
    }
    let number = i64::try_from(number).map_err(|_| wrong())?;
    Ok((Some(Literal::Int(number)), length))
}

/// How many bytes of a fraction and an exponent follow the whole part of a number.
fn fraction(rest: &str) -> usize {
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
    let point = match rest.strip_prefix('.') {
        Some(after) if digits(after) > 0 => 1 + digits(after),
        _ => 0,
    };
    let after = rest.get(point..).unwrap_or_default();
    let Some(exponent) = after.strip_prefix(['e', 'E']) else { return point };
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    match digits(unsigned) {
        0 => point,
        count => point + 1 + (exponent.len() - unsigned.len()) + count,
    }
}
