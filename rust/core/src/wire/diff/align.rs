//! Which byte of one side belongs to which of the other.

use super::Column;

/// The most pairs of bytes that are weighed against each other; beyond, bytes
/// are paired as they stand.
const MAX_PAIRS: usize = 1 << 20;

/// How the alignment got to a pair of positions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Move {
    Both,
    Expected,
    Got,
}

/// How many bytes at the beginning are equal.
pub(super) fn common_prefix(expected: &[u8], got: &[u8]) -> usize {
    expected
        .iter()
        .zip(got)
        .take_while(|(expected, got)| expected == got)
        .count()
}

/// The columns of two byte strings, with as few differences as possible.
pub(super) fn columns(expected: &[u8], got: &[u8]) -> Vec<Column> {
    let prefix = common_prefix(expected, got);
    let (head, expected) = expected.split_at(prefix);
    let got = &got[prefix..];
    let suffix = common_suffix(expected, got);
    let (expected, tail) = expected.split_at(expected.len() - suffix);
    let got = &got[..got.len() - suffix];
    let equal = |byte: &u8| Column {
        expected: Some(*byte),
        got: Some(*byte),
    };
    let middle = match expected.len().checked_mul(got.len()) {
        Some(pairs) if pairs <= MAX_PAIRS => aligned(expected, got),
        _ => in_place(expected, got),
    };
    head.iter()
        .map(equal)
        .chain(middle)
        .chain(tail.iter().map(equal))
        .collect()
}

fn common_suffix(expected: &[u8], got: &[u8]) -> usize {
    expected
        .iter()
        .rev()
        .zip(got.iter().rev())
        .take_while(|(expected, got)| expected == got)
        .count()
}

fn in_place(expected: &[u8], got: &[u8]) -> Vec<Column> {
    let length = expected.len().max(got.len());
    (0..length)
        .map(|at| Column {
            expected: expected.get(at).copied(),
            got: got.get(at).copied(),
        })
        .collect()
}

/// The alignment of the least edit distance; of equal ones the one that pairs
/// bytes rather than leaves them alone.
fn aligned(expected: &[u8], got: &[u8]) -> Vec<Column> {
    let moves = moves(expected, got);
    let width = got.len() + 1;
    let (mut e, mut g) = (expected.len(), got.len());
    let mut columns = Vec::with_capacity(e.max(g));
    while e > 0 || g > 0 {
        let last = moves[e * width + g];
        let took_expected = last != Move::Got;
        let took_got = last != Move::Expected;
        e -= usize::from(took_expected);
        g -= usize::from(took_got);
        columns.push(Column {
            expected: took_expected.then(|| expected[e]),
            got: took_got.then(|| got[g]),
        });
    }
    columns.reverse();
    columns
}

/// For each pair of positions the move that leads there on a shortest way.
fn moves(expected: &[u8], got: &[u8]) -> Vec<Move> {
    let width = got.len() + 1;
    let mut moves = vec![Move::Got; (expected.len() + 1) * width];
    let mut above: Vec<u32> = (0..width as u32).collect();
    for (e, expected_byte) in expected.iter().enumerate() {
        let row = (e + 1) * width;
        moves[row] = Move::Expected;
        let mut current = Vec::with_capacity(width);
        current.push(e as u32 + 1);
        for (g, got_byte) in got.iter().enumerate() {
            let both = above[g] + u32::from(expected_byte != got_byte);
            let (cost, last) = [
                (both, Move::Both),
                (above[g + 1] + 1, Move::Expected),
                (current[g] + 1, Move::Got),
            ]
            .into_iter()
            .min_by_key(|(cost, _)| *cost)
            .expect("three moves");
            current.push(cost);
            moves[row + g + 1] = last;
        }
        above = current;
    }
    moves
}
