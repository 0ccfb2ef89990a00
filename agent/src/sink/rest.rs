//! A line that went out in part: an output that is full or slow takes what it has room for.

use std::io::{self, Write};

/// What is still to go out of a line.
#[derive(Debug, Default)]
pub(super) struct Rest(Option<(Vec<u8>, usize)>);

impl Rest {
    /// Writes `line`, after what is left of an earlier one. If that was this very line, it is
    /// whole then: whoever could not write a line tries it again. Nothing is ever left torn as
    /// long as the output lasts.
    pub(super) fn write(&mut self, output: &mut impl Write, line: &[u8]) -> io::Result<()> {
        if let Some((earlier, done)) = self.0.take() {
            let same = earlier == line;
            self.push(output, &earlier, done)?;
            if same {
                return Ok(());
            }
        }
        self.push(output, line, 0)
    }

    /// Forgets it: the output is another one.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }

    fn push(&mut self, output: &mut impl Write, line: &[u8], mut done: usize) -> io::Result<()> {
        while let Some(left @ [_, ..]) = line.get(done..) {
            let error = match output.write(left) {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(count) => {
                    done += count;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            if done > 0 {
                self.0 = Some((line.to_vec(), done));
            }
            return Err(error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes in all.
    struct Small {
        room: usize,
        taken: Vec<u8>,
    }

    impl Write for Small {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            let count = buffer.len().min(self.room);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= count;
            self.taken.extend_from_slice(&buffer[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_went_out_in_part_is_made_whole_before_anything_else() {
        for second in ["first\n", "second\n"] {
            let mut rest = Rest::default();
            let mut output = Small {
                room: 3,
                taken: Vec::new(),
            };
            rest.write(&mut output, b"first\n").unwrap_err();
            assert_eq!(output.taken, b"fir");
            rest.write(&mut output, b"first\n").unwrap_err();
            output.room = 100;
            rest.write(&mut output, second.as_bytes()).unwrap();
            rest.write(&mut output, b"third\n").unwrap();
            let expected = if second == "first\n" {
                "first\nthird\n"
            } else {
                "first\nsecond\nthird\n"
            };
            assert_eq!(output.taken, expected.as_bytes());
        }
    }
}
