//! Changes to bytes such as attackers and broken disks make.

/// Numbers at the edges of what formats store.
const EDGES: [u64; 10] =
    [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 0x8000_0000_0000_0000];
/// Numbers as text, likewise.
const TEXT_EDGES: [&[u8]; 9] = [
    b"0",
    b"-1",
    b"65536",
    b"2147483647",
    b"-2147483648",
    b"4294967296",
    b"9223372036854775807",
    b"1e308",
    b"0.0000001",
];
/// A document does not grow beyond this, in bytes: what is large for its own sake has tests of its own.
const LONGEST: usize = 300_000;

/// SplitMix64: the same start gives the same numbers on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64, case: u64) -> Self {
        let mut random = Self(seed);
        random.0 ^= random.next().wrapping_add(case.wrapping_mul(0xd134_2543_de82_ef95));
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where `end` is.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Mostly few, sometimes many.
    pub(crate) fn few(&mut self) -> usize {
        let most = 1 << self.below(6);
        1 + self.below(most)
    }
}

/// Changes some bytes; the first `kept` stay, by which a format is known. `other` lends pieces, `tokens` are words of
/// the format.
pub(crate) fn mutate(bytes: &mut Vec<u8>, kept: usize, other: &[u8], tokens: &[&[u8]], random: &mut Random) {
    for _ in 0..random.few() {
        if bytes.len() > kept {
            change(bytes, kept, other, tokens, random);
        }
    }
    bytes.truncate(LONGEST);
}

fn change(bytes: &mut Vec<u8>, kept: usize, other: &[u8], tokens: &[&[u8]], random: &mut Random) {
    let at = kept + random.below(bytes.len() - kept);
    // Half of the pieces are short.
    let mut piece = |length: usize, start: usize| {
        let most = if random.one_in(2) { 16 } else { length };
        let end = length.min(start + 1 + random.below(most));
        start..end
    };
    let here = piece(bytes.len(), at);
    let from = piece(other.len(), at % other.len().max(1));
    match random.below(10) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.next() as u8,
        2 => {
            let width = *random.pick(&[1, 2, 4, 8]);
            let edge = *random.pick(&EDGES);
            let stored = if random.one_in(2) {
                edge.to_le_bytes()
            } else {
                edge.rotate_right(8 * width).to_be_bytes()
            };
            let end = bytes.len().min(at + width as usize);
            bytes[at..end].copy_from_slice(&stored[..end - at]);
        }
        3 => replace_number(bytes, at, random),
        4 | 5 => drop(bytes.splice(at..at, random.pick(tokens).iter().copied())),
        6 => drop(bytes.drain(here)),
        7 => {
            let again = bytes[here].repeat(1 + random.few());
            bytes.splice(at..at, again);
        }
        8 => drop(bytes.splice(here, other[from].iter().copied())),
        _ if random.one_in(4) => bytes.truncate(at),
        _ => {
            let to = kept + random.below(bytes.len() - kept);
            let moved = bytes[here].to_vec();
            bytes.splice(to..to, moved);
        }
    }
}

/// Puts another number in the place of the next one that is written in digits.
fn replace_number(bytes: &mut Vec<u8>, at: usize, random: &mut Random) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|start| at + start) else { return };
    let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.splice(start..start + length, random.pick(&TEXT_EDGES).iter().copied());
}
