//! The tables, and how those of an older format become today's.

use rusqlite::Connection;
use rusqlite::OptionalExtension;

/// The format this build writes, and the highest that it reads.
pub(super) const FORMAT: u32 = 3;

/// The first format: no weights, gaps, letters, retention or quarantine.
const FIRST: u32 = 1;

/// The second format: no checksums but those of records.
const SECOND: u32 = 2;

/// Records in one row of `blocks`.
pub(super) const BLOCK: u64 = 1024;

// `at_ms`, `project`, `dialect`, `items` of `records` repeat the envelope for whoever looks with
// the `sqlite3` tool; nothing here reads them.
const OLD: &str = "
CREATE TABLE meta(k TEXT PRIMARY KEY, v INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE records(
    seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, project TEXT NOT NULL,
    dialect TEXT NOT NULL, items INTEGER NOT NULL, env BLOB NOT NULL);
CREATE TABLE traces(key INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(key, seq)) WITHOUT ROWID;
CREATE TABLE progress(
    destination TEXT PRIMARY KEY, base INTEGER NOT NULL, accepted INTEGER NOT NULL,
    delivered INTEGER NOT NULL, dead INTEGER NOT NULL, filtered INTEGER NOT NULL,
    expired INTEGER NOT NULL, quarantined INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE open(
    destination TEXT NOT NULL, trace INTEGER NOT NULL, project TEXT NOT NULL,
    shown INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    note BLOB NOT NULL, PRIMARY KEY(destination, trace)) WITHOUT ROWID;
CREATE TABLE facts(
    space TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY(space, key)) WITHOUT ROWID;
";

// What a record weighs stands before its subjects, which may be long: a scan over the weights of a
// stretch reads these narrow rows, and over whole blocks only their sums.
const WEIGHTS: &str = "
CREATE TABLE contents(
    seq INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, project TEXT NOT NULL,
    items INTEGER NOT NULL, bytes INTEGER NOT NULL, subjects BLOB NOT NULL);
CREATE TABLE blocks(
    block INTEGER NOT NULL, project TEXT NOT NULL, records INTEGER NOT NULL,
    items INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(block, project)) WITHOUT ROWID;
";

// `gone` holds ranges of records that retention took away, with the exclusive or of their CRCs;
// `stubs` what is remembered of their traces and `runs` where to find them by subject.
const NEW: &str = "
CREATE TABLE gaps(
    destination TEXT NOT NULL, after INTEGER NOT NULL, upto INTEGER NOT NULL,
    PRIMARY KEY(destination, after)) WITHOUT ROWID;
CREATE TABLE letters(
    id INTEGER PRIMARY KEY AUTOINCREMENT, destination TEXT NOT NULL, project TEXT NOT NULL,
    trace INTEGER NOT NULL, target TEXT NOT NULL, items INTEGER NOT NULL, reason TEXT NOT NULL,
    why TEXT NOT NULL, status INTEGER, request BLOB NOT NULL, answer BLOB NOT NULL,
    attempts INTEGER NOT NULL, first_at_ns INTEGER NOT NULL, dead_at_ns INTEGER NOT NULL,
    seqs BLOB NOT NULL);
CREATE UNIQUE INDEX letters_by_target ON letters(destination, trace, target);
CREATE TABLE gone(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE stubs(
    id INTEGER PRIMARY KEY AUTOINCREMENT, trace INTEGER NOT NULL, project TEXT NOT NULL,
    at_ns INTEGER NOT NULL, newest INTEGER NOT NULL, note BLOB NOT NULL);
CREATE TABLE runs(
    slot INTEGER NOT NULL, run INTEGER NOT NULL, pairs BLOB NOT NULL,
    PRIMARY KEY(slot, run)) WITHOUT ROWID;
CREATE TABLE quarantine(
    seq INTEGER PRIMARY KEY, last INTEGER NOT NULL, why TEXT NOT NULL, env BLOB NOT NULL);
";

// Checksums of what was settled, how many traces a destination lists as open, and what a record that was put
// aside held. Nothing stands there in a row of an older format.
const SUMS: [(&str, &str); 4] = [
    ("progress", "opens INTEGER, crc INTEGER"),
    ("open", "crc INTEGER"),
    ("facts", "crc INTEGER"),
    ("quarantine", "project TEXT, items INTEGER"),
];

// What the first format knows of a record's weight. Its times stand in milliseconds beside the
// envelope, which is near enough for an age.
const WEIGHED: &str = "
    SELECT r.seq, r.at_ms * 1000000 AS at_ns, r.project, r.items, length(r.env) AS bytes,
           coalesce(c.subjects, x'') AS subjects
    FROM main.records r LEFT JOIN";

/// The format of an open store; `None` when it has no tables yet. From the second format on it stands
/// in two places: a number that changed by itself is no newer format.
pub(super) fn format(conn: &Connection) -> rusqlite::Result<Option<u32>> {
    let marked: u32 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if !conn.table_exists(None, "meta")? {
        return if marked == 0 { Ok(None) } else { Err(damaged("the ledger's format cannot be told")) };
    }
    let format = conn.query_row("SELECT v FROM meta WHERE k='format'", [], |row| row.get(0)).optional();
    match format {
        // Nothing of a newer format is salvaged by this build.
        Err(_) if marked > FORMAT => Ok(Some(marked)),
        Err(error) => Err(error),
        Ok(Some(format)) if format == marked || (format == FIRST && marked == 0) => Ok(Some(format)),
        Ok(_) => Err(damaged("the ledger's format cannot be told")),
    }
}

/// The error of a store that SQLite can read and that is not as it was written.
pub(super) fn damaged(what: &str) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    rusqlite::Error::SqliteFailure(code, Some(what.to_owned()))
}

/// Makes the tables of a new store.
pub(super) fn create(conn: &mut Connection) -> rusqlite::Result<()> {
    let made = conn.transaction()?;
    made.execute_batch(OLD)?;
    made.execute_batch(WEIGHTS)?;
    made.execute_batch(NEW)?;
    add_sums(&made)?;
    made.execute("INSERT INTO meta VALUES('format', ?1)", [FORMAT])?;
    made.pragma_update(None, "user_version", FORMAT)?;
    made.commit()
}

fn add_sums(conn: &Connection) -> rusqlite::Result<()> {
    let columns = SUMS.iter().flat_map(|(table, columns)| columns.split(", ").map(move |column| (table, column)));
    columns
        .into_iter()
        .try_for_each(|(table, column)| conn.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column};")))
}

/// Makes today's tables out of an older format's, in one transaction.
pub(super) fn migrate(conn: &mut Connection, found: u32) -> rusqlite::Result<()> {
    let moved = conn.transaction()?;
    if found <= FIRST {
        add_weights(&moved)?;
    }
    if found <= SECOND {
        add_sums(&moved)?;
    }
    moved.execute("UPDATE meta SET v = ?1 WHERE k = 'format'", [FORMAT])?;
    moved.pragma_update(None, "user_version", FORMAT)?;
    moved.commit()
}

fn add_weights(moved: &Connection) -> rusqlite::Result<()> {
    moved.execute_batch("ALTER TABLE contents RENAME TO subjects_1;")?;
    moved.execute_batch(WEIGHTS)?;
    moved.execute_batch(NEW)?;
    moved.execute_batch(&format!(
        "INSERT INTO contents {WEIGHED} subjects_1 c USING(seq);
         INSERT INTO blocks SELECT seq / {BLOCK}, project, count(*), sum(items), sum(bytes) FROM contents GROUP BY 1, 2;
         DROP TABLE subjects_1;"
    ))
}

/// Lets a reading connection see an older store, which it may not change, as one of today.
pub(super) fn overlay(conn: &Connection, found: u32) -> rusqlite::Result<()> {
    if found <= FIRST {
        overlay_weights(conn)?;
    }
    if found <= SECOND {
        overlay_sums(conn, found)?;
    }
    Ok(())
}

fn overlay_sums(conn: &Connection, found: u32) -> rusqlite::Result<()> {
    // The first format has no quarantine: what stands for it is a table already.
    for (table, columns) in SUMS.iter().filter(|(table, _)| found > FIRST || *table != "quarantine") {
        let names = columns.split(", ").filter_map(|column| column.split(' ').next());
        let nothing: String = names.map(|name| format!(", NULL AS {name}")).collect();
        conn.execute_batch(&format!("CREATE TEMP VIEW {table} AS SELECT *{nothing} FROM main.{table};"))?;
    }
    Ok(())
}

fn overlay_weights(conn: &Connection) -> rusqlite::Result<()> {
    let temporary = NEW
        .replace("CREATE TABLE", "CREATE TEMP TABLE")
        .replace("CREATE UNIQUE INDEX letters_by_target", "CREATE UNIQUE INDEX temp.letters_by_target");
    conn.execute_batch(&temporary)?;
    conn.execute_batch(
        "ALTER TABLE quarantine ADD COLUMN project TEXT; ALTER TABLE quarantine ADD COLUMN items INTEGER;",
    )?;
    conn.execute_batch(&format!(
        "CREATE TEMP VIEW contents AS {WEIGHED} main.contents c USING(seq);
         CREATE TEMP VIEW blocks AS
             SELECT seq / {BLOCK} AS block, project, count(*) AS records, sum(items) AS items, sum(bytes) AS bytes
             FROM contents GROUP BY 1, 2;"
    ))
}
