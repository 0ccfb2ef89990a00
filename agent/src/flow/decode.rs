//! Bytes of the ring buffer into records.

use edgeghost_common::record::{
    CwndRecord, FlowRecord, Header, Kind, RetransmitRecord, SynAckRecord, VERSION, Wire,
};
use thiserror::Error;

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is documented at its type")]
pub enum Record {
    Flow(FlowRecord),
    Retransmit(RetransmitRecord),
    Cwnd(CwndRecord),
    SynAck(SynAckRecord),
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Shorter than a header, or not as long as its header says or its kind wants.
    #[error("record of {got} bytes where {want} are due")]
    Length {
        /// Bytes there.
        got: usize,
        /// Bytes due.
        want: usize,
    },
    /// From another build.
    #[error("record of layout version {0}, this agent reads {VERSION}")]
    Version(u8),
    /// Of no known kind.
    #[error("record of unknown kind {0}")]
    Kind(u8),
}

/// Decodes one record.
pub fn decode(bytes: &[u8]) -> Result<Record, DecodeError> {
    let header: Header = read(bytes)?;
    if header.version != VERSION {
        return Err(DecodeError::Version(header.version));
    }
    let want = usize::from(header.len);
    if bytes.len() < want {
        return Err(DecodeError::Length {
            got: bytes.len(),
            want,
        });
    }
    let bytes = &bytes[..want];
    match header.kind {
        kind if kind == Kind::Flow as u8 => exact(bytes).map(Record::Flow),
        kind if kind == Kind::Retransmit as u8 => exact(bytes).map(Record::Retransmit),
        kind if kind == Kind::Cwnd as u8 => exact(bytes).map(Record::Cwnd),
        kind if kind == Kind::SynAck as u8 => exact(bytes).map(Record::SynAck),
        kind => Err(DecodeError::Kind(kind)),
    }
}

fn exact<T: Wire>(bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.len() == size_of::<T>() {
        read(bytes)
    } else {
        Err(DecodeError::Length {
            got: bytes.len(),
            want: size_of::<T>(),
        })
    }
}

fn read<T: Wire>(bytes: &[u8]) -> Result<T, DecodeError> {
    T::read(bytes).ok_or(DecodeError::Length {
        got: bytes.len(),
        want: size_of::<T>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<T: Wire>(record: &T) -> Vec<u8> {
        record.as_bytes().to_vec()
    }

    fn header<T>(kind: Kind) -> Header {
        let len = u16::try_from(size_of::<T>()).unwrap();
        Header {
            time_ns: 7,
            len,
            kind: kind as u8,
            version: VERSION,
            cpu: 1,
        }
    }

    #[test]
    fn each_kind_comes_back_as_it_was() {
        let flow = FlowRecord {
            header: header::<FlowRecord>(Kind::Flow),
            cwnd_min: 3,
            ca_name: *b"cubic\0\0\0\0\0\0\0\0\0\0\0",
            ..FlowRecord::default()
        };
        assert_eq!(decode(&bytes(&flow)), Ok(Record::Flow(flow)));
        let retransmit = RetransmitRecord {
            header: header::<RetransmitRecord>(Kind::Retransmit),
            segments: 44,
            ..RetransmitRecord::default()
        };
        assert_eq!(
            decode(&bytes(&retransmit)),
            Ok(Record::Retransmit(retransmit))
        );
        let cwnd = CwndRecord {
            header: header::<CwndRecord>(Kind::Cwnd),
            before: 20,
            after: 2,
            ..CwndRecord::default()
        };
        assert_eq!(decode(&bytes(&cwnd)), Ok(Record::Cwnd(cwnd)));
        let syn_ack = SynAckRecord {
            header: header::<SynAckRecord>(Kind::SynAck),
            attempts: 2,
            ..SynAckRecord::default()
        };
        assert_eq!(decode(&bytes(&syn_ack)), Ok(Record::SynAck(syn_ack)));
    }

    #[test]
    fn what_is_not_a_record_is_refused_by_its_fault() {
        let good = bytes(&SynAckRecord {
            header: header::<SynAckRecord>(Kind::SynAck),
            ..SynAckRecord::default()
        });
        for cut in 0..good.len() {
            assert!(
                matches!(decode(&good[..cut]), Err(DecodeError::Length { .. })),
                "{cut}"
            );
        }
        let with = |at: usize, value: u8| {
            let mut bad = good.clone();
            bad[at] = value;
            decode(&bad)
        };
        assert_eq!(with(11, 9), Err(DecodeError::Version(9)));
        assert_eq!(with(10, 77), Err(DecodeError::Kind(77)));
        // A kind whose record is longer than what its header says.
        assert!(matches!(
            with(10, Kind::Flow as u8),
            Err(DecodeError::Length { .. })
        ));
    }

    #[test]
    fn trailing_bytes_of_the_ring_slot_do_not_matter() {
        let record = SynAckRecord {
            header: header::<SynAckRecord>(Kind::SynAck),
            ..SynAckRecord::default()
        };
        let mut padded = bytes(&record);
        padded.extend([0xaa; 8]);
        assert_eq!(decode(&padded), Ok(Record::SynAck(record)));
    }
}
