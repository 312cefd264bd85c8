//! The five operations that the vendors' own pages describe, through the front door: Galileo's log
//! spans, update span and get span, Opik's update span, PandaProbe's update span. Each is done to a
//! span that was created in each dialect, and named by an id of the form that the caller's SDK knows.

mod get_span;
mod log_spans;
mod scene;
mod update_span;
