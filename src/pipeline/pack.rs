//! Which planned writes share a request: the same rule for couriers and for `translate`.

use indexmap::IndexMap;

use crate::contract::DialectInfo;
use crate::contract::Write;

/// A write, by its trace's place among several and its own in the plan.
pub type Place = (usize, usize);

/// What writes share a request by: their batch, or one that goes alone its place.
type Group<'a> = (&'a str, Option<Place>);

/// The writes of one stage by the request that carries them, in order of each request's first write:
/// those of one [`Write::batch`] together, cut where a request would have too many rows or bytes.
pub fn requests<'a>(writes: impl Iterator<Item = (Place, &'a Write)>, info: &DialectInfo) -> Vec<Vec<Place>> {
    let mut groups: IndexMap<Group<'_>, Vec<(Place, usize)>> = IndexMap::new();
    for ((at, nth), write) in writes {
        let alone = write.batch.is_empty().then_some((at, nth));
        groups.entry((&*write.batch, alone)).or_default().push(((at, nth), write.row.len()));
    }
    groups.into_values().flat_map(|places| cut(places, info.batch_rows, info.batch_bytes)).collect()
}

fn cut(places: Vec<(Place, usize)>, rows: usize, bytes: usize) -> Vec<Vec<Place>> {
    let mut chunks: Vec<Vec<Place>> = Vec::new();
    let mut filled = 0;
    for (place, size) in places {
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < rows.max(1) && filled + size <= bytes => {
                filled += size;
                chunk.push(place);
            }
            _ => {
                filled = size;
                chunks.push(vec![place]);
            }
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_cut_by_rows_and_by_bytes() {
        let places = |sizes: &[usize]| (0..).zip(sizes).map(|(at, size)| ((at, 0), *size)).collect::<Vec<_>>();
        assert_eq!(cut(places(&[1, 1, 1]), 2, 100), [vec![(0, 0), (1, 0)], vec![(2, 0)]]);
        assert_eq!(cut(places(&[60, 60, 30]), 9, 100), [vec![(0, 0)], vec![(1, 0), (2, 0)]]);
        assert_eq!(cut(places(&[500]), 9, 100), [vec![(0, 0)]]);
    }
}
