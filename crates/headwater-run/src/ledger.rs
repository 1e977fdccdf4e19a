//! Scores that were paid for, kept in an SQLite file that runs share.
//!
//! SQLite is made for this: writers in several processes wait for each other, and a transaction is there as a whole or
//! not at all, whenever the process is killed or the machine loses power.

use std::path::{Path, PathBuf};
use std::time::Duration;

use headwater_rewards::{Ledger, Texts};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::{Manifest, Problem};

/// What marks the file as a ledger (`PRAGMA application_id`), and the version of its tables.
const APPLICATION: i64 = 0x4857_5343;
const VERSION: i64 = 1;

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(60);

const TABLES: &str = "
    CREATE TABLE oracle (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE);
    CREATE TABLE run (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, paid INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE score (
        oracle INTEGER NOT NULL REFERENCES oracle (id),
        object TEXT NOT NULL,
        score REAL NOT NULL,
        run INTEGER REFERENCES run (id),
        unix_s INTEGER NOT NULL,
        PRIMARY KEY (oracle, object)
    ) WITHOUT ROWID;
";

/// A file of scores, for one identity of an oracle. It is made when the first score is to be kept.
pub struct ScoreFile {
    path: PathBuf,
    identity: String,
    /// Whoever pays for what is kept.
    run: Option<String>,
    open: Option<Open>,
}

/// A file that is there.
struct Open {
    connection: Connection,
    /// The numbers of the identity and of the run in it, if they have any.
    oracle: Option<i64>,
    run: Option<i64>,
    /// Does a commit wait for the disk?
    waits: bool,
}

impl ScoreFile {
    /// The file at `path` for scores of `identity`, which the run of this name pays for.
    ///
    /// # Errors
    /// If there is a file that is no ledger, or was made by a later version of the program.
    pub fn at(path: &Path, identity: &str, run: Option<&str>) -> Result<Self, Problem> {
        let (identity, run) = (identity.to_owned(), run.map(str::to_owned));
        let mut file = Self { path: path.to_owned(), identity, run, open: None };
        file.look().map_err(|why| file.refuse(&why))?;
        Ok(file)
    }

    /// Every object with a score of this identity, in no particular order.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn objects(&mut self) -> Result<Vec<String>, Problem> {
        let found = self.look().and_then(|()| {
            let Some(Open { connection, oracle: Some(oracle), .. }) = &self.open else {
                return Ok(Vec::new());
            };
            let rows =
                connection.prepare("SELECT object FROM score WHERE oracle = ?").and_then(|mut query| {
                    let rows = query.query_map([oracle], |row| row.get(0))?;
                    rows.collect()
                });
            rows.map_err(|e| e.to_string())
        });
        found.map_err(|why| Problem::new(self.failed(&why)))
    }

    /// Identities whose first two lines are those of this one, the environment and what the configuration says, but which
    /// are not the same: with how many scores each has. Earlier versions of this program wrote nothing but these lines.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn kin(&mut self) -> Result<Vec<(String, u64)>, Problem> {
        let found = self.look().and_then(|()| {
            let Some(Open { connection, .. }) = &self.open else { return Ok(Vec::new()) };
            let said: Vec<&str> = self.identity.splitn(3, '\n').take(2).collect();
            let (bare, within) = (said.join("\n"), said.join("\n") + "\n");
            let sql = "SELECT identity, count(*) FROM oracle JOIN score ON score.oracle = oracle.id
                WHERE identity <> ?1 AND (identity = ?2 OR substr(identity, 1, length(?3)) = ?3)
                GROUP BY oracle.id ORDER BY oracle.id";
            let rows = connection.prepare(sql).and_then(|mut query| {
                let number =
                    |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()));
                let rows = query.query_map(params![self.identity, bare, within], number)?;
                rows.collect()
            });
            rows.map_err(|e| e.to_string())
        });
        found.map_err(|why| Problem::new(self.failed(&why)))
    }

    /// What earlier versions of this program counted for a run, which they named by its place and its start.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn paid(&mut self, name: &str, ending: &str) -> Result<u64, Problem> {
        let found = self.look().and_then(|()| {
            let Some(Open { connection, .. }) = &self.open else { return Ok(0) };
            // If the run has been moved, its start tells it from others.
            let sql = "SELECT paid FROM run WHERE name = ?1 OR substr(name, -length(?2)) = ?2
                ORDER BY name <> ?1 LIMIT 1";
            let paid = connection.query_row(sql, [name, ending], |row| row.get::<_, i64>(0)).optional();
            paid.map(|n| n.map_or(0, i64::unsigned_abs)).map_err(|e| e.to_string())
        });
        found.map_err(|why| Problem::new(self.failed(&why)))
    }

    /// Opens the file if there is one and it is not open yet.
    fn look(&mut self) -> Result<(), String> {
        // A process that was killed at once may have left an empty file, in which nothing is.
        let is_there =
            self.open.is_none() && std::fs::metadata(&self.path).is_ok_and(|found| found.len() > 0);
        if is_there { self.open_with(false) } else { Ok(()) }
    }

    fn open_with(&mut self, make: bool) -> Result<(), String> {
        let opened = Connection::open(&self.path).and_then(|mut connection| {
            connection.busy_timeout(PATIENCE)?;
            let marks = prepare(&mut connection, make)?;
            Ok((connection, marks))
        });
        let (connection, marks) = opened.map_err(|e| e.to_string())?;
        let Some(marks) = marks else { return Ok(()) };
        if marks != (APPLICATION, VERSION) {
            return Err(if marks.0 == APPLICATION {
                format!("it has version {}, and this program knows version {VERSION}", marks.1)
            } else {
                "it is another program's database".to_owned()
            });
        }
        let sql = "SELECT id FROM oracle WHERE identity = ?";
        let oracle = connection.query_row(sql, [&self.identity], |row| row.get(0)).optional();
        let oracle = oracle.map_err(|e| e.to_string())?;
        self.open = Some(Open { connection, oracle, run: None, waits: true });
        Ok(())
    }

    /// Opens the file, which is made if there is none, with a place for this identity.
    fn make(&mut self) -> Result<&mut Open, String> {
        if self.open.is_none() {
            if let Some(dir) = self.path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
                std::fs::create_dir_all(dir).map_err(|e| e.to_string())?;
            }
            self.open_with(true)?;
        }
        let open = self.open.as_mut().ok_or("it has no tables")?;
        if open.oracle.is_none() {
            let named = named(&open.connection, "oracle", "identity", &self.identity);
            open.oracle = Some(named.map_err(|e| e.to_string())?);
        }
        if let (None, Some(run)) = (open.run, &self.run) {
            open.run = Some(named(&open.connection, "run", "name", run).map_err(|e| e.to_string())?);
        }
        Ok(open)
    }

    fn refuse(&self, why: &str) -> Problem {
        let path = self.path.display();
        let hint = "`ledger.path` names the file, and `ledger.keep = false` does without".to_owned();
        Problem::new(format!("the ledger `{path}` cannot be used: {why}")).hint(hint)
    }

    fn failed(&self, why: &str) -> String {
        format!("{}: {why}", self.path.display())
    }
}

impl Open {
    fn look_up(&self, objects: &Texts, out: &mut [Option<f64>]) -> rusqlite::Result<()> {
        let sql = "SELECT score FROM score WHERE oracle = ? AND object = ?";
        let mut query = self.connection.prepare(sql)?;
        for (object, score) in objects.iter().zip(out) {
            *score = query.query_row(params![self.oracle, object], |row| row.get(0)).optional()?.or(*score);
        }
        Ok(())
    }

    fn write(&mut self, objects: &Texts, scores: &[f64], lasting: bool) -> rusqlite::Result<()> {
        if self.waits != lasting {
            // Either way a commit survives the process: the log is in the system's hands. To wait for the disk saves what
            // was written before, too.
            self.connection.pragma_update(None, "synchronous", if lasting { "full" } else { "normal" })?;
            self.waits = lasting;
        }
        let now = Manifest::now_unix_s().cast_signed();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            // Another run may have paid for the same object meanwhile; the first score stays.
            let sql =
                "INSERT OR IGNORE INTO score (oracle, object, score, run, unix_s) VALUES (?, ?, ?, ?, ?)";
            let mut insert = transaction.prepare(sql)?;
            for (object, score) in objects.iter().zip(scores) {
                insert.execute(params![self.oracle, object, score, self.run, now])?;
            }
            // Without scores this is what there is to wait for.
            let sql = "UPDATE run SET paid = paid + ? WHERE id = ?";
            transaction.prepare(sql)?.execute(params![scores.len() as i64, self.run])?;
        }
        transaction.commit()
    }

    fn remove(&mut self, objects: &Texts) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let sql = "DELETE FROM score WHERE oracle = ? AND object = ? AND run IS ?";
            let mut delete = transaction.prepare(sql)?;
            for object in objects.iter() {
                delete.execute(params![self.oracle, object, self.run])?;
            }
        }
        transaction.commit()
    }
}

/// Sets a connection up, makes the tables in a new file if that is wanted, and gives the marks of the file; `None` if it is
/// empty.
fn prepare(connection: &mut Connection, make: bool) -> rusqlite::Result<Option<(i64, i64)>> {
    // With a log beside the file, readers never wait; synced in full, what is committed survives a loss of power.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    let tables = |connection: &Connection| -> rusqlite::Result<i64> {
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
    };
    if tables(connection)? == 0 {
        if !make {
            return Ok(None);
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if tables(&transaction)? == 0 {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()?;
    }
    let mark = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok(Some((mark("application_id")?, mark("user_version")?)))
}

/// The number of a row with this unique text, which is made if there is none.
fn named(connection: &Connection, table: &str, column: &str, text: &str) -> rusqlite::Result<i64> {
    connection.execute(&format!("INSERT OR IGNORE INTO {table} ({column}) VALUES (?)"), [text])?;
    connection.query_row(&format!("SELECT id FROM {table} WHERE {column} = ?"), [text], |row| row.get(0))
}

impl Ledger for ScoreFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn shelf(&self) -> Option<(PathBuf, String)> {
        let mut name = self.path.clone().into_os_string();
        name.push("-answers");
        Some((name.into(), self.identity.clone()))
    }

    fn recall(&mut self, objects: &Texts, out: &mut [Option<f64>]) -> Result<(), String> {
        let found = self.look().and_then(|()| match &self.open {
            Some(open) if open.oracle.is_some() => open.look_up(objects, out).map_err(|e| e.to_string()),
            _ => Ok(()),
        });
        found.map_err(|why| self.failed(&why))
    }

    fn prepare(&mut self) -> Result<(), String> {
        self.make().map(drop).map_err(|why| self.failed(&why))
    }

    fn keep(&mut self, objects: &Texts, scores: &[f64], lasting: bool) -> Result<(), String> {
        let written =
            self.make().and_then(|open| open.write(objects, scores, lasting).map_err(|e| e.to_string()));
        written.map_err(|why| self.failed(&why))
    }

    fn forget(&mut self, objects: &Texts) -> Result<(), String> {
        let removed = self.make().and_then(|open| open.remove(objects).map_err(|e| e.to_string()));
        removed.map_err(|why| self.failed(&why))
    }
}
