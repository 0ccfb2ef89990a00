//! Text that somebody else wrote, fit for an error message: short, and nothing that a terminal
//! would obey.

/// Characters of a text at most.
const MOST: usize = 400;

/// Lines of a text of several at most.
const LINES: usize = 12;

/// One line of it.
pub fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() { '?' } else { c };
    let mut characters = text.chars();
    let mut shown: String = characters.by_ref().take(MOST).map(plain).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// The same of several lines, each by itself.
pub fn shown_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().take(LINES).map(shown).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_and_no_terminal_obeys() {
        assert_eq!(shown("a \u{1b}[2J\nb\0"), "a ?[2J?b?");
        assert_eq!(shown(&"é".repeat(MOST)), "é".repeat(MOST));
        assert_eq!(shown(&"é".repeat(MOST + 1)), "é".repeat(MOST) + "…");
        assert_eq!(shown_lines("a\r\n\u{7}b\n"), "a\n?b");
        assert_eq!(shown_lines(&"x\n".repeat(100)).lines().count(), LINES);
    }
}
