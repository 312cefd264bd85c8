//! Bits that rot, pages that are lost: the ledger opens without a hand, gives back only what was
//! written, and counts what it cannot.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rusqlite::Connection;
use tempfile::TempDir;

use super::Watermark;
use super::open;
use super::renumber;
use crate::pipeline::ledger::Counters;
use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Letters;
use crate::pipeline::ledger::Open;
use crate::pipeline::ledger::OpenError;
use crate::pipeline::ledger::Options;
use crate::pipeline::ledger::Progress;
use crate::pipeline::ledger::Retire;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::Status;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::conformance::draft;
use crate::pipeline::ledger::conformance::letter;
use crate::pipeline::ledger::conformance::noise;
use crate::pipeline::ledger::conformance::stub;

const PAGE: usize = 16384;
const RECORDS: u64 = 12;

/// The body of a record: short ones share a page, long ones have several.
fn body(seq: Seq) -> Bytes {
    let mut body = format!("here begins {seq:04} ").into_bytes();
    body.extend(noise(if seq.is_multiple_of(4) { 40_000 } else { 1_500 }));
    body.into()
}

/// A closed ledger of [`RECORDS`] records and something settled.
async fn ledger() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path()).await.close().await.unwrap();
    dir
}

async fn fill(dir: &Path) -> Arc<dyn Ledger> {
    let ledger = open(Options::new(dir)).unwrap();
    for seq in 1..=RECORDS {
        let sent = Draft { body: body(seq), traces: vec![SubjectKey(seq % 3)], ..draft("") };
        assert_eq!(ledger.append(sent).await, Ok(seq));
    }
    let letters = vec![letter(1, "trace")];
    let gaps = vec![Gap { after: 3, upto: 4 }];
    let step = Settle {
        base: 5,
        counters: counters(),
        opened: vec![waiting(1), waiting(2)],
        gaps,
        letters,
        ..Settle::default()
    };
    ledger.settle("d", step).await.unwrap();
    ledger.replace(vec![fact()]).await.unwrap();
    ledger.retire(Retire { stubs: vec![stub(SubjectKey(9), 1, &[77])], ..Retire::default() }).await.unwrap();
    ledger
}

fn counters() -> Counters {
    Counters { accepted: 9, delivered: 5, ..Counters::default() }
}

fn waiting(trace: u64) -> Open {
    let note = format!("the vendor is away from {trace}").into_bytes();
    Open { trace: SubjectKey(trace), project: "project".into(), shown: 0, first: trace, last: trace + 3, note }
}

fn fact() -> Fact {
    Fact { space: "minted".to_owned(), key: b"key".to_vec(), value: b"value".to_vec() }
}

/// What is settled is never more than what was: all of it, with a trace to be looked at again where its note
/// was damaged; or nothing, and the destination begins again.
fn believes_no_damage(progress: &Progress, what: &str) {
    if *progress == Progress::default() {
        return;
    }
    let Progress { base, counters: found, open, gaps } = progress;
    assert_eq!((*base, found, &gaps[..]), (5, &counters(), &[Gap { after: 3, upto: 4 }][..]), "{what}");
    assert_eq!(open.len(), 2, "{what}");
    for (open, trace) in open.iter().zip([1, 2]) {
        let again =
            Open { trace: SubjectKey(trace), shown: 0, first: trace, last: trace + 3, note: vec![], ..open.clone() };
        assert!(*open == waiting(trace) || *open == again, "{what}: {open:?}");
    }
}

/// Asks everything that a start of the gateway asks, or an operator: there is always an answer.
fn ask_all(ledger: &dyn Ledger, what: &str) {
    believes_no_damage(&ledger.progress("d").unwrap(), what);
    let held = ledger.fact("minted", b"key").unwrap();
    assert!(held.is_none_or(|held| held == b"value"), "{what}");
    let answers = [
        ledger.facts("minted").map(drop),
        ledger.letters(&Letters::default()).map(drop),
        ledger.lettered().map(drop),
        ledger.count_letters(&Letters::default()).map(drop),
        ledger.old_letters(0, 0).map(drop),
        ledger.stubs(SubjectKey(77)).map(drop),
        ledger.seqs_of(SubjectKey(1)).map(drop),
        ledger.find(SubjectKey(1), 9).map(drop),
        ledger.weigh(0, RECORDS).map(drop),
        ledger.first_after(0).map(drop),
        ledger.outline(0, 99).map(drop),
    ];
    for (at, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, Ok(()), "question {at}, {what}");
    }
}

/// Opens a ledger and reads everything; what is given back must be what was written.
async fn read(dir: &Path) -> (Vec<Seq>, Vec<Seq>, Status) {
    let ledger = open(Options::new(dir)).unwrap_or_else(|error| panic!("it does not open: {error}"));
    ask_all(&*ledger, "before anything is read");
    let (mut held, mut corrupt, mut after) = (Vec::new(), Vec::new(), 0);
    while after < ledger.head() {
        match ledger.range(after, 1, usize::MAX) {
            Ok(records) => {
                let Some(record) = records.first() else { break };
                assert!(record.body == body(record.seq), "record {} is not what was written", record.seq);
                held.push(record.seq);
                after = record.seq;
            }
            Err(LedgerError::Corrupt(seq)) => {
                assert!(seq > after, "{seq} again");
                corrupt.push(seq);
                after = seq;
            }
            Err(error) => panic!("after {after}: {error}"),
        }
    }
    // What was found while reading is put aside before this.
    ledger.replace(vec![]).await.unwrap();
    let late = Draft { body: body(after + 1), ..draft("") };
    assert_eq!(ledger.append(late).await, Ok(after + 1), "{corrupt:?}");
    let status = ledger.status();
    ledger.close().await.unwrap();
    (held, corrupt, status)
}

/// Where the bodies begin in the database file.
fn places(dir: &Path) -> Vec<(Seq, usize)> {
    let file = std::fs::read(dir.join("ledger.db")).unwrap();
    let place = |seq: Seq| {
        let text = format!("here begins {seq:04} ");
        let at = file.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
        (seq, at)
    };
    (1..=RECORDS).map(place).collect()
}

fn alter(dir: &Path, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = dir.join(name);
    let mut file = std::fs::read(&path).unwrap();
    change(&mut file);
    std::fs::write(path, file).unwrap();
}

fn copy(from: &Path) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    dir
}

#[tokio::test]
async fn a_flipped_bit_in_any_record_costs_that_record_only() {
    let whole = ledger().await;
    for (seq, at) in places(whole.path()) {
        let dir = copy(whole.path());
        alter(dir.path(), "ledger.db", |file| file[at + 100] ^= 16);
        let (held, corrupt, status) = read(dir.path()).await;
        assert_eq!(corrupt, [seq]);
        assert_eq!(held.len() as u64, RECORDS - 1);
        assert_eq!((status.quarantined, status.lost, status.salvaged), (1, 0, 0), "record {seq}");
        // It was put aside: the next start finds it so.
        let (held, corrupt, status) = read(dir.path()).await;
        assert_eq!((held.len() as u64, corrupt, status.quarantined), (RECORDS, vec![seq], 1));
    }
}

#[tokio::test]
async fn a_lost_page_of_any_record_costs_the_records_on_it_only() {
    let whole = ledger().await;
    let places = places(whole.path());
    for (seq, at) in &places {
        let dir = copy(whole.path());
        alter(dir.path(), "ledger.db", |file| file[at / PAGE * PAGE..][..PAGE].fill(0));
        let (held, corrupt, status) = read(dir.path()).await;
        assert!(corrupt.contains(seq), "record {seq}: {corrupt:?}");
        let beside = places.iter().filter(|(_, other)| other / PAGE != at / PAGE).map(|(seq, _)| *seq);
        let missing: Vec<Seq> = beside.filter(|seq| !held.contains(seq)).collect();
        // A long record may begin on another page and go on here.
        assert!(missing.iter().all(|seq| seq.is_multiple_of(4)), "record {seq}: {missing:?} are missing too");
        assert_eq!(status.quarantined, corrupt.len() as u64, "record {seq}");
        assert_eq!(held.len() as u64 + status.quarantined, RECORDS, "record {seq}");
    }
}

#[tokio::test]
async fn every_lost_page_is_survived_and_counted() {
    let whole = ledger().await;
    let pages = std::fs::metadata(whole.path().join("ledger.db")).unwrap().len() as usize / PAGE;
    let (most, mut salvaged) = (Most::of(whole.path()), 0);
    for page in 0..pages {
        let dir = copy(whole.path());
        alter(dir.path(), "ledger.db", |file| file[page * PAGE..][..PAGE].fill(0));
        salvaged += survives(dir.path(), most.on(page), &format!("page {page}")).await.salvaged;
    }
    println!("{pages} pages, one lost at a time: {salvaged} stores salvaged");
    assert!(salvaged > 0);
}

/// The page that each table begins on, the first is 0.
fn roots(dir: &Path) -> Vec<(String, usize)> {
    let conn = Connection::open(dir.join("ledger.db")).unwrap();
    let mut query = conn.prepare("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0").unwrap();
    let root = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, u32>(1)? as usize - 1));
    query.query_map([], root).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// How many records a page may cost.
struct Most {
    roots: Vec<(String, usize)>,
    places: Vec<(Seq, usize)>,
}

impl Most {
    fn of(dir: &Path) -> Self {
        Self { roots: roots(dir), places: places(dir) }
    }

    /// All that stand on it, or one that goes on there; whatever leads to the records, if it is lost; and
    /// none on a page that holds something else.
    fn on(&self, page: usize) -> u64 {
        match self.roots.iter().find(|(_, root)| *root == page) {
            Some((table, _)) if table == "records" => RECORDS,
            Some(_) => 0,
            // The first says where everything is, of which there is a copy; the second who holds which page.
            None if page < 2 => 0,
            None => self.places.iter().filter(|(_, at)| at / PAGE == page).count().max(1) as u64,
        }
    }
}

#[tokio::test]
async fn two_flipped_bits_in_the_head_of_any_table_cost_no_record_of_another() {
    let whole = ledger().await;
    let most = Most::of(whole.path());
    for (table, page) in &most.roots {
        for at in [0, 3] {
            let dir = copy(whole.path());
            alter(dir.path(), "ledger.db", |file| file[page * PAGE + at] ^= 0x18);
            survives(dir.path(), most.on(*page), &format!("byte {at} of {table}")).await;
        }
    }
}

#[tokio::test]
async fn a_store_that_does_not_tell_its_format_is_salvaged_whole() {
    let whole = ledger().await;
    let meta = roots(whole.path()).into_iter().find(|(table, _)| table == "meta").unwrap().1 * PAGE;
    let changes: [fn(&mut [u8]); 3] = [|page| page[0] ^= 0x10, |page| page.fill(0), |page| page.fill(0xff)];
    for (at, change) in changes.into_iter().enumerate() {
        let dir = copy(whole.path());
        alter(dir.path(), "ledger.db", |file| change(&mut file[meta..][..PAGE]));
        let (held, corrupt, status) = read(dir.path()).await;
        assert_eq!((held.len() as u64, corrupt, status.salvaged), (RECORDS, vec![], 1), "{at}");
        let ledger = open(Options::new(dir.path())).unwrap();
        let progress = ledger.progress("d").unwrap();
        assert_eq!((progress.base, progress.open), (5, vec![waiting(1), waiting(2)]), "{at}");
        assert_eq!(ledger.facts("minted"), Ok(vec![fact()]), "{at}");
    }
}

/// Changes a value in a table as rot would: without a word, and without its checksum.
fn rot(dir: &Path, sql: &str) {
    let conn = Connection::open(dir.join("ledger.db")).unwrap();
    assert_eq!(conn.execute(sql, []).unwrap(), 1, "{sql}");
}

#[tokio::test]
async fn what_was_settled_is_not_believed_when_it_is_not_what_was_written() {
    let whole = ledger().await;
    let again = Open { note: vec![], ..waiting(1) };
    let kept = vec![again, waiting(2)];
    for (sql, open) in [
        ("UPDATE open SET note = CAST('the Vendor is away from 1' AS BLOB) WHERE trace = 1", Some(kept.clone())),
        ("UPDATE open SET shown = 4 WHERE trace = 1", Some(kept.clone())),
        ("UPDATE open SET project = 'other' WHERE trace = 1", Some(kept)),
        ("UPDATE open SET trace = 1001 WHERE trace = 1", None),
        ("UPDATE open SET destination = 'e' WHERE trace = 1", None),
        ("UPDATE open SET note = 'text' WHERE trace = 1", None),
        ("DELETE FROM open WHERE trace = 1", None),
        ("UPDATE progress SET base = 4", None),
        ("UPDATE progress SET base = 1 << 40", None),
        ("UPDATE progress SET accepted = 8", None),
        ("UPDATE progress SET opens = 1", None),
        ("UPDATE gaps SET upto = 5", None),
        ("DELETE FROM gaps", None),
    ] {
        let dir = copy(whole.path());
        rot(dir.path(), sql);
        let ledger = reopen(dir.path());
        let progress = ledger.progress("d").unwrap();
        let expected = match open {
            Some(open) => Progress { base: 5, counters: counters(), open, gaps: vec![Gap { after: 3, upto: 4 }] },
            None => Progress::default(),
        };
        let letters = if expected.base == 0 { 0 } else { 1 };
        assert_eq!(progress, expected, "{sql}");
        assert_eq!(ledger.count_letters(&Letters::default()), Ok(letters), "{sql}");
        assert_eq!((ledger.status().salvaged, ledger.status().aside, ledger.head()), (1, 1, RECORDS), "{sql}");
        ledger.close().await.unwrap();
        assert_eq!(reopen(dir.path()).progress("d").unwrap(), expected, "{sql}, at the next start");
    }
}

#[tokio::test]
async fn a_fact_that_is_not_what_was_written_is_none() {
    let whole = ledger().await;
    for sql in ["UPDATE facts SET value = x'00'", "UPDATE facts SET value = 'text'", "UPDATE facts SET crc = crc + 1"] {
        let dir = copy(whole.path());
        rot(dir.path(), sql);
        let ledger = reopen(dir.path());
        assert_eq!(ledger.put_if_absent(vec![fact()]).await, Ok(vec![b"value".to_vec()]), "{sql}");
        assert_eq!(ledger.fact("minted", b"key"), Ok(Some(b"value".to_vec())), "{sql}");
        assert_eq!(ledger.status().salvaged, 1, "{sql}");
    }
}

#[tokio::test]
async fn a_record_put_aside_is_named_by_its_trace_and_keeps_its_items() {
    let whole = ledger().await;
    let (_, at) = places(whole.path())[0];
    let tables = roots(whole.path());
    for salvaged in [0, 1] {
        let dir = copy(whole.path());
        alter(dir.path(), "ledger.db", |file| {
            file[at + 100] ^= 16;
            let meta = tables.iter().find(|(table, _)| table == "meta").unwrap().1;
            file[meta * PAGE] ^= if salvaged == 1 { 0x10 } else { 0 };
        });
        for start in ["at first", "at the next start"] {
            let ledger = reopen(dir.path());
            assert!(ledger.range(0, 1, usize::MAX).is_err(), "{start}");
            ledger.replace(vec![]).await.unwrap();
            assert_eq!(ledger.seqs_of(SubjectKey(1)), Ok(vec![1, 4, 7, 10]), "{start}, {salvaged}");
            assert_eq!(ledger.get(&[1, 4]).unwrap().len(), 1, "{start}, {salvaged}");
            let weight = ledger.weigh(0, 1).unwrap().into_values().next().unwrap();
            assert_eq!((weight.items, weight.bytes, weight.records), (1, 0, 0), "{start}, {salvaged}");
            assert_eq!((ledger.status().quarantined, ledger.status().salvaged), (1, salvaged), "{start}");
            ledger.close().await.unwrap();
        }
    }
}

fn reopen(dir: &Path) -> Arc<dyn Ledger> {
    open(Options::new(dir)).unwrap()
}

// As far as it can be told apart from damage, it is not touched.
#[tokio::test]
async fn a_newer_store_is_not_salvaged_by_an_older_build() {
    let dir = ledger().await;
    renumber(dir.path(), 1);
    let meta = roots(dir.path()).into_iter().find(|(table, _)| table == "meta").unwrap().1 * PAGE;
    alter(dir.path(), "ledger.db", |file| file[meta] ^= 0x10);
    assert!(matches!(open(Options::new(dir.path())), Err(OpenError::Newer { .. })));
}

/// Whatever was damaged: it opens, gives back only what was written, and every record that it does not
/// give back is counted, of which there are no more than what was damaged held.
async fn survives(dir: &Path, most: u64, what: &str) -> Status {
    let (held, corrupt, status) = read(dir).await;
    assert!(corrupt.len() as u64 <= most, "{what}: {corrupt:?}, more than {most}");
    assert_eq!((held.len() + corrupt.len()) as u64, RECORDS, "{what}: {held:?} {corrupt:?} {status:?}");
    assert_eq!(status.quarantined + status.lost, corrupt.len() as u64, "{what}: {corrupt:?} {status:?}");
    let (again, still, _) = read(dir).await;
    assert_eq!((again.len() - 1, still), (held.len(), corrupt), "{what}, at the next start");
    status
}

async fn flip_bits(seed: u64, times: u32) {
    let whole = ledger().await;
    let size = std::fs::metadata(whole.path().join("ledger.db")).unwrap().len() as usize;
    let mut dice = StdRng::seed_from_u64(seed);
    let (most, mut damaged, mut salvaged) = (Most::of(whole.path()), 0, 0);
    for _ in 0..times {
        let (at, bit) = (dice.random_range(..size), dice.random_range(..8_u8));
        let dir = copy(whole.path());
        alter(dir.path(), "ledger.db", |file| file[at] ^= 1 << bit);
        let status = survives(dir.path(), most.on(at / PAGE), &format!("bit {bit} of byte {at}")).await;
        damaged += u32::from(status.quarantined + status.lost > 0);
        salvaged += status.salvaged;
    }
    println!("{times} bits flipped: {damaged} cost a record, {salvaged} stores salvaged");
}

#[tokio::test]
async fn any_flipped_bit_is_survived_and_counted() {
    flip_bits(1, 100).await;
}

#[tokio::test]
#[ignore = "long: thousands of damaged ledgers"]
async fn any_of_very_many_flipped_bits_is_survived_and_counted() {
    for seed in 2..6 {
        flip_bits(seed, 500).await;
    }
}

// SQLite drops the log from the first bad page on, without a word: the mark says how much that was.
#[tokio::test]
async fn a_flipped_bit_in_the_log_is_survived_and_counted() {
    let whole = tempfile::tempdir().unwrap();
    let ledger = fill(whole.path()).await;
    while Watermark::peek(&whole.path().join("ledger.hwm")) < RECORDS {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(ledger);
    let size = std::fs::metadata(whole.path().join("ledger.db-wal")).unwrap().len() as usize;
    let mut lost = 0;
    for at in (0..size).step_by(PAGE * 2 + 4_001) {
        let dir = copy(whole.path());
        alter(dir.path(), "ledger.db-wal", |file| file[at] ^= 1);
        lost += survives(dir.path(), RECORDS, &format!("byte {at} of the log")).await.lost;
    }
    println!("{lost} records lost and counted");
    assert!(lost > 0);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_salvaged_by_the_copy_of_its_first_page() {
    let dir = ledger().await;
    alter(dir.path(), "ledger.db", |file| file[..PAGE].fill(0xff));
    let (held, corrupt, status) = read(dir.path()).await;
    assert_eq!((held.len() as u64, corrupt, status.salvaged), (RECORDS, vec![], 1));
    assert_eq!(open(Options::new(dir.path())).unwrap().progress("d").unwrap().base, 5);
    assert!(dir.path().join("ledger.corrupt-1.db").exists());
}

#[tokio::test]
async fn a_file_of_which_nothing_is_left_starts_anew_and_says_how_much_is_missing() {
    let dir = ledger().await;
    std::fs::remove_file(dir.path().join("ledger.page")).unwrap();
    alter(dir.path(), "ledger.db", |file| file.fill(7));
    let (held, corrupt, status) = read(dir.path()).await;
    assert_eq!((held.len(), corrupt.len() as u64), (0, RECORDS));
    assert_eq!((status.quarantined, status.salvaged), (RECORDS, 1));
}

#[tokio::test]
async fn a_salvage_that_was_cut_off_is_finished() {
    let dir = ledger().await;
    // As if the process had died between the two renames.
    std::fs::rename(dir.path().join("ledger.db"), dir.path().join("ledger.salvaged.db")).unwrap();
    std::fs::write(dir.path().join("ledger.salvage.db"), b"an older try").unwrap();
    let (held, corrupt, _) = read(dir.path()).await;
    assert_eq!((held.len() as u64, corrupt), (RECORDS, vec![]));
}

#[tokio::test]
async fn damage_that_a_write_meets_is_salvaged_at_once() {
    let dir = ledger().await;
    let root = roots(dir.path()).into_iter().find(|(table, _)| table == "traces").unwrap().1;
    alter(dir.path(), "ledger.db", |file| file[root * PAGE..][..PAGE].fill(0xff));
    let ledger = open(Options::new(dir.path())).unwrap();
    let late = Draft { body: body(RECORDS + 1), traces: vec![SubjectKey(1)], ..draft("") };
    assert_eq!(ledger.append(late).await, Ok(RECORDS + 1));
    assert_eq!((ledger.status().salvaged, ledger.status().ready), (1, true));
    // The readers follow, and the index was made again from the records.
    assert_eq!(ledger.seqs_of(SubjectKey(1)), Ok(vec![1, 4, 7, 10, RECORDS + 1]));
}
