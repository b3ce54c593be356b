//! The HTTP binding of CloudEvents 1.0: three ways to send, one form inside.
//!
//! What is an event is the engine's to say; here a request only becomes the JSON form of
//! each event in it. Attributes that nobody knows are kept.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use crate::error::{ApiError, ErrorCode};
use crate::extract::{json, media_type};

const STRUCTURED: &str = "application/cloudevents+json";
const BATCHED: &str = "application/cloudevents-batch+json";

/// The events of a request, in order, each in its JSON form.
pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Value>, ApiError> {
    match media_type(headers).as_str() {
        STRUCTURED => Ok(vec![traced(headers, json(body)?)]),
        BATCHED => match json(body)? {
            Value::Array(events) => Ok(events),
            _ => Err(ApiError::new(ErrorCode::InvalidBody, "a batch is a JSON array of events")
                .at("", "must be an array")),
        },
        other if headers.contains_key("ce-specversion") => {
            binary(headers, other, body).map(|event| vec![traced(headers, event)])
        }
        _ => Err(ApiError::new(
            ErrorCode::MediaTypeUnsupported,
            format!("send `{STRUCTURED}`, `{BATCHED}`, or JSON with `ce-*` headers"),
        )),
    }
}

/// Binary mode: attributes in headers, the data as the body.
fn binary(headers: &HeaderMap, media_type: &str, body: &[u8]) -> Result<Value, ApiError> {
    if media_type != "application/json" && !media_type.ends_with("+json") {
        let detail = "in binary mode the body must be JSON";
        return Err(ApiError::new(ErrorCode::MediaTypeUnsupported, detail));
    }
    let mut event = Map::new();
    for (name, value) in headers {
        let Some(attribute) = name.as_str().strip_prefix("ce-") else { continue };
        let wrong = |what: &str| {
            let detail = format!("the header `{name}` {what}");
            ApiError::new(ErrorCode::InvalidEventHeaders, detail)
        };
        if attribute == "data" || attribute == "datacontenttype" {
            return Err(wrong("is no attribute: the body and its Content-Type stand for it"));
        }
        let value = value.to_str().map_err(|_| wrong("is not plain text"))?;
        let value = unescape(value).ok_or_else(|| wrong("is not percent-encoded UTF-8"))?;
        if event.insert(attribute.to_owned(), Value::String(value)).is_some() {
            return Err(wrong("is there twice"));
        }
    }
    event.insert("datacontenttype".to_owned(), Value::String(media_type.to_owned()));
    if !body.is_empty() {
        event.insert("data".to_owned(), json(body)?);
    }
    Ok(Value::Object(event))
}

/// One event alone in a request belongs to the request's trace, unless it names its own.
fn traced(headers: &HeaderMap, mut event: Value) -> Value {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok());
    if let (Some(given), Value::Object(attributes)) = (given, &mut event) {
        attributes.entry("traceparent").or_insert_with(|| Value::String(given.to_owned()));
    }
    event
}

/// Undoes the percent-encoding of a header's value (HTTP binding 3.1.3.2).
fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
            let (high, low) = (digit()?, digit()?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)))
            .collect()
    }

    #[test]
    fn binary_and_structured_mode_say_the_same() {
        let binary = headers(&[
            ("content-type", "application/json"),
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", "urn:vn:register:health"),
            ("ce-type", "a.b.v1"),
            ("ce-comnote", "Tr%E1%BA%BB%20em"),
        ]);
        let event = &read(&binary, br#"{"a":1}"#).unwrap()[0];
        let structured =
            headers(&[("content-type", "application/cloudevents+json; charset=utf-8")]);
        let body = r#"{"specversion":"1.0","id":"1","source":"urn:vn:register:health",
            "type":"a.b.v1","comnote":"Trẻ em","datacontenttype":"application/json","data":{"a":1}}"#;
        assert_eq!(event, &read(&structured, body.as_bytes()).unwrap()[0]);
    }

    #[test]
    fn a_batch_is_an_array() {
        let batch = headers(&[("content-type", BATCHED)]);
        assert_eq!(read(&batch, b"[{}, 7]").unwrap().len(), 2);
        assert_eq!(read(&batch, b"{}").unwrap_err().code(), ErrorCode::InvalidBody);
    }

    #[test]
    fn a_header_that_cannot_be_read_is_named() {
        for value in ["%zz", "%E1", "%4", "%+1"] {
            let mut map =
                headers(&[("content-type", "application/json"), ("ce-specversion", "1.0")]);
            map.insert("ce-id", HeaderValue::from_str(value).unwrap());
            let error = read(&map, b"{}").map(|_| ()).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidEventHeaders, "{value}");
        }
    }

    #[test]
    fn the_requests_trace_is_taken_where_the_event_names_none() {
        let pairs = [("content-type", STRUCTURED), ("traceparent", "00-a-b-01")];
        let event = read(&headers(&pairs), b"{}").unwrap();
        assert_eq!(event[0]["traceparent"], "00-a-b-01");
        let event = read(&headers(&pairs), br#"{"traceparent":"own"}"#).unwrap();
        assert_eq!(event[0]["traceparent"], "own");
    }
}
