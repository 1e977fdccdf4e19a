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

/// A file of scores, opened for one identity of an oracle.
pub struct ScoreFile {
    path: PathBuf,
    connection: Connection,
    oracle: i64,
    run: Option<i64>,
}

impl ScoreFile {
    /// Opens the file at `path`, or makes it and its directory, for scores of `identity`.
    ///
    /// # Errors
    /// If it cannot be made, is no ledger, or was made by a later version of the program.
    pub fn open(path: &Path, identity: &str) -> Result<Self, Problem> {
        let refuse = |why: String| {
            let hint = "`ledger.path` names the file, and `ledger.keep = false` does without".to_owned();
            Problem::new(format!("the ledger `{}` cannot be used: {why}", path.display())).hint(hint)
        };
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            std::fs::create_dir_all(dir).map_err(|e| refuse(e.to_string()))?;
        }
        let opened = Connection::open(path).and_then(|mut connection| {
            connection.busy_timeout(PATIENCE)?;
            let version = prepare(&mut connection)?;
            Ok((connection, version))
        });
        let (connection, marks) = opened.map_err(|e| refuse(e.to_string()))?;
        if marks != (APPLICATION, VERSION) {
            let why = if marks.0 == APPLICATION {
                format!("it has version {}, and this program knows version {VERSION}", marks.1)
            } else {
                "it is another program's database".to_owned()
            };
            return Err(refuse(why).hint("name another file with `ledger.path`".to_owned()));
        }
        let oracle = named(&connection, "oracle", "identity", identity).map_err(|e| refuse(e.to_string()))?;
        Ok(Self { path: path.to_owned(), connection, oracle, run: None })
    }

    /// Every object with a score of this identity, in no particular order.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn objects(&self) -> Result<Vec<String>, Problem> {
        let rows =
            self.connection.prepare("SELECT object FROM score WHERE oracle = ?").and_then(|mut query| {
                let rows = query.query_map([self.oracle], |row| row.get(0))?;
                rows.collect()
            });
        rows.map_err(|e| Problem::new(self.failed(&e)))
    }

    fn failed(&self, e: &rusqlite::Error) -> String {
        format!("{}: {e}", self.path.display())
    }

    fn look_up(&self, objects: &Texts, out: &mut [Option<f64>]) -> rusqlite::Result<()> {
        let sql = "SELECT score FROM score WHERE oracle = ? AND object = ?";
        let mut query = self.connection.prepare(sql)?;
        for (object, score) in objects.iter().zip(out) {
            *score = query.query_row(params![self.oracle, object], |row| row.get(0)).optional()?.or(*score);
        }
        Ok(())
    }

    fn write(&mut self, objects: &Texts, scores: &[f64]) -> rusqlite::Result<()> {
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
            let sql = "UPDATE run SET paid = paid + ? WHERE id = ?";
            transaction.prepare(sql)?.execute(params![scores.len() as i64, self.run])?;
        }
        transaction.commit()
    }
}

/// Sets a connection up, makes the tables in a new file, and gives the marks of the file.
fn prepare(connection: &mut Connection) -> rusqlite::Result<(i64, i64)> {
    // With a log beside the file, readers never wait; synced in full, what is committed survives a loss of power.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()?;
    let mark = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok((mark("application_id")?, mark("user_version")?))
}

/// The number of a row with this unique text, which is made if there is none.
fn named(connection: &Connection, table: &str, column: &str, text: &str) -> rusqlite::Result<i64> {
    connection.execute(&format!("INSERT OR IGNORE INTO {table} ({column}) VALUES (?)"), [text])?;
    connection.query_row(&format!("SELECT id FROM {table} WHERE {column} = ?"), [text], |row| row.get(0))
}

impl Ledger for ScoreFile {
    fn recall(&mut self, objects: &Texts, out: &mut [Option<f64>]) -> Result<(), String> {
        self.look_up(objects, out).map_err(|e| self.failed(&e))
    }

    fn keep(&mut self, objects: &Texts, scores: &[f64]) -> Result<(), String> {
        self.write(objects, scores).map_err(|e| self.failed(&e))
    }

    fn attribute(&mut self, run: &str) -> Result<u64, String> {
        let paid = named(&self.connection, "run", "name", run).and_then(|id| {
            self.run = Some(id);
            let sql = "SELECT paid FROM run WHERE id = ?";
            self.connection.query_row(sql, [id], |row| row.get::<_, i64>(0))
        });
        paid.map(|n| n.unsigned_abs()).map_err(|e| self.failed(&e))
    }
}
