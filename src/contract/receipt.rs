//! Receipts: what a client holds of a request that was accepted, to ask about it later.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::OnceLock;

/// The name of one accepted request: `<seq>-<32 hex>`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// Its record's place in the ledger.
    pub seq: u64,
    /// Its record's own random id, which nobody guesses.
    pub id: [u8; 16],
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:032x}", self.seq, u128::from_be_bytes(self.id))
    }
}

/// The text is no receipt.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a receipt is a number, a hyphen and 32 hexadecimal digits")]
pub struct NoReceipt;

impl FromStr for Receipt {
    type Err = NoReceipt;

    fn from_str(text: &str) -> Result<Self, NoReceipt> {
        let (seq, id) = text.trim().split_once('-').ok_or(NoReceipt)?;
        let digits = |text: &str, all: fn(&u8) -> bool| !text.is_empty() && text.as_bytes().iter().all(all);
        if id.len() != 32 || !digits(seq, u8::is_ascii_digit) || !digits(id, u8::is_ascii_hexdigit) {
            return Err(NoReceipt);
        }
        let seq = seq.parse().map_err(|_| NoReceipt)?;
        let id = u128::from_str_radix(id, 16).map_err(|_| NoReceipt)?;
        Ok(Self { seq, id: id.to_be_bytes() })
    }
}

/// Where a request's receipt is written once it is accepted, for whoever sends the reply.
#[derive(Clone, Debug, Default)]
pub struct Slip(Arc<OnceLock<Receipt>>);

impl Slip {
    /// Notes the receipt; the first one stays.
    pub fn note(&self, receipt: Receipt) {
        let _ = self.0.set(receipt);
    }

    /// The receipt, if the request was accepted.
    pub fn receipt(&self) -> Option<Receipt> {
        self.0.get().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_read_as_it_is_written() {
        let receipt = Receipt { seq: 4711, id: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255] };
        let text = "4711-000102030405060708090a0b0c0d0eff";
        assert_eq!(receipt.to_string(), text);
        assert_eq!(text.parse(), Ok(receipt));
        for other in
            ["", "-", "4711", "4711-00", "+1-000102030405060708090a0b0c0d0eff", &text[5..], &format!("{text}0")]
        {
            assert_eq!(other.parse::<Receipt>(), Err(NoReceipt), "{other}");
        }
        // A UUID is none, although it may begin like one.
        assert_eq!("01934567-5b1c-7d3e-8f00-112233445566".parse::<Receipt>(), Err(NoReceipt));
    }
}
