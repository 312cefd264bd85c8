//! The stand-ins over real sockets.

mod faults;
mod galileo;
mod inspect;
mod journal;
mod opik;
mod opik_patch;
mod opik_scores;
mod pandaprobe;
mod pandaprobe_scores;
mod pandaprobe_values;
mod site;
