//! The dialect of one vendor.
