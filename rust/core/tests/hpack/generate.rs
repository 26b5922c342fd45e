//! Sequences of header blocks that share a dynamic table: valid ones as gRPC
//! programs would send them and stranger ones, some of them mutated.

use wirecheck_core::wire::hpack::{Decoder, Representation, literal};

use super::mutate::mutate;
use super::rng::Rng;

const STATIC_ENTRIES: usize = 61;
const DEFAULT_TABLE_SIZE: u32 = 4096;

const NAMES: [&[u8]; 12] = [
    b":path",
    b":status",
    b"te",
    b"content-type",
    b"grpc-status",
    b"grpc-message",
    b"grpc-timeout",
    b"grpc-accept-encoding",
    b"user-agent",
    b"trace-bin",
    b"x-request-id",
    b"",
];
const VALUES: [&[u8]; 10] = [
    b"/helloworld.Greeter/SayHello",
    b"200",
    b"trailers",
    b"application/grpc",
    b"0",
    b"5010m",
    b"identity, deflate, gzip",
    b"grpc-python/1.85.1 grpc-c/58.0.0 (linux; chttp2)",
    b"AAECAwQFBgc",
    b"",
];

/// What happens on one direction of a connection.
pub enum Step {
    /// The encoder acknowledges this `SETTINGS_HEADER_TABLE_SIZE`.
    Limit(u32),
    /// The encoder sends this header block.
    Block(Vec<u8>),
}

/// Sequences without end, the same ones for the same seed.
pub fn sequences(seed: u64) -> impl Iterator<Item = Vec<Step>> {
    let mut rng = Rng::new(seed);
    std::iter::repeat_with(move || Encoder::new(&mut rng).sequence())
}

/// Writes one sequence. A decoder runs along, field by field, only to know
/// which indices there are.
struct Encoder<'r> {
    rng: &'r mut Rng,
    shadow: Decoder,
    limit: u32,
    /// What the table size must come down to in the next block.
    owed: Option<u32>,
}

impl<'r> Encoder<'r> {
    fn new(rng: &'r mut Rng) -> Self {
        Self {
            rng,
            shadow: Decoder::new(),
            limit: DEFAULT_TABLE_SIZE,
            owed: None,
        }
    }

    fn sequence(mut self) -> Vec<Step> {
        let blocks = 1 + self.rng.below(6);
        let mutated = self.rng.chance(60).then(|| self.rng.below(blocks));
        let mut steps = Vec::new();
        for position in 0..blocks {
            for _ in 0..self.limit_changes() {
                steps.push(self.change_limit());
            }
            let mut block = self.block();
            if mutated == Some(position) {
                mutate(self.rng, &mut block);
            }
            steps.push(Step::Block(block));
        }
        steps
    }

    fn limit_changes(&mut self) -> usize {
        match self.rng.below(40) {
            0 => 2,
            1 => 1,
            _ => 0,
        }
    }

    fn change_limit(&mut self) -> Step {
        self.limit = self.rng.pick(&[0, 34, 100, 256, 1000, 4096, 8192, 65_536]);
        self.shadow.set_max_table_size(self.limit);
        self.owed = Some(self.owed.unwrap_or(self.limit).min(self.limit));
        Step::Limit(self.limit)
    }

    fn block(&mut self) -> Vec<u8> {
        let mut block = Vec::new();
        self.size_updates(&mut block);
        for _ in 0..self.field_count() {
            let start = block.len();
            self.field(&mut block);
            self.follow(&block[start..]);
        }
        block
    }

    fn field_count(&mut self) -> usize {
        match self.rng.below(20) {
            0 => 0,
            1 => 20,
            _ => 1 + self.rng.below(7),
        }
    }

    fn size_updates(&mut self, block: &mut Vec<u8>) {
        let start = block.len();
        let owed = self.owed.take();
        // Now and then an encoder forgets what it owes.
        if let Some(owed) = owed.filter(|_| !self.rng.chance(15)) {
            literal::encode_size_update(block, owed);
        }
        let more = match self.rng.below(40) {
            0 => 2,
            1 | 2 => 1,
            _ => 0,
        };
        for _ in 0..more {
            let size = self.rng.below(self.limit as usize + 1) as u32;
            literal::encode_size_update(block, size);
        }
        self.follow(&block[start..]);
    }

    fn follow(&mut self, part: &[u8]) {
        self.shadow
            .decode(part)
            .expect("only mutated blocks are broken");
    }

    fn field(&mut self, block: &mut Vec<u8>) {
        let representation = self.representation();
        let (name, value) = (self.name(), self.value());
        let huffman = self.rng.chance(30);
        literal::encode_literal(block, &name, &value, huffman, representation);
    }

    fn representation(&mut self) -> Representation {
        let name_index = self.rng.chance(60).then(|| self.index());
        match self.rng.below(8) {
            0..3 => Representation::Indexed {
                index: self.index(),
            },
            3..6 => Representation::LiteralIncremental { name_index },
            6 => Representation::LiteralWithoutIndexing { name_index },
            _ => Representation::LiteralNeverIndexed { name_index },
        }
    }

    /// An index that stands for a field, one of the dynamic table if possible
    /// in half of the cases.
    fn index(&mut self) -> usize {
        let dynamic = self.shadow.dynamic_table().len();
        if dynamic > 0 && self.rng.chance(50) {
            STATIC_ENTRIES + 1 + self.rng.below(dynamic)
        } else {
            1 + self.rng.below(STATIC_ENTRIES)
        }
    }

    fn name(&mut self) -> Vec<u8> {
        if self.rng.chance(80) {
            return self.rng.pick(&NAMES).to_vec();
        }
        let length = self.rng.below(20);
        self.rng.octets(length)
    }

    fn value(&mut self) -> Vec<u8> {
        let length = match self.rng.below(100) {
            0..60 => return self.rng.pick(&VALUES).to_vec(),
            60..97 => self.rng.below(30),
            97..99 => 100 + self.rng.below(1000),
            // Around the size of the whole table.
            _ => 4000 + self.rng.below(100),
        };
        self.rng.octets(length)
    }
}
