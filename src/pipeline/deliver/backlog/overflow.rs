//! What becomes of a backlog that uses its share of the disk up, or waits for too long.

use super::Backlog;
use crate::canonical::Time;
use crate::pipeline::deliver::Overflow;
use crate::pipeline::deliver::Share;
use crate::pipeline::ledger::Gap;
use crate::pipeline::ledger::LedgerError;
use crate::pipeline::ledger::Seq;
use crate::pipeline::ledger::Weight;

/// Of a share, one part in so many lies between where its policy begins and where it ends, so that it does
/// not run for each request.
const EASE: u64 = 20;
/// Of new traces, one in so many is taken on at the least.
const FEWEST: u64 = 1 << 20;

impl Backlog {
    /// Applies the policy to what waits; whether new requests are to be refused.
    pub(super) fn apply(&self) -> Result<bool, LedgerError> {
        let Share { size, overflow, .. } = self.destination.backlog;
        let (bytes, ease) = (self.count()?.bytes, size / EASE);
        match overflow {
            Overflow::ExpireOldest if bytes >= size => self.expire_to(size - ease)?,
            Overflow::ExpireOldest => {}
            Overflow::Sample => {
                self.sample(bytes, size);
                // What waits is no less for a sample of what is read: that takes a vendor that takes things.
                if bytes > size + ease {
                    self.expire_to(size)?;
                }
            }
            Overflow::Refuse => return Ok(bytes >= if self.figures.lock().refuses { size - ease } else { size }),
        }
        Ok(false)
    }

    /// Of new traces only so many are taken on that what comes in fits the share.
    fn sample(&self, bytes: u64, size: u64) {
        let before = self.figures.lock().delivered;
        let mut book = self.book.lock();
        let one_in = book.one_in();
        if bytes >= size && book.counters.delivered > before {
            book.sample((one_in * 2).min(FEWEST));
        } else if bytes < size / 2 && one_in > 1 {
            book.sample(one_in / 2);
        }
    }

    /// Gives up the oldest until no more than so many bytes wait, whether they have been read or not.
    fn expire_to(&self, bytes: u64) -> Result<(), LedgerError> {
        loop {
            let excess = self.count()?.bytes.saturating_sub(bytes);
            if excess == 0 {
                return Ok(());
            }
            let unread = self.first_unread()?.unwrap_or(Time(i64::MAX));
            if self.book.lock().expire_waiting(unread, excess) > 0 {
                continue;
            }
            let Some(gap) = self.oldest_gap() else { return Ok(()) };
            let upto = self.split(gap, |upto| {
                let mut sum = Weight::default();
                self.add(&mut sum, Gap { after: gap.after, upto })?;
                Ok(sum.bytes >= excess)
            })?;
            self.give_up(gap, upto)?;
        }
    }

    /// Gives up what was accepted before a time: unread records, and traces that wait.
    pub(super) fn expire_before(&self, time: Time) -> Result<(), LedgerError> {
        let young = |seq: Seq| -> Result<bool, LedgerError> {
            Ok(self.ledger.first_after(seq)?.is_none_or(|(_, at)| at >= time.0))
        };
        while !young(self.unread_after())? {
            let Some(gap) = self.oldest_gap() else { break };
            let upto = self.split(gap, young)?;
            self.give_up(gap, upto)?;
        }
        self.book.lock().expire_waiting(time, u64::MAX);
        Ok(())
    }

    /// The first unread range: a gap, else what lies between the cursor and the head, made one.
    fn oldest_gap(&self) -> Option<Gap> {
        let head = self.ledger.head();
        let mut book = self.book.lock();
        if book.gaps.is_empty() {
            book.skip_to(head);
        }
        book.gaps.first()
    }

    /// The first record of a range for which it holds, by halving; its last where it holds for none.
    fn split(&self, gap: Gap, holds: impl Fn(Seq) -> Result<bool, LedgerError>) -> Result<Seq, LedgerError> {
        let (mut low, mut high) = (gap.after + 1, gap.upto);
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(middle)? { high = middle } else { low = middle + 1 }
        }
        Ok(low)
    }

    fn give_up(&self, gap: Gap, upto: Seq) -> Result<(), LedgerError> {
        let mut sum = Weight::default();
        self.add(&mut sum, Gap { after: gap.after, upto })?;
        let mut book = self.book.lock();
        // The courier may have read on since.
        if book.gaps.first().is_some_and(|first| first.after == gap.after) {
            book.expire_unread(upto, sum.items);
        }
        Ok(())
    }
}
