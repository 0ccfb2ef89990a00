//! Files that may be compressed.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// First bytes of a gzip file (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

const BUFFER: usize = 1 << 16;

/// What `input` says, unpacked if its first bytes are gzip's: names tell nothing.
pub fn reader(input: impl Read + 'static) -> io::Result<Box<dyn BufRead>> {
    let mut plain = BufReader::with_capacity(BUFFER, input);
    let compressed = plain.fill_buf()?.starts_with(&GZIP);
    Ok(if compressed {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(plain)))
    } else {
        Box::new(plain)
    })
}
