//! How far back is too far: the last record that may go, if nothing needs it.

use crate::pipeline::ledger::Ledger;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::retention::Bounds;

/// The last record that is too old, or one too many, at a time.
pub(super) fn horizon(ledger: &dyn Ledger, keep: &Bounds, now_ns: i64) -> Result<Seq, LedgerError> {
    let age = i64::try_from(keep.age.as_nanos()).unwrap_or(i64::MAX);
    let old = by_age(ledger, now_ns.saturating_sub(age))?;
    Ok(old.max(by_size(ledger, keep)?))
}

/// The last record accepted before a time; accept times ascend with the sequence.
fn by_age(ledger: &dyn Ledger, before_ns: i64) -> Result<Seq, LedgerError> {
    last(ledger.head(), |seq| {
        let next = ledger.first_after(seq - 1)?;
        Ok(next.is_none_or(|(_, at_ns)| at_ns < before_ns))
    })
}

/// The last record above which there is still too much.
fn by_size(ledger: &dyn Ledger, keep: &Bounds) -> Result<Seq, LedgerError> {
    let head = ledger.head();
    let above =
        |seq| -> Result<u64, LedgerError> { Ok(ledger.weigh(seq, head)?.values().map(|weight| weight.bytes).sum()) };
    let held = above(0)?;
    let status = ledger.status();
    let short = status.free_bytes.map_or(0, |free| keep.reserve.saturating_sub(free));
    // What the disk is short of goes too, so that new requests are taken again.
    let allowed = keep.size.min(if short > 0 { held.saturating_sub(short) } else { u64::MAX });
    if held <= allowed {
        return Ok(0);
    }
    last(head, |seq| Ok(above(seq - 1)? > allowed))
}

/// The last of 1 to `head` for which something holds that holds up to some point; 0: for none.
fn last(head: Seq, holds: impl Fn(Seq) -> Result<bool, LedgerError>) -> Result<Seq, LedgerError> {
    let (mut low, mut high) = (0, head);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if holds(middle)? {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(low)
}
