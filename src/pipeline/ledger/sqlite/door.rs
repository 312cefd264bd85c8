//! The embedded engine as a [`Ledger`].

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::Sqlite;
use super::letters;
use super::outline;
use super::query;
use super::settled;
use super::stubs;
use super::weights;
use super::work::Work;
use crate::pipeline::ledger::Draft;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Letter;
use crate::pipeline::ledger::Letters;
use crate::pipeline::ledger::Outline;
use crate::pipeline::ledger::Progress;
use crate::pipeline::ledger::Record;
use crate::pipeline::ledger::Retire;
use crate::pipeline::ledger::Retired;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Settle;
use crate::pipeline::ledger::Status;
use crate::pipeline::ledger::Stub;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::ledger::Weight;

impl Ledger for Sqlite {
    fn append(&self, draft: Draft) -> BoxFuture<'_, Result<Seq, LedgerError>> {
        self.append(draft).boxed()
    }

    fn head(&self) -> Seq {
        self.shared.head()
    }

    fn watch(&self) -> watch::Receiver<Seq> {
        self.shared.watch()
    }

    fn range(&self, after: Seq, max_records: usize, max_bytes: usize) -> Result<Vec<Record>, LedgerError> {
        let head = self.head();
        self.suspect(self.read(|reader| query::range(reader, after, head, max_records, max_bytes)))
    }

    fn get(&self, seqs: &[Seq]) -> Result<Vec<Record>, LedgerError> {
        let head = self.head();
        self.suspect(self.read(|reader| query::get(reader, seqs, head)))
    }

    fn seqs_of(&self, trace: SubjectKey) -> Result<Vec<Seq>, LedgerError> {
        let read = || self.read(|reader| query::seqs_of(&reader.conn, trace));
        // Nobody tells a reader of another's ledger what changes.
        if self.queue.is_none() { read() } else { self.shared.known.seqs_of(trace, read) }
    }

    fn find(&self, subject: SubjectKey, limit: usize) -> Result<Vec<Seq>, LedgerError> {
        self.read(|reader| query::find(&reader.conn, subject, limit))
    }

    fn alias(&self, trace: SubjectKey, seqs: &[Seq]) -> BoxFuture<'_, Result<(), LedgerError>> {
        let seqs = seqs.to_vec();
        self.done(Work::Alias { trace, seqs })
    }

    fn progress(&self, destination: &str) -> Result<Progress, LedgerError> {
        self.read(|reader| settled::progress(&mut reader.conn, destination))
    }

    fn settle(&self, destination: &str, settle: Settle) -> BoxFuture<'_, Result<(), LedgerError>> {
        let destination = destination.to_owned();
        self.done(Work::Settle { destination, settle })
    }

    fn fact(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, LedgerError> {
        self.read(|reader| query::fact(&reader.conn, space, key))
    }

    fn facts(&self, space: &str) -> Result<Vec<Fact>, LedgerError> {
        self.read(|reader| query::facts(&reader.conn, space))
    }

    fn put_if_absent(&self, facts: Vec<Fact>) -> BoxFuture<'_, Result<Vec<Vec<u8>>, LedgerError>> {
        self.put(facts).boxed()
    }

    fn replace(&self, facts: Vec<Fact>) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.done(Work::Replace(facts))
    }

    fn newest(&self, limit: usize, before: Option<Seq>) -> Result<Vec<Record>, LedgerError> {
        let head = self.head();
        let last = before.map_or(head, |before| before.saturating_sub(1).min(head));
        self.suspect(self.read(|reader| query::newest(reader, last, limit)))
    }

    fn weigh(&self, after: Seq, upto: Seq) -> Result<BTreeMap<Arc<str>, Weight>, LedgerError> {
        let upto = upto.min(self.head());
        self.read(|reader| weights::weigh(&mut reader.conn, after, upto))
    }

    fn first_after(&self, after: Seq) -> Result<Option<(Seq, i64)>, LedgerError> {
        self.read(|reader| weights::first_after(&reader.conn, after))
    }

    fn outline(&self, after: Seq, limit: usize) -> Result<Vec<Outline>, LedgerError> {
        self.read(|reader| outline::outline(&reader.conn, after, limit))
    }

    fn retire(&self, retire: Retire) -> BoxFuture<'_, Result<Retired, LedgerError>> {
        self.retire(retire).boxed()
    }

    fn stubs(&self, subject: SubjectKey) -> Result<Vec<Stub>, LedgerError> {
        self.read(|reader| stubs::find(&reader.conn, subject))
    }

    fn letters(&self, wanted: &Letters) -> Result<Vec<Letter>, LedgerError> {
        self.read(|reader| letters::select(&reader.conn, wanted))
    }

    fn lettered(&self) -> Result<HashSet<SubjectKey>, LedgerError> {
        self.read(|reader| letters::traces(&reader.conn))
    }

    fn old_letters(&self, before_ns: i64, bytes: u64) -> Result<Vec<(Arc<str>, SubjectKey)>, LedgerError> {
        self.read(|reader| letters::old(&reader.conn, before_ns, bytes))
    }

    fn count_letters(&self, wanted: &Letters) -> Result<u64, LedgerError> {
        self.read(|reader| letters::count(&reader.conn, wanted))
    }

    fn status(&self) -> Status {
        self.health()
    }

    fn close(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.shut().boxed()
    }
}
