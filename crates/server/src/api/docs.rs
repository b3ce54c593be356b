//! `GET /docs`: the description as a page, made here from the same document, so that it
//! needs no script and nothing from the internet.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::response::{Html, IntoResponse as _, Response};
use serde_json::{Map, Value};

use super::Document;
use crate::error::ApiError;
use crate::pages::Frame;

#[derive(Template)]
#[template(path = "docs.html")]
struct Page {
    frame: Frame,
    title: String,
    version: String,
    introduction: Vec<String>,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    tag: String,
    scope: Option<String>,
    summary: String,
    description: Vec<String>,
    parameters: Vec<Part>,
    body: Option<Body>,
    answers: Vec<Answer>,
}

struct Body {
    kinds: String,
    example: Option<String>,
    fields: Vec<Part>,
}

struct Answer {
    status: String,
    description: String,
    fields: Vec<Part>,
}

struct Part {
    name: String,
    kind: String,
    required: bool,
    description: String,
}

/// This description, for people.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "about",
    responses((status = 200, description = "A page.", content_type = "text/html", body = String))
)]
pub(super) async fn docs(
    frame: Frame,
    Extension(document): Extension<Arc<Document>>,
) -> Result<Response, ApiError> {
    let api = serde_json::to_value(&document.0).map_err(ApiError::internal)?;
    let page = Page {
        frame,
        title: text(&api, "/info/title"),
        version: text(&api, "/openapi"),
        introduction: paragraphs(&text(&api, "/info/description")),
        operations: operations(&api),
    };
    Ok(Html(page.render().map_err(ApiError::internal)?).into_response())
}

fn operations(api: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in object(api, "/paths") {
        for (method, operation) in item.as_object().into_iter().flatten() {
            found.push(read(api, path, method, operation));
        }
    }
    // What a portal calls first comes first; health and this page come last.
    found.sort_by_key(|operation: &Operation| (operation.scope.is_none(), operation.path.clone()));
    found
}

fn read(api: &Value, path: &str, method: &str, operation: &Value) -> Operation {
    let parameters = list(operation, "/parameters").iter().map(|part| Part {
        name: text(part, "/name"),
        kind: format!("{} in {}", kind(part.pointer("/schema")), text(part, "/in")),
        required: part.pointer("/required") == Some(&Value::Bool(true)),
        description: text(part, "/description"),
    });
    let answers = object(operation, "/responses").filter_map(|(status, answer)| {
        let json = answer.pointer("/content/application~1json/schema");
        let description = text(answer, "/description");
        (status != "default").then(|| Answer {
            status: status.clone(),
            description,
            fields: fields(api, json),
        })
    });
    Operation {
        id: text(operation, "/operationId"),
        method: method.to_uppercase(),
        path: path.to_owned(),
        tag: text(operation, "/tags/0"),
        scope: operation.pointer("/security/0/key/0").and_then(Value::as_str).map(str::to_owned),
        summary: text(operation, "/summary"),
        description: paragraphs(&text(operation, "/description")),
        parameters: parameters.collect(),
        body: body(api, operation),
        answers: answers.collect(),
    }
}

fn body(api: &Value, operation: &Value) -> Option<Body> {
    let request = operation.pointer("/requestBody")?;
    let content = || object(request, "/content");
    let kinds: Vec<_> = content().map(|(kind, _)| kind.as_str()).collect();
    let first = content().next().map(|(_, media)| media);
    let example = first.and_then(|media| media.get("example"));
    Some(Body {
        kinds: format!("{}. {}", kinds.join(", "), text(request, "/description")),
        example: example.and_then(|example| serde_json::to_string_pretty(example).ok()),
        fields: fields(api, first.and_then(|media| media.get("schema"))),
    })
}

/// The fields of an object's schema, one level deep.
fn fields(api: &Value, schema: Option<&Value>) -> Vec<Part> {
    let Some(schema) = schema.map(|schema| resolve(api, schema)) else { return Vec::new() };
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        return parts.iter().flat_map(|part| fields(api, Some(part))).collect();
    }
    let required = list(schema, "/required");
    object(schema, "/properties")
        .map(|(name, property)| Part {
            name: name.clone(),
            kind: kind(Some(property)),
            required: required.iter().any(|other| other == name),
            description: text(property, "/description"),
        })
        .collect()
}

fn resolve<'a>(api: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix('#'));
    pointer.and_then(|pointer| api.pointer(pointer)).unwrap_or(schema)
}

/// A schema's type in a word or two.
fn kind(schema: Option<&Value>) -> String {
    let Some(schema) = schema else { return "any".to_owned() };
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
        return format!("one of {}", values.join(", "));
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return name.rsplit('/').next().unwrap_or(name).to_owned();
    }
    if let Some(one_of) = schema.get("oneOf").and_then(Value::as_array) {
        let kinds: Vec<_> = one_of.iter().map(|part| kind(Some(part))).collect();
        return kinds.join(" or ");
    }
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => {
            format!("list of {}", kind(schema.get("items")))
        }
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        _ => "any".to_owned(),
    }
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn object<'a>(
    value: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    value.pointer(pointer).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// Markdown's paragraphs and list items, without its marks.
fn paragraphs(markdown: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut open = false;
    for line in markdown.lines().map(str::trim) {
        let item = line.strip_prefix("- ");
        match out.last_mut() {
            _ if line.is_empty() => open = false,
            Some(last) if open && item.is_none() => {
                last.push(' ');
                last.push_str(line);
            }
            _ => {
                out.push(item.unwrap_or(line).to_owned());
                open = true;
            }
        }
    }
    out.iter().map(|line| line.replace('`', "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_join_lines_and_part_items() {
        let found = paragraphs("One\ntwo.\n\n- a `b`\n- c\n  d\n");
        assert_eq!(found, ["One two.", "a b", "c d"]);
    }

    #[test]
    fn a_type_is_told_in_words() {
        let kind_of = |text: &str| kind(serde_json::from_str(text).ok().as_ref());
        assert_eq!(kind_of(r#"{"type":["string","null"]}"#), "string or null");
        assert_eq!(kind_of(r##"{"type":"array","items":{"$ref":"#/a/Thing"}}"##), "list of Thing");
        assert_eq!(kind_of(r#"{"type":"string","enum":["a","b"]}"#), "one of a, b");
    }
}
