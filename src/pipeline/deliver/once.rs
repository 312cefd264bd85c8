//! What several traces need, and the vendor must get once: whoever comes first sends it, the others wait
//! until it is there. Across restarts the vendor is asked (`Write::each`).

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use lru::LruCache;
use parking_lot::Mutex;

const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// The newest of what was needed, by name.
pub(super) struct Once<T>(Mutex<LruCache<Arc<str>, Cell<T>>>);

type Cell<T> = Arc<tokio::sync::Mutex<State<T>>>;

/// What is known of one name; whoever holds the lock finds out.
enum State<T> {
    Unknown,
    There,
    /// It failed at that time.
    Failed(Instant, T),
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl<T: Clone> Once<T> {
    /// Sends it; `None` where it is there already. Who waited while it failed takes that for an answer, or
    /// each would wait for one more failure than the last.
    pub(super) async fn send(&self, name: &Arc<str>, send: impl Future<Output = Result<T, T>>) -> Option<T> {
        let asked = Instant::now();
        let cell = self.cell(name);
        let mut state = cell.lock().await;
        match &*state {
            State::There => return None,
            State::Failed(at, failure) if *at >= asked => return Some(failure.clone()),
            State::Failed(..) | State::Unknown => {}
        }
        match send.await {
            Ok(sent) => {
                *state = State::There;
                Some(sent)
            }
            Err(failure) => {
                *state = State::Failed(Instant::now(), failure.clone());
                Some(failure)
            }
        }
    }

    fn cell(&self, name: &Arc<str>) -> Cell<T> {
        let unknown = || Arc::new(tokio::sync::Mutex::new(State::Unknown));
        Arc::clone(self.0.lock().get_or_insert(Arc::clone(name), unknown))
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::future::ready;

    use futures::future::join;
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn what_is_there_is_not_sent_again() {
        let (once, name) = (Once::default(), Arc::from("a"));
        assert_eq!(once.send(&name, ready(Err("down"))).await, Some("down"));
        assert_eq!(once.send(&name, ready(Ok("sent"))).await, Some("sent"));
        assert_eq!(once.send(&name, pending()).await, None);
        assert_eq!(once.send(&Arc::from("b"), ready(Ok("sent"))).await, Some("sent"));
    }

    #[tokio::test]
    async fn who_waits_shares_a_failure() {
        let (once, name) = (Once::default(), Arc::from("a"));
        let slow = async {
            yield_now().await;
            Err("down")
        };
        let both = join(once.send(&name, slow), once.send(&name, pending())).await;
        assert_eq!(both, (Some("down"), Some("down")));
        assert_eq!(once.send(&name, ready(Ok("sent"))).await, Some("sent"));
    }
}
