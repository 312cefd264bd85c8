//! Which trace a span is in, for statements that name the span only.
//!
//! Such a statement is filed under the trace when the span's create is known, else under the span, as
//! an orphan; the create that tells its trace adopts it. Memory here is a cache over the ledger.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;

use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::pipeline::ledger::Fact;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::record;
use crate::pipeline::record::Dialects;
use crate::pipeline::subject;

const REMEMBERED: usize = 200_000;
const SPACE: &str = "orphans";
const ADOPTED: &str = "adopted";

/// Spans and their traces.
pub struct Homes {
    ledger: Arc<dyn Ledger>,
    dialects: Dialects,
    spans: Mutex<LruCache<SubjectKey, SubjectKey>>,
    orphans: Mutex<HashMap<SubjectKey, Orphan>>,
}

/// Statements that wait for their span's create.
#[derive(Default)]
struct Orphan {
    /// The records that hold them.
    seqs: Vec<Seq>,
    /// Whether the create has been searched for; if it comes later, it tells by itself.
    searched: bool,
}

/// The traces of spans that were searched for.
type Found = HashMap<SubjectKey, SubjectKey>;

/// Where a request's items are filed.
#[derive(Debug, Default)]
pub struct Filed {
    /// Each item's home, by position.
    pub homes: Vec<SubjectKey>,
    /// Every subject named, for the record's table.
    pub subjects: Vec<SubjectKey>,
    /// Spans created, with their trace.
    created: Vec<(SubjectKey, SubjectKey)>,
    /// Spans named whose trace is not known.
    orphans: Vec<SubjectKey>,
}

impl Filed {
    /// The homes, each once.
    pub fn traces(&self) -> Vec<SubjectKey> {
        self.homes.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The spans that are created.
    pub fn created(&self) -> impl Iterator<Item = SubjectKey> {
        self.created.iter().map(|(span, _)| *span)
    }
}

impl Homes {
    /// Reads which orphans wait.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn open(ledger: Arc<dyn Ledger>, dialects: Dialects) -> Result<Self, LedgerError> {
        let orphans = ledger.facts(SPACE)?.into_iter().filter_map(|fact| {
            let key = u64::from_be_bytes(fact.key.try_into().ok()?);
            let seqs = serde_json::from_slice(&fact.value).ok()?;
            Some((SubjectKey(key), Orphan { seqs, searched: false }))
        });
        let orphans = Mutex::new(orphans.collect());
        let capacity = NonZeroUsize::new(REMEMBERED).unwrap_or(NonZeroUsize::MIN);
        Ok(Self { ledger, dialects, spans: Mutex::new(LruCache::new(capacity)), orphans })
    }

    /// Files a request's items, and lets the spans it creates adopt what waits for them.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn file(&self, project: &str, items: &[Item]) -> Result<Filed, LedgerError> {
        let mut filed = Filed::default();
        let found = self.search_all(project, items).await?;
        // Items of one trace come together, and a key is a hash.
        let mut last = None;
        for item in items {
            let span = item.span().map(|span| subject::span(project, span));
            let home = match (item.trace(), span) {
                (Some(trace), _) => {
                    let known = last.filter(|(known, _)| *known == trace).map(|(_, home)| home);
                    let home = known.unwrap_or_else(|| subject::trace(project, trace));
                    last = Some((trace, home));
                    home
                }
                (None, Some(span)) => self.home(span, &found, &mut filed),
                (None, None) => subject::home(project, item),
            };
            let created = matches!(item.op, Op::Span(_)) && item.trace().is_some() && item.creates();
            filed.created.extend(span.filter(|_| created).map(|span| (span, home)));
            filed.homes.push(home);
            filed.subjects.extend(span);
        }
        self.adopt(&filed.created).await?;
        Ok(filed)
    }

    /// Remembers an appended request's spans and orphans. Looked at again after the append, because a
    /// create and a statement about it may pass each other.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn remember(&self, project: &str, seq: Seq, filed: &Filed) -> Result<(), LedgerError> {
        let _ = project;
        {
            let mut spans = self.spans.lock();
            for (span, trace) in &filed.created {
                spans.put(*span, *trace);
            }
        }
        self.adopt(&filed.created).await?;
        for orphan in &filed.orphans {
            let seqs = {
                let mut orphans = self.orphans.lock();
                let held = orphans.entry(*orphan).or_default();
                held.searched = true;
                held.seqs.push(seq);
                held.seqs.clone()
            };
            self.ledger.replace(vec![fact(*orphan, &seqs)]).await?;
            let home = self.spans.lock().get(orphan).copied();
            if let Some(home) = home {
                self.adopt(&[(*orphan, home)]).await?;
            }
        }
        Ok(())
    }

    /// The trace of a span that is filed as an orphan, once its create is held.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn adopted(&self, project: &str, span: SubjectKey) -> Result<Option<SubjectKey>, LedgerError> {
        if let Some(home) = self.spans.lock().get(&span).copied() {
            return Ok(Some(home));
        }
        if self.is_searched(span) {
            return Ok(None);
        }
        let home = search(&*self.ledger, &self.dialects, project, span)?;
        match home {
            Some(home) => {
                self.spans.lock().put(span, home);
            }
            None => {
                if let Some(orphan) = self.orphans.lock().get_mut(&span) {
                    orphan.searched = true;
                }
            }
        }
        Ok(home)
    }

    /// Whether statements about a span wait for its create.
    pub fn is_orphan(&self, span: SubjectKey) -> bool {
        self.waiting(span).is_some()
    }

    /// The records of an orphan, filed under a trace from now on.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn adopt(&self, created: &[(SubjectKey, SubjectKey)]) -> Result<(), LedgerError> {
        for (span, trace) in created {
            let Some(seqs) = self.waiting(*span) else { continue };
            self.ledger.alias(*trace, &seqs).await?;
            self.ledger.replace(vec![fact(*span, &[]), adoption(*span, *trace)]).await?;
            self.orphans.lock().remove(span);
        }
        Ok(())
    }

    /// The trace that adopted what was filed under a span, if one did.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn adopter(&self, span: SubjectKey) -> Result<Option<SubjectKey>, LedgerError> {
        let held = self.ledger.fact(ADOPTED, &span.0.to_be_bytes())?;
        Ok(held.and_then(|held| held.try_into().ok()).map(|held| SubjectKey(u64::from_be_bytes(held))))
    }

    /// Lets go of orphans whose records have gone.
    pub fn let_go(&self, spans: &[SubjectKey]) {
        let mut orphans = self.orphans.lock();
        for span in spans {
            orphans.remove(span);
        }
    }

    /// The facts about what was filed under a span, which go with its records.
    pub fn facts_of(&self, span: SubjectKey) -> [(String, Vec<u8>); 2] {
        [SPACE, ADOPTED].map(|space| (space.to_owned(), span.0.to_be_bytes().to_vec()))
    }

    fn waiting(&self, span: SubjectKey) -> Option<Vec<Seq>> {
        let orphans = self.orphans.lock();
        orphans.get(&span).map(|orphan| orphan.seqs.clone()).filter(|seqs| !seqs.is_empty())
    }

    fn is_searched(&self, span: SubjectKey) -> bool {
        self.orphans.lock().get(&span).is_some_and(|orphan| orphan.searched && !orphan.seqs.is_empty())
    }

    /// The home of a statement that names its span only.
    fn home(&self, span: SubjectKey, found: &Found, filed: &mut Filed) -> SubjectKey {
        let home = found.get(&span).copied().or_else(|| self.spans.lock().get(&span).copied());
        home.unwrap_or_else(|| {
            filed.orphans.push(span);
            span
        })
    }

    /// Searches the ledger for the spans that items name without their trace and that are not
    /// remembered, away from the async threads: it may take long. What already waits as an orphan was
    /// searched for when it came.
    async fn search_all(&self, project: &str, items: &[Item]) -> Result<Found, LedgerError> {
        let nameless = items.iter().filter(|item| item.trace().is_none()).filter_map(Item::span);
        let mut keys: Vec<SubjectKey> = nameless.map(|span| subject::span(project, span)).collect();
        keys.retain(|key| !self.is_searched(*key) && !self.spans.lock().contains(key));
        if keys.is_empty() {
            return Ok(Found::new());
        }
        let (ledger, dialects, project) = (Arc::clone(&self.ledger), self.dialects.clone(), project.to_owned());
        let search = move || {
            let search = |key: SubjectKey| Ok(search(&*ledger, &dialects, &project, key)?.map(|home| (key, home)));
            keys.into_iter().filter_map(|key| search(key).transpose()).collect::<Result<Found, LedgerError>>()
        };
        let found =
            tokio::task::spawn_blocking(search).await.map_err(|error| LedgerError::Store(error.to_string()))??;
        let mut spans = self.spans.lock();
        for (span, home) in &found {
            spans.put(*span, *home);
        }
        Ok(found)
    }
}

/// Looks for a span's create in the records that name it, first in the newest, which ends a scan early; and
/// in what is remembered of those that went.
fn search(
    ledger: &dyn Ledger,
    dialects: &Dialects,
    project: &str,
    span: SubjectKey,
) -> Result<Option<SubjectKey>, LedgerError> {
    let mut looked_at = Vec::new();
    for limit in [1, 16] {
        let mut seqs = ledger.find(span, limit)?;
        let is_all = seqs.len() < limit;
        seqs.retain(|seq| !looked_at.contains(seq));
        for record in ledger.get(&seqs)? {
            let Some(decoded) = record::decode(dialects, &record) else { continue };
            let trace = decoded.items.iter().filter(|item| is(project, item, span)).find_map(Item::trace);
            if let Some(trace) = trace {
                return Ok(Some(subject::trace(project, trace)));
            }
        }
        if is_all {
            break;
        }
        looked_at = seqs;
    }
    let stubs = ledger.stubs(span)?;
    Ok(stubs.iter().find(|stub| *stub.project == *project).map(|stub| stub.trace))
}

fn is(project: &str, item: &Item, span: SubjectKey) -> bool {
    item.span().is_some_and(|id: Id| subject::span(project, id) == span)
}

fn adoption(span: SubjectKey, trace: SubjectKey) -> Fact {
    let (key, value) = (span.0.to_be_bytes().to_vec(), trace.0.to_be_bytes().to_vec());
    Fact { space: ADOPTED.to_owned(), key, value }
}

fn fact(span: SubjectKey, seqs: &[Seq]) -> Fact {
    Fact {
        space: SPACE.to_owned(),
        key: span.0.to_be_bytes().to_vec(),
        value: serde_json::to_vec(seqs).unwrap_or_default(),
    }
}
