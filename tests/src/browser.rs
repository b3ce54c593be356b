//! A real Chromium, driven over `WebDriver`.
//!
//! A small client of our own over `ureq` and not a `WebDriver` crate: `ureq` is linked anyway
//! by the client that fetches models, while a driver crate brings a second HTTP client, and we
//! need Chromium's own commands (dark mode, request log) as much as the standard ones.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::Client;
use crate::tree;

/// What keeps Chromium quiet: without these it looks for its maker's hosts at every start.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-features=Translate,OptimizationHints,MediaRouter",
    "--hide-scrollbars",
];

/// The key of an element in `WebDriver`'s answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What is looked at: a phone or a desk, in the light or in the dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    /// Whether the person prefers dark.
    pub dark: bool,
}

impl View {
    /// As in a file's name.
    #[must_use]
    pub fn name(self) -> String {
        format!("{}-{}", self.width, if self.dark { "dark" } else { "light" })
    }
}

/// What the page load needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Every address that was asked for.
    pub requests: Vec<String>,
    /// Bytes over the wire.
    pub bytes: u64,
}

/// An element of the page.
#[derive(Debug, Clone)]
pub struct Element(String);

/// One browser with one page; both end when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    client: Client,
    session: String,
    profile: TempDir,
}

impl Browser {
    /// Starts `chromedriver` and a Chromium with a new, empty profile.
    ///
    /// # Errors
    ///
    /// When either is not installed or does not start.
    pub fn start(view: View) -> Result<Self> {
        let profile = tempfile::Builder::new().prefix("cotmoc-browser-").tempdir()?;
        let log = profile.path().join("driver.log");
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(Stdio::null())
            .spawn()
            .context("could not start `chromedriver` (package chromium-driver)")?;
        // Held from here on, so that whatever fails next the driver ends with us.
        let mut browser = Self { driver, client: Client::new(""), session: String::new(), profile };
        browser.client = Client::new(&format!("http://127.0.0.1:{}", port_of(&log)?));
        browser.open()?;
        browser.look(view)?;
        Ok(browser)
    }

    fn open(&mut self) -> Result<()> {
        let profile = format!("--user-data-dir={}", self.profile.path().join("user").display());
        let flags = FLAGS.iter().copied().chain([profile.as_str()]).collect::<Vec<_>>();
        let asked = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": { "args": flags },
        }}});
        let answer = self.client.post("/session", "application/json", &asked.to_string())?;
        let answer = answer.json()?;
        let id = answer.pointer("/value/sessionId").and_then(Value::as_str);
        self.session = format!("/session/{}", id.with_context(|| answer.to_string())?);
        Ok(())
    }

    fn ask(&self, path: &str, what: &Value) -> Result<Value> {
        let path = format!("{}/{path}", self.session);
        let answer = self.client.post(&path, "application/json", &what.to_string())?;
        let value = answer.json()?.get("value").cloned().unwrap_or_default();
        ensure!(answer.status == 200, "{path}: {value}");
        Ok(value)
    }

    fn read(&self, path: &str) -> Result<Value> {
        let answer = self.client.get(&format!("{}/{path}", self.session))?;
        let value = answer.json()?.get("value").cloned().unwrap_or_default();
        ensure!(answer.status == 200, "{path}: {value}");
        Ok(value)
    }

    fn devtools(&self, command: &str, what: &Value) -> Result<Value> {
        self.ask("goog/cdp/execute", &json!({ "cmd": command, "params": what }))
    }

    /// Looks with another size or in another light from now on.
    ///
    /// # Errors
    ///
    /// When the browser refuses.
    pub fn look(&self, view: View) -> Result<()> {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({
                "width": view.width, "height": view.height,
                "deviceScaleFactor": 1, "mobile": view.width < 600,
            }),
        )?;
        let scheme = if view.dark { "dark" } else { "light" };
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({
                "features": [{ "name": "prefers-color-scheme", "value": scheme }],
            }),
        )?;
        Ok(())
    }

    /// Opens an address and waits until it is loaded.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn open_page(&self, address: &str) -> Result<()> {
        self.ask("url", &json!({ "url": address })).map(|_| ())
    }

    /// The address of the page.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub fn address(&self) -> Result<String> {
        Ok(self.read("url")?.as_str().unwrap_or_default().to_owned())
    }

    /// The first element that `css` selects.
    ///
    /// # Errors
    ///
    /// When there is none; the page's text is told.
    pub fn find(&self, css: &str) -> Result<Element> {
        let found = self.ask("element", &json!({ "using": "css selector", "value": css }));
        let found = found
            .with_context(|| format!("no `{css}` on {}", self.address().unwrap_or_default()))?;
        let id = found.get(ELEMENT).and_then(Value::as_str).context("no element")?;
        Ok(Element(id.to_owned()))
    }

    /// Clicks the first element that `css` selects and waits for the page that follows.
    ///
    /// # Errors
    ///
    /// When there is none or it cannot be clicked.
    pub fn click(&self, css: &str) -> Result<()> {
        let Element(id) = self.find(css)?;
        self.ask(&format!("element/{id}/click"), &json!({})).map(|_| ())
    }

    /// The visible text of the first element that `css` selects.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn text(&self, css: &str) -> Result<String> {
        let Element(id) = self.find(css)?;
        let text = self.read(&format!("element/{id}/text"))?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Runs a script's body on the page and returns what it returns.
    ///
    /// # Errors
    ///
    /// When the script throws.
    pub fn run(&self, script: &str) -> Result<Value> {
        self.ask("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// What axe-core finds against WCAG 2.2 A and AA, one line each.
    ///
    /// # Errors
    ///
    /// When axe-core is not there or does not run.
    pub fn violations(&self) -> Result<Vec<String>> {
        let axe = fs::read_to_string(tree::output().join("axe.min.js"))
            .context("no axe-core: `bash tests/run --stage prepare` fetches it")?;
        self.run(&axe)?;
        let script = "const done = arguments[arguments.length - 1];
            axe.run(document, { runOnly: { type: 'tag',
                values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } })
              .then(it => done(it.violations.flatMap(v => v.nodes.map(n =>
                  `${v.id}: ${v.help}: ${n.html} (${n.failureSummary})`))))
              .catch(error => done(['axe: ' + error]));";
        let found = self.ask("execute/async", &json!({ "script": script, "args": [] }))?;
        let found = found.as_array().with_context(|| format!("axe said {found}"))?;
        Ok(found.iter().map(|it| it.as_str().unwrap_or_default().to_owned()).collect())
    }

    /// Errors and warnings that the page's console shows since the last call.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub fn complaints(&self) -> Result<Vec<String>> {
        let log = self.ask("se/log", &json!({ "type": "browser" }))?;
        let lines = log.as_array().into_iter().flatten();
        let loud = lines.filter(|it| it["level"] == "SEVERE" || it["level"] == "WARNING");
        Ok(loud.map(|it| it["message"].as_str().unwrap_or_default().to_owned()).collect())
    }

    /// What was asked of the network since the last call.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub fn traffic(&self) -> Result<Traffic> {
        let log = self.ask("se/log", &json!({ "type": "performance" }))?;
        let mut traffic = Traffic::default();
        for entry in log.as_array().into_iter().flatten() {
            let event = entry["message"].as_str().unwrap_or_default();
            let event: Value = serde_json::from_str(event)?;
            let event = event.get("message").unwrap_or(&Value::Null);
            match event.get("method").and_then(Value::as_str) {
                Some("Network.requestWillBeSent") => {
                    let address = event.pointer("/params/request/url").and_then(Value::as_str);
                    traffic.requests.push(address.unwrap_or_default().to_owned());
                }
                Some("Network.loadingFinished") => {
                    let bytes = event.pointer("/params/encodedDataLength");
                    traffic.bytes += bytes.and_then(Value::as_f64).map_or(0, whole);
                }
                _ => {}
            }
        }
        Ok(traffic)
    }

    /// Waits until `script` answers `true`: a click returns before the page that it leads to
    /// is there.
    ///
    /// # Errors
    ///
    /// When it does not in ten seconds; `what` says what was waited for.
    pub fn wait_for(&self, what: &str, script: &str) -> Result<()> {
        for _ in 0..200 {
            let settled = format!("return document.readyState === 'complete' && ({script})");
            // In the middle of a navigation there is no page to ask.
            if self.run(&settled).is_ok_and(|answer| answer == true) {
                return Ok(());
            }
            sleep(Duration::from_millis(50));
        }
        bail!("waited in vain for {what} on {}", self.address()?)
    }

    /// Keeps a picture of the whole page in `target/tests/screenshots/NAME.png`.
    ///
    /// # Errors
    ///
    /// When it cannot be taken or kept.
    pub fn picture(&self, name: &str) -> Result<()> {
        let what = json!({ "format": "png", "captureBeyondViewport": true });
        let taken = self.devtools("Page.captureScreenshot", &what)?;
        let png = taken.get("data").and_then(Value::as_str).context("no picture")?;
        let png = base64::engine::general_purpose::STANDARD.decode(png)?;
        let folder = tree::output().join("screenshots");
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(format!("{name}.png")), png)?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // Ends Chromium; the driver alone would leave it behind.
            let _ = self.client.delete(&self.session);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The port that the driver chose, read from what it says.
fn port_of(log: &Path) -> Result<u16> {
    for _ in 0..200 {
        let said = fs::read_to_string(log)?;
        if let Some((_, rest)) = said.split_once("successfully on port ") {
            let digits = rest.chars().take_while(char::is_ascii_digit).collect::<String>();
            return Ok(digits.parse()?);
        }
        sleep(Duration::from_millis(50));
    }
    bail!("`chromedriver` did not start: {}", fs::read_to_string(log)?)
}

/// Chromium tells bytes as a floating number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of a page")]
fn whole(bytes: f64) -> u64 {
    bytes.max(0.0) as u64
}
