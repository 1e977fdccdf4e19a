//! Looking at runs: in the terminal, in a browser, in TensorBoard.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};

use expect_test::expect;
use serde_json::Value as Json;

use crate::support::Temp;

/// A directory with the finished run `runs/grid`.
fn trained() -> Temp {
    let dir = Temp::with_configs();
    dir.run("train grid.toml --out runs/grid --set run.log_every=1 --set eval.every=2 -q").ok();
    dir
}

/// A directory with the finished run `runs/grid`, which took so many seconds.
fn trained_for(seconds: u64) -> Temp {
    let dir = trained();
    edit(&dir, |m| m["end_unix_s"] = (m["start_unix_s"].as_u64().unwrap() + seconds).into());
    dir
}

/// Changes the manifest of the run.
fn edit(dir: &Temp, change: impl FnOnce(&mut Json)) {
    let mut manifest: Json = serde_json::from_str(&dir.read("runs/grid/manifest.json")).unwrap();
    change(&mut manifest);
    dir.write("runs/grid/manifest.json", manifest.to_string());
}

/// Gives the run tables of plain numbers, each with a row for the update 2, 4, … 20: `columns` as they follow from it.
fn tabulate(dir: &Temp, name: &str, columns: &[(&str, &dyn Fn(f64) -> f64)]) {
    let cells = |step: f64| columns.iter().map(move |(_, of)| format!(",{:?}", of(step))).collect::<String>();
    let names: String = columns.iter().map(|(name, _)| format!(",{name}")).collect();
    let rows: String = (1..=10).map(|i| format!("{},{}.0{}\n", 2 * i, i, cells(f64::from(2 * i)))).collect();
    dir.write(&format!("runs/grid/{name}"), format!("step,wall_s{names}\n{rows}"));
}

#[test]
fn a_finished_run_is_one_plain_picture() {
    let dir = trained_for(61);
    tabulate(
        &dir,
        "steps.csv",
        &[("loss", &|x| 40.0 * 0.5f64.powf(x / 2.0)), ("log_z_learned", &|x| 3.0 - 4.0 / x)],
    );
    tabulate(
        &dir,
        "metrics.csv",
        &[
            ("trajectories", &|x| 8.0 * x),
            ("log_z_learned", &|x| 3.0 - 4.0 / x),
            ("log_z_true", &|_| 3.0),
            ("tv", &|x| 1.0 - x / 32.0),
            ("jsd", &|x| 0.5 - x / 64.0),
            ("elbo", &|_| 2.75),
            ("eubo", &|_| 3.25),
        ],
    );
    let out = dir.run("watch runs/grid").ok();
    expect![[r#"
        runs/grid  hypergrid, tb, mlp
        finished
        ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  20 of 20 updates
        speed            2.0000 updates/s, 16 trajectories/s
        took             1 min 01 s
        loss             0.039062
        evaluated at     20 updates
        TV               0.37500  JSD 0.18750
        log Z            2.8000 learned, 3.0000 true, difference 0.20000
        bounds of log Z  2.7500 (ELBO) to 3.2500 (EUBO)
        loss, logarithmic
             20.000 ⠉⠑⠒⠒⠤⠤⢄⣀⡀
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠈⠉⠑⠒⠢⠤⢄⣀⡀
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈⠉⠉⠒⠒⠢⠤⢄⣀⡀
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈⠉⠑⠒⠢⠤⢄⣀⣀
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠉⠉⠑⠒⠢⠤⢄⣀⡀
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈⠉⠑⠒⠢⠤⠤⣀⣀⡀
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈⠉⠑⠒⠢⠤⢄⣀⡀
           0.039062 ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈⠉⠑⠒⠒⠤⠤⢄⣀
        log Z learned
             2.8000 ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⢀⣀⣀⣀⣀⣀⠤⠤⠤⠤⠤⠤⠤⠔⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠊⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⢀⣀⣀⠤⠤⠔⠒⠒⠊⠉⠉⠉⠁
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⣀⠤⠔⠊⠉⠁
                    ⠀⠀⠀⠀⠀⠀⠀⡠⠔⠊⠉
                    ⠀⠀⠀⠀⠀⢠⠊
                    ⠀⠀⠀⢀⠔⠁
                    ⠀⠀⡔⠁
             1.0000 ⡠⠊
        TV
            0.93750 ⠉⠑⠒⠒⠤⠤⢄⣀⡀
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠈⠉⠑⠒⠢⠤⢄⣀⡀
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈⠉⠉⠒⠒⠢⠤⢄⣀⡀
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈⠉⠑⠒⠢⠤⢄⣀⣀
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠉⠉⠑⠒⠢⠤⢄⣀⡀
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈⠉⠑⠒⠢⠤⠤⣀⣀⡀
                    ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈⠉⠑⠒⠢⠤⢄⣀⡀
            0.37500 ⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈⠉⠑⠒⠒⠤⠤⢄⣀
    "#]]
    .assert_eq(&out);
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    assert_eq!(dir.run("watch runs/grid --once").ok(), out);
}

#[test]
fn what_is_wrong_is_said() {
    let dir = trained_for(7);
    tabulate(&dir, "steps.csv", &[("loss", &|_| f64::INFINITY), ("log_z_learned", &|_| f64::NAN)]);
    tabulate(
        &dir,
        "metrics.csv",
        &[
            ("log_z_learned", &|_| 3.0),
            ("log_z_true", &|_| 4.5),
            ("elbo", &|_| 4.0),
            ("eubo", &|_| 5.0),
            ("elbo_estimate", &|_| 4.0),
            ("ess", &|_| 0.001),
        ],
    );
    let out = dir.run("watch runs/grid").ok();
    expect![[r#"
        runs/grid  hypergrid, tb, mlp
        finished
        ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  20 of 20 updates
        speed             2.0000 updates/s
        took              7 s
        loss              inf
        evaluated at      20 updates
        log Z             3.0000 learned, 4.5000 true, difference 1.5000
        bounds of log Z   4.0000 (ELBO) to 5.0000 (EUBO)
        ELBO              4.0000 estimated
        effective sample  0.1 %
        ! finite: 10 numbers of `steps.csv` are not finite (threshold: every loss,
        gradient and score is a finite number)
        ! log-z: the learned log Z is 3.000, outside its bounds by the policy (ELBO and
        EUBO), 4.000 to 5.000, by 1.000 nats (threshold: at most 0.2 nats outside)
        ! effective-sample: 0.1 % of the draws of the last evaluation, by the weights R
        P_B/P_F (threshold: at least 10 %)
        ELBO, estimated
             4.0000


                    ⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀



             4.0000
    "#]]
    .assert_eq(&out);
    let server = Server::start(&dir, "runs");
    let run = server.json("/api/run/grid");
    let names = |of: &Json| of.as_array().unwrap().iter().map(|c| c["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&run["findings"]), ["finite", "log-z", "effective-sample"]);
    assert_eq!((&run["last_loss"], &run["tables"]["train"]["loss"][0]), (&Json::Null, &Json::Null));
}

#[test]
fn a_run_that_went_silent_looks_dead() {
    let dir = trained();
    edit(&dir, |m| {
        m["status"] = "running".into();
        m["heartbeat_unix_s"] = 1000.into();
        m["end_unix_s"] = Json::Null;
    });
    let ran = dir.run("watch runs/grid --once");
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("\nlooks dead: it says that it is running, but gave no sign for "), "{ran:?}");
    // What steers a terminal is not passed on.
    edit(&dir, |m| {
        m["status"] = "failed".into();
        m["reason"] = "no \u{1b}]0;title\u{7}".into();
    });
    let ran = dir.run("watch runs/grid --once");
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("\nfailed: no \u{fffd}]0;title\u{fffd}\n"), "{ran:?}");
}

#[test]
fn what_is_no_run_cannot_be_watched() {
    let dir = Temp::with_configs();
    expect![[r#"
        error: `nothing` is not a run directory: there is no such file or directory

        hint: name the directory that `headwater train` printed
    "#]]
    .assert_eq(&dir.run("watch nothing").refused());
    expect![[r#"
        error: invalid value '0' for '--every <SECONDS>': expected seconds from 0.05 to 86400

        For more information, try '--help'.
    "#]]
    .assert_eq(&dir.run("watch . --every 0").refused());
    expect![[r#"
        error: cannot open `nothing`: there is no such file or directory
    "#]]
    .assert_eq(&dir.run("serve nothing").refused());
}

/// A server, ended with the test.
pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    pub fn start(dir: &Temp, runs: &str) -> Self {
        let mut child = dir.command(&format!("serve {runs} --port 0")).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").unwrap().strip_suffix('/').unwrap().to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{address}");
        Self { child, address }
    }

    /// Sends bytes, and reads all that comes back: the status, the head and the body.
    fn send(&self, bytes: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        // A server that has heard enough may close before everything is sent.
        let _ = stream.write_all(bytes.as_bytes());
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }

    fn get(&self, target: &str) -> (u16, String, String) {
        self.send(&format!("GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address))
    }

    fn json(&self, target: &str) -> Json {
        let (status, head, body) = self.get(target);
        assert!(status == 200 && head.contains("\r\nContent-Type: application/json\r\n"), "{head}");
        serde_json::from_str(&body).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn runs_are_served_with_their_curves() {
    let dir = trained();
    let server = Server::start(&dir, "runs");
    for page in ["/", "/run/grid"] {
        let (status, head, body) = server.get(page);
        assert!(status == 200 && body.starts_with("<!doctype html>"), "{head}");
        // Nothing is loaded but from here, and nothing runs that is not in a file of the server.
        assert!(
            head.contains("\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; "),
            "{head}"
        );
        assert!(!body.contains("http:") && !body.contains("https:") && !body.contains("<script>"), "{body}");
    }
    let list = server.json("/api/runs");
    assert_eq!(list["runs"][0]["name"], "grid");
    assert_eq!(list["runs"][0]["status"], "finished");
    let run = server.json("/api/run/grid?since=0");
    assert_eq!((run["step"].as_u64(), run["steps"].as_u64()), (Some(20), Some(20)));
    assert_eq!(run["tables"]["train"]["loss"].as_array().unwrap().len(), 20);
    assert_eq!(run["tables"]["eval"]["tv"].as_array().unwrap().len(), 10);
    // Who has it all is told no more than how it stands; and of anything new, everything.
    assert_eq!(run["rows"], 30);
    assert_eq!(server.json("/api/run/grid?since=30")["tables"], Json::Null);
    assert_eq!(server.json("/api/run/grid?without=tables")["tables"], Json::Null);
    let (status, head, figures) = server.get("/figures/grid");
    assert!(status == 200 && head.contains("\r\nContent-Type: application/xhtml+xml\r\n"), "{head}");
    for name in ["loss", "log-z", "tv"] {
        assert!(figures.contains(&format!("<figure id=\"{name}\"")), "{name}: {figures}");
    }
    assert_ne!(server.json("/api/run/grid?since=29")["tables"], Json::Null);
    assert_ne!(server.json("/api/run/grid?since=x")["tables"], Json::Null);
    let (status, head, body) = server.send(&format!("HEAD / HTTP/1.1\r\nHost: {}\r\n\r\n", server.address));
    assert!(status == 200 && body.is_empty() && !head.contains("Content-Length: 0"), "{head}");
    // A run's own directory may be served too.
    let one = Server::start(&dir, "runs/grid");
    assert_eq!(one.json("/api/runs")["runs"][0]["name"], "grid");
    assert_eq!(one.json("/api/run/grid")["rows"], 30);
}

#[test]
fn nothing_but_runs_can_be_reached() {
    let dir = trained();
    dir.write("runs/secret.txt", "secret");
    std::fs::create_dir(dir.path("runs/no run")).unwrap();
    dir.run("train grid.toml --out outside -q").ok();
    let link = |to: &str, from: &str| std::os::unix::fs::symlink(dir.path(to), dir.path(from)).unwrap();
    link("outside", "runs/link");
    // A run with a file that leads elsewhere.
    std::fs::create_dir_all(dir.path("runs/half/checkpoints")).unwrap();
    for file in ["config.toml", "manifest.json", "steps.csv"] {
        std::fs::copy(dir.path(&format!("outside/{file}")), dir.path(&format!("runs/half/{file}"))).unwrap();
    }
    link("outside/metrics.csv", "runs/half/metrics.csv");
    let server = Server::start(&dir, "runs");
    let absolute = dir.path("outside").display().to_string();
    for name in [
        "..%2foutside",
        "../outside",
        "..%2f..%2foutside",
        "%2e%2e/outside",
        ".",
        "..",
        "%2e%2e",
        "",
        "grid/",
        "grid%2f",
        "./grid",
        "grid/manifest.json",
        "grid%00",
        "secret.txt",
        "no%20run",
        "link",
        "%67rid%",
        "GRID",
        "..%5coutside",
        &absolute,
        &absolute.replace('/', "%2f"),
        "%252e%252e%252foutside",
    ] {
        for route in ["/run/", "/api/run/", "/figures/", "/", "/api/"] {
            let (status, head, body) = server.get(&format!("{route}{name}"));
            // What is left is the list of runs itself.
            let list = route == "/" && name.is_empty();
            assert!(status == if list { 200 } else { 404 }, "{route}{name}: {head}");
            assert!(!body.contains("secret") && !body.contains("wall_s"), "{route}{name}: {body}");
        }
    }
    let (status, ..) = server.get("/api/run/half");
    assert_eq!(status, 404);
    let names = server.json("/api/runs");
    assert_eq!(names["runs"].as_array().unwrap().len(), 1, "{names}");
    assert_eq!(server.json("/api/run/%67rid")["name"], "grid");
}

#[test]
fn requests_of_the_wrong_kind_are_refused() {
    let dir = trained();
    let server = Server::start(&dir, "runs");
    let host = &server.address;
    let status = |request: &str| server.send(request).0;
    assert_eq!(status(&format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\n\r\na=b")), 405);
    assert_eq!(status(&format!("DELETE /run/grid HTTP/1.1\r\nHost: {host}\r\n\r\n")), 405);
    assert_eq!(status("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
    assert_eq!(status("GET /api/runs HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n"), 421);
    assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(status(&format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")), 400);
    assert_eq!(status("\u{16}\u{3}\u{1}\r\n\r\n"), 400);
    let long = "a".repeat(20_000);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: {host}\r\nCookie: {long}\r\n\r\n")), 431);
    assert_eq!(status(&format!("GET /{long} HTTP/1.1\r\nHost: {host}\r\n\r\n")), 431);
    // One who says nothing keeps nobody waiting.
    let silent = TcpStream::connect(host).unwrap();
    assert_eq!(server.get("/").0, 200);
    drop(silent);
}

/// However many connections send a request byte by byte, or none, a complete request is answered.
#[test]
fn a_server_is_not_starved_by_those_who_are_slow() {
    let dir = trained();
    let server = Server::start(&dir, "runs");
    let mut slow: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
    for byte in b"GET / HT" {
        // The oldest have given way, and may hear that.
        slow.iter_mut().for_each(|stream| drop(stream.write_all(&[*byte])));
        assert_eq!(server.get("/api/runs").0, 200);
        assert_eq!(server.get("/figures/grid").0, 200);
    }
}

#[test]
fn a_server_says_what_is_damaged() {
    let dir = trained();
    let server = Server::start(&dir, "runs");
    let found = |server: &Server| server.json("/api/run/grid")["findings"].to_string();
    assert!(!found(&server).contains("files"), "{}", found(&server));
    dir.write("runs/grid/checkpoints/step-00000020.safetensors", "torn");
    std::fs::remove_file(dir.path("runs/grid/steps.csv")).unwrap();
    let said = found(&server);
    for what in ["step-00000020.safetensors` is damaged: header too small", "steps.csv` is missing or empty"]
    {
        assert!(said.contains(what), "{said}");
    }
    assert_eq!(found(&server), said);
}

#[test]
fn a_run_may_have_any_name() {
    let dir = trained();
    let name = "<script>alert('&\" %2f\u{202e})";
    std::fs::rename(dir.path("runs/grid"), dir.path(&format!("runs/{name}"))).unwrap();
    let server = Server::start(&dir, "runs");
    let list = server.json("/api/runs");
    assert_eq!(list["runs"][0]["name"], name);
    let encoded: String = name.bytes().map(|b| format!("%{b:02X}")).collect();
    assert_eq!(server.json(&format!("/api/run/{encoded}"))["name"], name);
    // Its page is that of every run; the name is not in it.
    assert_eq!(server.get(&format!("/run/{encoded}")).2, server.get("/").2);
}

#[test]
fn a_server_ends_in_good_order() {
    let dir = trained();
    let mut server = Server::start(&dir, "runs");
    assert_eq!(server.get("/").0, 200);
    let status = Command::new("kill").args(["-INT", &server.child.id().to_string()]).status().unwrap();
    assert!(status.success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

/// A reader of event files: the step and the numbers of every event. Checksums are tested beside the writer.
fn events(bytes: &[u8]) -> Vec<(u64, Vec<(String, f32)>)> {
    let mut rest = bytes;
    let mut take = |n: usize| {
        let (taken, after) = rest.split_at(n);
        rest = after;
        (taken.to_vec(), after.is_empty())
    };
    let mut events = Vec::new();
    loop {
        let length = u64::from_le_bytes(take(8).0.try_into().unwrap());
        take(4);
        let data = take(length as usize).0;
        let mut event = (0, Vec::new());
        for (field, value) in fields(&data) {
            match field {
                2 => event.0 = u64::from_le_bytes(value.try_into().unwrap()),
                5 => event.1 = fields(&value).into_iter().map(|(_, v)| scalar(&v)).collect(),
                _ => {}
            }
        }
        events.push(event);
        if take(4).1 {
            return events;
        }
    }
}

fn scalar(value: &[u8]) -> (String, f32) {
    let fields = fields(value);
    let [(1, tag), (2, x)] = fields.as_slice() else { panic!("no scalar") };
    (String::from_utf8(tag.clone()).unwrap(), f32::from_le_bytes(x.as_slice().try_into().unwrap()))
}

/// The fields of a message: their numbers, and their bytes; a varint as eight bytes.
fn fields(mut data: &[u8]) -> Vec<(u64, Vec<u8>)> {
    fn varint(data: &mut &[u8]) -> u64 {
        let n = 1 + data.iter().position(|b| b & 0x80 == 0).unwrap();
        let x = data[..n].iter().rev().fold(0, |x, b| x << 7 | u64::from(b & 0x7f));
        *data = &data[n..];
        x
    }
    let mut fields = Vec::new();
    while !data.is_empty() {
        let key = varint(&mut data);
        let n = match key & 7 {
            0 => {
                fields.push((key >> 3, varint(&mut data).to_le_bytes().to_vec()));
                continue;
            }
            1 => 8,
            2 => varint(&mut data) as usize,
            5 => 4,
            other => panic!("wire type {other}"),
        };
        fields.push((key >> 3, data[..n].to_vec()));
        data = &data[n..];
    }
    fields
}

#[test]
fn events_are_the_rows_of_the_tables() {
    let dir = trained();
    let path = dir.run("export runs/grid --tensorboard board").ok();
    let path = path.trim();
    assert!(path.starts_with("board/grid/events.out.tfevents."), "{path}");
    let bytes = std::fs::read(dir.path(path)).unwrap();
    let all = events(&bytes);
    // A version, twenty updates, ten evaluations each after its update.
    assert_eq!(all.len(), 1 + 20 + 10);
    assert!(all.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    let number = |group: &str, table: &str, column: &str, step: u64| {
        let text = dir.read(&format!("runs/grid/{table}.csv"));
        let i = text.lines().next().unwrap().split(',').position(|name| name == column).unwrap();
        let row = text.lines().find(|line| line.starts_with(&format!("{step},"))).unwrap();
        let x: f32 = row.split(',').nth(i).unwrap().parse().unwrap();
        let tag = format!("{group}/{column}");
        let said: Vec<f32> = all
            .iter()
            .filter(|event| event.0 == step)
            .flat_map(|event| event.1.iter().filter(|(name, _)| *name == tag).map(|(_, x)| *x))
            .collect();
        assert_eq!(said, [x], "{tag}");
    };
    number("train", "steps", "loss", 7);
    number("train", "steps", "log_z_learned", 20);
    number("eval", "metrics", "tv", 20);
    // Cells without a number are no events.
    assert!(all.iter().all(|event| event.1.iter().all(|(tag, x)| tag != "eval/ess" && !x.is_nan())));
}

/// A TensorBoard that has read a file reads on where it was.
#[test]
fn the_events_of_a_run_at_work_only_grow() {
    let dir = trained();
    let export = || {
        let path = dir.run("export runs/grid --tensorboard board").ok();
        std::fs::read(dir.path(path.trim())).unwrap()
    };
    let whole = export();
    edit(&dir, |m| m["status"] = "running".into());
    let (steps, metrics) = (dir.read("runs/grid/steps.csv"), dir.read("runs/grid/metrics.csv"));
    let first = |text: &str, lines: usize| text.split_inclusive('\n').take(lines).collect::<String>();
    // Evaluations up to update 16 were written after the updates were read, and the last row of these is torn.
    for (updates, evaluations) in [(1, 1), (7, 3), (12, 8), (16, 9), (21, 11)] {
        dir.write("runs/grid/steps.csv", first(&steps, updates) + "9,0.");
        dir.write("runs/grid/metrics.csv", first(&metrics, evaluations));
        let part = export();
        assert!(whole.starts_with(&part), "{updates} {evaluations}");
    }
    assert_eq!(export(), whole);
}
