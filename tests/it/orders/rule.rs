//! Which orders end in the same state, by what the requests say (`design.md §3`, the fold rule).

use std::collections::BTreeSet;

use spangate::canonical::Id;
use spangate::canonical::Item;
use spangate::canonical::Op;
use spangate::canonical::Rank;
use spangate::canonical::Time;
use spangate::contract::Dialect;
use spangate::contract::Seed;
use spangate::pipeline::translate::Input;

/// What a request says about one subject.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// The trace or span, by what all its ids share.
    subject: [u8; 8],
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Create(Rank, Op),
    Update,
    Score(String),
    Delete,
}

/// What a request says.
pub(super) fn said(from: &'static dyn Dialect, input: &Input) -> Vec<Said> {
    let seed = Seed { record: (input.line as u128).to_be_bytes(), at: Time::default() };
    let items = from.decode(&input.call, &seed).map(|decoded| decoded.items).unwrap_or_default();
    items.iter().map(of_item).collect()
}

fn of_item(item: &Item) -> Said {
    let what = match &item.op {
        Op::Score(score) => What::Score(score.name.clone()),
        Op::DeleteScore { name, .. } => What::Score(name.clone()),
        Op::Delete(_) => What::Delete,
        op if item.creates() => What::Create(item.rank, op.clone()),
        _ => What::Update,
    };
    let subject = item.span().or(item.trace()).map(Id::stem).unwrap_or_default();
    Said { subject, what }
}

/// Whether two statements must keep their order: two updates, or two scores of one name, of one
/// subject; and all about a subject that was created twice, differently, with the same rank.
fn keeps(a: &Said, b: &Said, recreated: &BTreeSet<[u8; 8]>) -> bool {
    a.subject == b.subject
        && match (&a.what, &b.what) {
            (What::Score(name), What::Score(other)) => name == other,
            (What::Score(_), _) | (_, What::Score(_)) => false,
            (What::Update, What::Update) => true,
            _ => recreated.contains(&a.subject),
        }
}

fn recreated(said: &[Vec<Said>]) -> BTreeSet<[u8; 8]> {
    let creates = |said: &Said| match &said.what {
        What::Create(rank, op) => Some((said.subject, std::mem::discriminant(rank), format!("{op:?}"))),
        _ => None,
    };
    let creates: Vec<_> = said.iter().flatten().filter_map(creates).collect();
    let twice =
        |(subject, rank, op): &_| creates.iter().any(|other| (&other.0, &other.1) == (subject, rank) && other.2 != *op);
    creates.iter().filter(|create| twice(create)).map(|(subject, ..)| *subject).collect()
}

/// The requests by key, as far as their order is free.
pub(super) fn order(said: &[Vec<Said>], keys: &[u32]) -> Vec<usize> {
    let recreated = recreated(said);
    let before = |a: usize, b: usize| said[a].iter().any(|a| said[b].iter().any(|b| keeps(a, b, &recreated)));
    let mut left: Vec<usize> = (0..said.len()).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let free = left.iter().filter(|at| !left.iter().any(|other| other < *at && before(*other, **at)));
        let next = *free.min_by_key(|at| keys[**at]).unwrap();
        left.retain(|at| *at != next);
        order.push(next);
    }
    order
}

/// Whether something is said about a subject in an earlier request than the one that creates it.
pub(super) fn comes_early(said: &[Vec<Said>], order: &[usize]) -> bool {
    let mut created = BTreeSet::new();
    let all: BTreeSet<_> = said.iter().flatten().filter(|said| is_create(said)).map(|said| said.subject).collect();
    order.iter().any(|at| {
        created.extend(said[*at].iter().filter(|said| is_create(said)).map(|said| said.subject));
        said[*at].iter().any(|said| all.contains(&said.subject) && !created.contains(&said.subject))
    })
}

fn is_create(said: &Said) -> bool {
    matches!(said.what, What::Create(..))
}
