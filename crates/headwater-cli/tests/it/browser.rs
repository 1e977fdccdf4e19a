//! Pages in a browser: nothing goes wrong in its console, figures respond to keys, nobody else is asked for anything.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::live::Server;
use crate::report::evil;
use crate::support::Temp;

/// A chromium of this machine, if it has one.
fn browser() -> Option<String> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let is_there = |name: &&str| {
        let mut asked = Command::new(name);
        asked.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        asked.status().is_ok_and(|status| status.success())
    };
    names.into_iter().find(is_there).map(str::to_owned)
}

/// What becomes of a page once its scripts have run, and what the browser said meanwhile.
fn shown(browser: &str, dir: &Temp, address: &str) -> (String, String) {
    let [dom, said] = ["dom.html", "said.txt"].map(|name| dir.path(name));
    let profile = format!("--user-data-dir={}", dir.path("profile").display());
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        // Whoever is asked for but this machine is not found, which the console says.
        .args(["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", &profile])
        .args(["--enable-logging=stderr", "--v=0", "--virtual-time-budget=3000", "--dump-dom", address])
        .stdin(Stdio::null())
        .stdout(File::create(&dom).unwrap())
        .stderr(File::create(&said).unwrap())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(240) {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the browser has shown nothing for four minutes");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let read = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    (read(&dom), read(&said))
}

/// A page in the browser without a word in its console.
fn quiet(browser: &str, dir: &Temp, address: &str) -> String {
    let (dom, said) = shown(browser, dir, address);
    let console: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:#?}");
    assert!(dom.contains("</html>"), "{said}");
    dom
}

/// Every figure is there, has words for who does not see it, and can be reached by keyboard if it has values to read.
fn responds(dom: &str, names: &[&str]) {
    for name in names {
        let at = dom.find(&format!("<figure id=\"{name}\"")).unwrap_or_else(|| panic!("{name}: {dom}"));
        let figure = &dom[at..at + dom[at..].find("</figure>").unwrap()];
        assert!(
            figure.contains("role=\"img\"") && figure.contains("<title id=") && figure.contains("<desc id=")
        );
        assert!(figure.contains("data-kind=\"marks\"") || figure.contains("tabindex=\"0\""), "{name}");
    }
}

/// Names of the places that a page speaks of, but for namespaces.
fn nobody_is_asked(dom: &str) {
    let without = dom.replace("http://www.w3.org/", "");
    for word in ["http:", "https:", "=\"//", "@import"] {
        assert!(!without.contains(word), "{word}");
    }
}

#[test]
#[allow(clippy::print_stderr)]
fn pages_work_in_a_browser() {
    let Some(browser) = browser() else {
        eprintln!("skipped: there is no chromium here");
        return;
    };
    let dir = Temp::with_configs();
    evil(&dir);
    dir.run("train evil.toml --out runs/evil -q").ok();
    dir.run("report runs/evil -o page.html").ok();
    let page = dir.read("page.html");
    // As if somebody had gone to the first picture and pressed a key, whereupon the picture is made anew.
    let key = "<script>const loss = document.getElementById('loss'), fresh = loss.cloneNode(true);\
               loss.querySelector('svg').dispatchEvent(new KeyboardEvent('keydown', {key: 'End'}));\
               tip.textContent = ''; renew(loss, fresh)</script></body>";
    dir.write("pressed.html", page.replace("</body>", key));
    let dom = quiet(&browser, &dir, &format!("file://{}", dir.path("pressed.html").display()));
    responds(&dom, &["loss", "log-z", "tv", "r0-scatter", "r0-rewards"]);
    assert!(
        dom.contains("<div id=\"tip\" role=\"status\" style=") && dom.contains(">20\n"),
        "the last update is read"
    );
    // Objects with evil names are texts: the page's script and the one above are all there is.
    assert!(dom.contains("&lt;script&gt;alert(1)") && dom.matches("<script>").count() == 2);
    nobody_is_asked(&dom);
    let server = Server::start(&dir, "runs");
    let address = |path: &str| format!("http://{}{path}", server.address);
    let dom = quiet(&browser, &dir, &address("/run/evil"));
    responds(&dom, &["loss", "log-z", "tv", "entropy"]);
    assert!(dom.contains(">20 of 20<") && dom.contains(">finished<"), "{dom}");
    nobody_is_asked(&dom);
    let dom = quiet(&browser, &dir, &address("/"));
    assert!(dom.contains("<a href=\"/run/evil\">evil</a>"), "{dom}");
    nobody_is_asked(&dom);
}
