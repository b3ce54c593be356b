//! What the extensions of CEL declare: texts, numbers, base64. Rules do not have them.

use super::declare::Row;
use super::functions::{base64, math, quote, text_more};

const COMPARED: &[&str] = &[
    "(int) int",
    "(uint) uint",
    "(double) double",
    "(int, int) int",
    "(uint, uint) uint",
    "(double, double) double",
    "(int, uint) dyn",
    "(int, double) dyn",
    "(uint, int) dyn",
    "(uint, double) dyn",
    "(double, int) dyn",
    "(double, uint) dyn",
    "(list(int)) int",
    "(list(uint)) uint",
    "(list(double)) double",
    "(list(dyn)) dyn",
];

const ROUNDED: &[&str] = &["(double) double"];
const ASKED: &[&str] = &["(double) bool"];
const SIGNED: &[&str] = &["(int) int", "(uint) uint", "(double) double"];
const BITS: &[&str] = &["(int, int) int", "(uint, uint) uint"];
const SHIFTED: &[&str] = &["(int, int) int", "(uint, int) uint"];
const FOUND: &[&str] = &["string.(string) int", "string.(string, int) int"];
const CHANGED: &[&str] = &["string.() string"];

pub(crate) const EXTENSIONS: &[Row] = &[
    ("math.greatest", math::greatest, COMPARED),
    ("math.least", math::least, COMPARED),
    ("math.ceil", math::ceil, ROUNDED),
    ("math.floor", math::floor, ROUNDED),
    ("math.round", math::round, ROUNDED),
    ("math.trunc", math::trunc, ROUNDED),
    ("math.sqrt", math::sqrt, ROUNDED),
    ("math.abs", math::abs, SIGNED),
    ("math.sign", math::sign, SIGNED),
    ("math.isNaN", math::is_nan, ASKED),
    ("math.isInf", math::is_infinite, ASKED),
    ("math.isFinite", math::is_finite, ASKED),
    ("math.bitAnd", math::bit_and, BITS),
    ("math.bitOr", math::bit_or, BITS),
    ("math.bitXor", math::bit_xor, BITS),
    ("math.bitNot", math::bit_not, &["(int) int", "(uint) uint"]),
    ("math.bitShiftLeft", math::shift_left, SHIFTED),
    ("math.bitShiftRight", math::shift_right, SHIFTED),
    ("charAt", text_more::char_at, &["string.(int) string"]),
    ("indexOf", text_more::index_of, FOUND),
    ("lastIndexOf", text_more::last_index_of, FOUND),
    ("lowerAscii", text_more::lower_ascii, CHANGED),
    ("upperAscii", text_more::upper_ascii, CHANGED),
    ("trim", text_more::trim, CHANGED),
    ("reverse", text_more::reverse, CHANGED),
    (
        "replace",
        text_more::replace,
        &["string.(string, string) string", "string.(string, string, int) string"],
    ),
    (
        "split",
        text_more::split,
        &["string.(string) list(string)", "string.(string, int) list(string)"],
    ),
    ("substring", text_more::substring, &["string.(int) string", "string.(int, int) string"]),
    ("join", text_more::join, &["list(string).() string", "list(string).(string) string"]),
    ("strings.quote", text_more::quote, &["(string) string"]),
    ("format", quote::format, &["string.(list(dyn)) string"]),
    ("base64.encode", base64::encode, &["(bytes) string"]),
    ("base64.decode", base64::decode, &["(string) bytes"]),
];
