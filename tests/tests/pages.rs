//! The pages in a real Chromium, as people on phones and at desks meet them, and once without
//! any browser: everything must also work where no script runs.

use anyhow::{Context as _, Result, bail, ensure};
use support::browser::{Browser, View};
use support::http::{Answer, Client, Form};
use support::program::Installation;

const DESK: View = View { width: 1280, height: 900, dark: false };
const PHONE: View = View { width: 390, height: 844, dark: false };
const VIEWS: [View; 4] = [PHONE, View { dark: true, ..PHONE }, DESK, View { dark: true, ..DESK }];

/// Whose story has a message with a draft.
const MOTHER: &str = "Nguyễn Thị Minh Châu";
/// The most that the first view of a page may weigh, all it loads included.
const BUDGET: u64 = 100 * 1024;

/// Without this, a checker that never finds anything would pass every page.
#[test]
fn the_checker_finds_what_is_wrong() -> Result<()> {
    let browser = Browser::start(DESK)?;
    let page = "<html><title>x</title><body style='color:%23999;background:%23aaa'>\
                <img src='http://127.0.0.1:9/x.png'><p>chữ mờ</p><script>nothing()</script>";
    browser.open_page(&format!("data:text/html;charset=utf-8,{page}"))?;
    let found = browser.violations()?.join("\n");
    for rule in ["image-alt", "html-has-lang", "color-contrast"] {
        assert!(found.contains(rule), "axe-core does not see `{rule}`: {found}");
    }
    assert!(!browser.complaints()?.is_empty(), "an error of a script goes unseen");
    assert!(browser.traffic()?.requests.iter().any(|it| it.contains("127.0.0.1:9/x.png")));
    Ok(())
}

/// What must hold of a page in every state. `name` is the picture's.
fn ensure_good(browser: &Browser, base: &str, name: &str) -> Result<()> {
    browser.picture(name)?;
    // Before axe-core, which is a script and may itself be complained about.
    let complaints = browser.complaints()?;
    ensure!(complaints.is_empty(), "{name}: the console says {}", complaints.join("\n"));
    let traffic = browser.traffic()?;
    // The browser draws its own parts, as the calendar of a day, from addresses that hold them.
    let foreign = |it: &&String| !it.starts_with(base) && !it.starts_with("data:");
    if let Some(request) = traffic.requests.iter().find(foreign) {
        bail!("{name}: asks another host: {request}");
    }
    ensure!(traffic.bytes <= BUDGET, "{name}: weighs {} bytes", traffic.bytes);
    let wide = browser.run("return document.documentElement.scrollWidth - window.innerWidth")?;
    ensure!(wide.as_i64() <= Some(0), "{name}: {wide} pixels wider than the window");
    let violations = browser.violations()?;
    ensure!(violations.is_empty(), "{name}: {}", violations.join("\n"));
    browser.complaints()?;
    browser.traffic()?;
    Ok(())
}

/// Picks the sample person by name, as the picker shows them.
fn sign_in(browser: &Browser, base: &str, name: &str) -> Result<()> {
    browser.open_page(base)?;
    let script = format!(
        "return [...document.querySelectorAll('.people > li')]
            .findIndex(it => it.querySelector('h2').textContent.trim() === '{name}') + 1"
    );
    let place = browser.run(&script)?.as_i64().unwrap_or_default();
    ensure!(place > 0, "the picker does not offer {name}");
    browser.click(&format!(".people > li:nth-child({place}) button"))?;
    browser.wait_for("the inbox", "location.pathname === '/inbox'")
}

/// Where the first element that `css` selects leads.
fn link(browser: &Browser, css: &str) -> Result<String> {
    let found = browser.run(&format!("return document.querySelector(\"{css}\")?.href"))?;
    let found = found.as_str().with_context(|| format!("no `{css}` on the page"))?;
    Ok(found.to_owned())
}

/// Every page state, by name and address.
fn states(browser: &Browser, base: &str) -> Result<Vec<(&'static str, String)>> {
    sign_in(browser, base, MOTHER)?;
    let message = link(browser, ".card.link h3 a")?;
    browser.open_page(&message)?;
    let draft = link(browser, "a[href^='/drafts/']")?;
    Ok(vec![
        ("picker", format!("{base}/")),
        ("inbox", format!("{base}/inbox")),
        ("message", message.clone()),
        ("why", message),
        ("draft", draft),
        ("settings", format!("{base}/settings")),
        ("privacy", format!("{base}/privacy")),
        ("questions", format!("{base}/officers/search")),
        ("phrases", format!("{base}/officers/words")),
    ])
}

#[test]
fn every_page_is_good_in_both_languages_sizes_and_lights() -> Result<()> {
    let installation = Installation::after_the_demo()?;
    let running = installation.start(&["demo"])?;
    let base = running.base.as_str();
    let browser = Browser::start(PHONE)?;
    let states = states(&browser, base)?;
    browser.complaints()?;
    browser.traffic()?;
    for language in ["vi", "en"] {
        for view in VIEWS {
            browser.look(view)?;
            for (name, address) in &states {
                browser.open_page(&format!("{address}?lang={language}"))?;
                if *name == "why" {
                    browser.click("details.why summary")?;
                }
                let told = browser.run("return document.documentElement.lang")?;
                ensure!(told == language, "{name}: is in {told}");
                ensure_good(&browser, base, &format!("{name}-{language}-{}", view.name()))?;
            }
        }
    }
    Ok(())
}

#[test]
fn a_person_walks_from_the_inbox_to_an_outcome() -> Result<()> {
    let installation = Installation::after_the_demo()?;
    let running = installation.start(&["demo"])?;
    let base = running.base.as_str();
    let browser = Browser::start(PHONE)?;
    sign_in(&browser, base, MOTHER)?;
    // What a new browser asks for by itself is none of ours.
    browser.complaints()?;
    browser.traffic()?;
    browser.click(".card.link h3 a")?;
    browser.wait_for("the letter", "!!document.querySelector('.letter')")?;
    let letter = browser.text(".letter")?;
    assert!(letter.chars().count() > 100, "the letter is empty: {letter}");

    browser.click("details.why summary")?;
    for part in [".why .sources li", ".why .proof li"] {
        assert!(!browser.text(part)?.is_empty(), "the why has no `{part}`");
    }
    browser.click("a[href^='/drafts/']")?;
    browser.wait_for("the draft", "!!document.querySelector('.coverage')")?;
    assert!(browser.text(".coverage")?.chars().any(|it| it.is_ascii_digit()));
    assert!(!browser.text(".fields.filled .source")?.is_empty(), "a field without its register");

    browser.click("button[value=filed]")?;
    browser.wait_for("the answer", "!!document.querySelector('#said')")?;
    ensure_good(&browser, base, "filed-vi-390-light")?;
    assert!(!browser.text("#said")?.is_empty(), "the person is not told that it was noted");

    browser.open_page(&format!("{base}/settings"))?;
    browser.click("form[action='/settings/refuse'] button")?;
    let allow = "document.querySelector(\"form[action='/settings/allow']\")";
    browser.wait_for("a way back", &format!("!!{allow}"))?;
    ensure_good(&browser, base, "refused-vi-390-light")?;
    assert!(!browser.text("form[action='/settings/allow']")?.is_empty(), "no way back");
    browser.click("form[action='/settings/allow'] button")?;
    browser.wait_for("the end of the refusal", &format!("!{allow}"))?;
    browser.click("form[action='/sign-out'] button")?;
    browser.wait_for("the first page", "location.pathname === '/'")?;
    browser.open_page(&format!("{base}/inbox"))?;
    let place = browser.run("return location.pathname")?;
    assert_eq!(place.as_str(), Some("/"), "signed out, the inbox is still shown");
    browser.picture("signed-out-vi-390-light")
}

/// The form of `answer` that goes to an address ending so.
fn form(answer: &Answer, ends: &str) -> Result<Form> {
    let found = answer.forms().into_iter().find(|it| it.action.ends_with(ends));
    found.with_context(|| format!("no form to `{ends}` on {}: {}", answer.path, answer.body))
}

/// Signs in as the sample person at `place` of the picker and answers the inbox.
fn visit(client: &Client, name: &str) -> Result<Answer> {
    let picker = client.get("/")?;
    let names = picker.body.split("<h2 lang=\"vi\">").skip(1);
    let place = names.map(|it| it.split('<').next().unwrap_or_default()).position(|it| it == name);
    let place = place.with_context(|| format!("the picker does not offer {name}"))?;
    let forms = picker.forms().into_iter().filter(|it| it.action == "/sign-in");
    let form = forms.into_iter().nth(place).context("no form for that person")?;
    client.submit(&form.action, &form.fields)
}

fn first_link(answer: &Answer, start: &str) -> Result<String> {
    let found = answer.links().into_iter().find(|it| it.starts_with(start));
    found.with_context(|| format!("no link to `{start}` on {}", answer.path))
}

#[test]
fn everything_works_without_scripts() -> Result<()> {
    let installation = Installation::after_the_demo()?;
    let running = installation.start(&["demo"])?;
    let client = running.client();
    let inbox = visit(&client, MOTHER)?;
    assert!(!inbox.body.contains("<script"), "the page holds a script");
    let policy = inbox.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") || policy.contains("script-src 'none'"),
        "{policy}"
    );

    let message = client.get(&first_link(&inbox, "/messages/")?)?;
    let draft = client.get(&first_link(&message, "/drafts/")?)?;
    assert_eq!((message.status, draft.status), (200, 200));

    let mut form = form(&message, "/outcome")?;
    let filed =
        form.buttons.iter().find(|(_, value)| value == "filed").context("no such button")?;
    form.fields.push(filed.clone());
    let answer = client.submit(&form.action, &form.fields)?;
    assert!(answer.status == 200 && answer.body.contains("id=\"said\""), "{}", answer.body);

    let forged = form.fields.iter().filter(|(name, _)| name != "form_token").cloned();
    let refused = client.submit(&form.action, &forged.collect::<Vec<_>>())?;
    assert_eq!(refused.status, 403, "a form without its token was taken");
    Ok(())
}

#[test]
fn nobody_reads_what_is_another_persons() -> Result<()> {
    let installation = Installation::after_the_demo()?;
    let running = installation.start(&["demo"])?;
    let (mother, other) = (running.client(), running.client());
    let inbox = visit(&mother, MOTHER)?;
    let message = first_link(&inbox, "/messages/")?;
    let draft = first_link(&mother.get(&message)?, "/drafts/")?;
    visit(&other, "Thạch Thị Sa Rương")?;
    for path in [&message, &draft] {
        assert_eq!(mother.get(path)?.status, 200);
        assert_eq!(other.get(path)?.status, 404, "{path} is shown to somebody else");
    }
    Ok(())
}
