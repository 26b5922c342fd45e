//! Which characters a terminal and an editor show as they are.

/// Neither moves a cursor, nor hides, nor turns the direction of what follows.
pub fn is_printable(c: char) -> bool {
    let turns_or_hides = matches!(
        c,
        '\u{200b}'..='\u{200c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
    );
    !c.is_control() && !turns_or_hides
}
