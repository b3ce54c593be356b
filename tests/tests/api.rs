//! The API from outside: what is open, what needs a key, and what a refusal looks like.

use anyhow::Result;
use serde_json::Value;
use support::program::Installation;

#[test]
fn only_health_and_the_description_are_open() -> Result<()> {
    let running = Installation::new()?;
    let running = running.start(&["serve"])?;
    let client = running.client();
    for path in ["/health/live", "/health/ready", "/docs", "/openapi.json"] {
        assert_eq!(client.get(path)?.status, 200, "{path}");
    }
    let closed = [
        client.get("/v1/suggestions")?,
        client.get("/v1/drafts/drf_0123456789abcdefghjkmnpqrs")?,
        client.post("/v1/events", "application/cloudevents+json", "{}")?,
        client.post(
            "/v1/suggestions/sug_0123456789abcdefghjkmnpqrs/outcome",
            "application/json",
            "{}",
        )?,
    ];
    for answer in closed {
        assert_eq!(answer.status, 401, "{} {}", answer.path, answer.body);
        assert!(answer.header("content-type").starts_with("application/problem+json"));
        let problem = answer.json()?;
        for field in ["type", "title", "status"] {
            assert!(problem.get(field).is_some(), "no `{field}` in {problem}");
        }
    }
    Ok(())
}

#[test]
fn the_description_is_openapi_3_1_and_its_page_needs_no_internet() -> Result<()> {
    let installation = Installation::new()?;
    let printed = installation.succeed(&["openapi"])?;
    let printed: Value = serde_json::from_str(&printed.stdout)?;
    let running = installation.start(&["serve"])?;
    let served = running.client().get("/openapi.json")?.json()?;
    assert_eq!(printed, served, "the command and the server describe different APIs");
    let version = served.get("openapi").and_then(Value::as_str).unwrap_or_default();
    assert!(version.starts_with("3.1"), "{version}");
    for path in ["/v1/events", "/v1/suggestions", "/v1/drafts/{id}", "/v1/suggestions/{id}/outcome"]
    {
        assert!(served.pointer(&format!("/paths/{}", path.replace('/', "~1"))).is_some(), "{path}");
    }
    let page = running.client().get("/docs")?.body;
    for foreign in ["src=\"http", "href=\"//", "src=\"//", "@import", "url(http"] {
        assert!(!page.contains(foreign), "the page asks another machine: `{foreign}`");
    }
    Ok(())
}

#[test]
fn outside_the_demo_nobody_can_pick_a_person() -> Result<()> {
    let installation = Installation::new()?;
    let running = installation.start(&["serve"])?;
    let page = running.client().get("/")?;
    assert!(
        !page.body.contains("Nguyễn Thị Minh Châu"),
        "a sample person is offered under `serve`"
    );
    Ok(())
}
