//! Keys of too many parts are refused before they are parsed: each part of `a.b.c = 1` is a table in
//! the one before it, the parser bounds only those in brackets and braces, and what is nested some
//! ten thousand deep overflows the stack of whoever takes it apart.

use serde::de::Error as _;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// Parts of a key at most; ours have two.
pub(super) const MOST: usize = 16;

/// Checks every key, as the parser's own lexer sees them.
pub(super) fn check(text: &str) -> Result<(), toml::de::Error> {
    let mut dots = 0;
    for token in Source::new(text).lex() {
        match token.kind() {
            TokenKind::Dot => dots += 1,
            TokenKind::Atom
            | TokenKind::Whitespace
            | TokenKind::BasicString
            | TokenKind::LiteralString
            | TokenKind::MlBasicString
            | TokenKind::MlLiteralString => {}
            _ => dots = 0,
        }
        if dots >= MOST {
            let before = text.get(..token.span().start()).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            return Err(toml::de::Error::custom(format_args!(
                "line {line} has a key of more than {MOST} parts"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_and_nothing_else() {
        for good in [
            "a.b.c = 1.5\nd.'e.f'.\"g.h\" = \"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18\"",
            "a = [1.1, 2.2, 3.3, 4.4, 5.5, 6.6, 7.7, 8.8, 9.9, 1.1, 2.2, 3.3, 4.4, 5.5, 6.6, 7.7]",
            "a = 1 # 1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18",
            "a = \"\"\"\n.................\n\"\"\"",
            "",
        ] {
            check(good).unwrap();
        }
        let bare = format!("x = 1\na{} = 1", ".a".repeat(MOST));
        let error = check(&bare).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("16"), "{error}");
        let quoted = format!("[\"=\"{}]", " . '\"='".repeat(MOST));
        check(&quoted).unwrap_err();
        let within = format!("a = [\"\"\"\n\"\"\", {{b{} = 1}}]", ".\"b\"".repeat(MOST));
        check(&within).unwrap_err();
    }
}
