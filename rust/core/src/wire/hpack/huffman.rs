//! The Huffman code of RFC 7541, appendix B, as a state machine that takes four
//! bits at a time. All tables are computed by the compiler from the lengths of
//! the codes.

/// The symbol that ends no string: its code serves as padding only.
const EOS: usize = 256;
const SYMBOLS: usize = EOS + 1;
const LONGEST_CODE: u8 = 30;

/// Inner nodes of the code's tree: a full binary tree has one fewer than
/// leaves. That they number 256 lets one octet hold a state.
const NODES: usize = SYMBOLS - 1;
const ROOT: usize = 0;

/// The most padding a string may end with (section 5.2).
const MOST_PADDING_BITS: usize = 7;

/// The length of each symbol's code in bits, 16 symbols a row. The code is
/// canonical, so the lengths determine it.
#[rustfmt::skip]
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
     6, 10, 10, 12, 13,  6,  8, 11, 10, 10,  8, 11,  8,  6,  6,  6,
     5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8, 15,  6, 12, 10,
    13,  6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
     7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8, 13, 19, 13, 14,  6,
    15,  5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,
     6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// The code of each symbol, aligned to the least significant bit.
const CODES: [u32; SYMBOLS] = assign_codes();
const TREE: [[Child; 2]; NODES] = grow_tree();

static STEPS: [[Step; 16]; NODES] = tabulate_steps();
static ENDINGS: [Ending; NODES] = tabulate_endings();

#[derive(Clone, Copy)]
enum Child {
    None,
    Node(usize),
    Symbol(usize),
}

/// What four bits do to the machine.
#[derive(Clone, Copy)]
struct Step {
    next: u8,
    output: Output,
}

/// No code is shorter than five bits, so four bits end one symbol at most.
#[derive(Clone, Copy)]
enum Output {
    Nothing,
    Octet(u8),
    Eos,
}

/// Whether a string may end in a state.
#[derive(Clone, Copy)]
enum Ending {
    Valid,
    PaddingTooLong,
    PaddingNotOnes,
}

/// What is wrong with a Huffman-coded string. Offsets are counted from its
/// first octet.
pub(super) enum HuffmanError {
    Eos { offset: usize },
    PaddingTooLong,
    PaddingNotOnes,
}

/// Decodes a whole string.
pub(super) fn decode(encoded: &[u8]) -> Result<Vec<u8>, HuffmanError> {
    // The shortest code has five bits.
    let mut decoded = Vec::with_capacity(encoded.len() * 8 / 5);
    let mut state = ROOT as u8;
    for (offset, &octet) in encoded.iter().enumerate() {
        for four_bits in [octet >> 4, octet & 0x0f] {
            let step = STEPS[usize::from(state)][usize::from(four_bits)];
            match step.output {
                Output::Nothing => {}
                Output::Octet(symbol) => decoded.push(symbol),
                Output::Eos => return Err(HuffmanError::Eos { offset }),
            }
            state = step.next;
        }
    }
    match ENDINGS[usize::from(state)] {
        Ending::Valid => Ok(decoded),
        Ending::PaddingTooLong => Err(HuffmanError::PaddingTooLong),
        Ending::PaddingNotOnes => Err(HuffmanError::PaddingNotOnes),
    }
}

/// Appends the code of `plain` to `out`, padded with ones.
pub(super) fn encode(out: &mut Vec<u8>, plain: &[u8]) {
    let mut bits: u64 = 0;
    let mut pending = 0;
    for &octet in plain {
        let symbol = usize::from(octet);
        bits = bits << LENGTHS[symbol] | u64::from(CODES[symbol]);
        pending += LENGTHS[symbol];
        while pending >= 8 {
            pending -= 8;
            out.push((bits >> pending) as u8);
        }
    }
    if pending > 0 {
        out.push((bits << (8 - pending)) as u8 | 0xff >> pending);
    }
}

/// The length of a symbol's code in bits.
pub(super) fn code_bits(symbol: u8) -> usize {
    usize::from(LENGTHS[usize::from(symbol)])
}

/// The length of the code of `plain` in octets, padding included.
pub(super) fn encoded_len(plain: &[u8]) -> usize {
    let bits: usize = plain
        .iter()
        .map(|&octet| usize::from(LENGTHS[usize::from(octet)]))
        .sum();
    bits.div_ceil(8)
}

/// Counts through the canonical code: shorter codes first, and among codes of
/// one length in the order of the symbols.
const fn assign_codes() -> [u32; SYMBOLS] {
    let mut codes = [0; SYMBOLS];
    let mut code = 0;
    let mut length = 1;
    while length <= LONGEST_CODE {
        let mut symbol = 0;
        while symbol < SYMBOLS {
            if LENGTHS[symbol] == length {
                codes[symbol] = code;
                code += 1;
            }
            symbol += 1;
        }
        code <<= 1;
        length += 1;
    }
    codes
}

const fn grow_tree() -> [[Child; 2]; NODES] {
    let mut tree = [[Child::None; 2]; NODES];
    let mut nodes = 1;
    let mut symbol = 0;
    while symbol < SYMBOLS {
        let mut node = ROOT;
        let mut bit = LENGTHS[symbol] - 1;
        while bit > 0 {
            let branch = (CODES[symbol] >> bit & 1) as usize;
            if let Child::Node(next) = tree[node][branch] {
                node = next;
            } else {
                tree[node][branch] = Child::Node(nodes);
                node = nodes;
                nodes += 1;
            }
            bit -= 1;
        }
        tree[node][(CODES[symbol] & 1) as usize] = Child::Symbol(symbol);
        symbol += 1;
    }
    tree
}

const fn tabulate_steps() -> [[Step; 16]; NODES] {
    let nothing = Step {
        next: ROOT as u8,
        output: Output::Nothing,
    };
    let mut steps = [[nothing; 16]; NODES];
    let mut node = 0;
    while node < NODES {
        let mut four_bits = 0;
        while four_bits < 16 {
            steps[node][four_bits] = walk(node, four_bits);
            four_bits += 1;
        }
        node += 1;
    }
    steps
}

const fn walk(from: usize, four_bits: usize) -> Step {
    let mut node = from;
    let mut output = Output::Nothing;
    let mut bit = 4;
    while bit > 0 {
        bit -= 1;
        match TREE[node][four_bits >> bit & 1] {
            Child::Node(next) => node = next,
            Child::Symbol(EOS) => {
                output = Output::Eos;
                node = ROOT;
            }
            Child::Symbol(symbol) => {
                output = Output::Octet(symbol as u8);
                node = ROOT;
            }
            Child::None => panic!("the code is complete"),
        }
    }
    Step {
        next: node as u8,
        output,
    }
}

/// Follows the ones from the root: those are the states in which all bits
/// since the last symbol could be padding.
const fn tabulate_endings() -> [Ending; NODES] {
    let mut endings = [Ending::PaddingNotOnes; NODES];
    let mut node = ROOT;
    let mut padding_bits = 0;
    loop {
        endings[node] = if padding_bits <= MOST_PADDING_BITS {
            Ending::Valid
        } else {
            Ending::PaddingTooLong
        };
        match TREE[node][1] {
            Child::Node(next) => node = next,
            Child::Symbol(_) | Child::None => return endings,
        }
        padding_bits += 1;
    }
}
