//! What the dialect says and understands.
