//! `base64.encode` and `base64.decode`, with the standard alphabet; padding may be left out.

use std::sync::Arc;

use super::{Made, pay};
use crate::cel::declare::Context;
use crate::cel::undetermined::Problem;
use crate::cel::value::Value;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn letter(bits: u32) -> char {
    let place = usize::try_from(bits & 63).unwrap_or_default();
    LETTERS.get(place).map_or('A', |letter| char::from(*letter))
}

fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| three.get(at).map_or(0, |byte| u32::from(*byte));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let padding = place > three.len();
            text.push(if padding { '=' } else { letter(bits >> (18 - 6 * place)) });
        }
    }
    text
}

pub(crate) fn to_bytes(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let place = LETTERS.iter().position(|letter| *letter == byte)?;
        bits = (bits << 6 | u32::try_from(place).ok()?) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    (count < 6).then_some(bytes)
}

pub(crate) fn encode<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::Bytes(bytes)] => {
            pay(context, bytes.len() * 2)?;
            Ok(Value::text(to_text(bytes)))
        }
        _ => Err(Problem::NoOverload),
    }
}

pub(crate) fn decode<'a>(context: &mut Context<'_>, args: &[Value<'a>]) -> Made<'a> {
    match args {
        [Value::String(text)] => {
            pay(context, text.as_str().len())?;
            let bytes = to_bytes(text.as_str()).ok_or(Problem::BadConversion)?;
            Ok(Value::Bytes(Arc::from(bytes)))
        }
        _ => Err(Problem::NoOverload),
    }
}
