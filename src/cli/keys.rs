//! `spangate keys`: gateway keys.

use secrecy::ExposeSecret;

use crate::http::keys;

/// Gateway keys.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Verb {
    New(New),
}

/// Makes a gateway key and prints it, once, with the table that lets it in.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = "Example:\n  spangate keys new checkout_1 --project checkout")]
pub(super) struct New {
    /// The key's name in the configuration.
    #[arg(default_value = "key_1", value_parser = name)]
    pub name: String,
    /// The project it belongs to.
    #[arg(long, default_value = "default", value_parser = name)]
    pub project: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(verb: Verb) -> anyhow::Result<u8> {
    let Verb::New(args) = verb;
    let (key, sha256) = keys::mint(rand::random());
    let key = key.expose_secret();
    if args.json {
        let out = serde_json::json!({"name": args.name, "project": args.project, "key": key, "sha256": sha256});
        println!("{out}");
        return Ok(0);
    }
    println!("# the key, shown this once: give it to the SDK");
    println!("# {key}");
    println!("[keys.{}]\nproject = \"{}\"\nsha256  = \"{sha256}\"", args.name, args.project);
    Ok(0)
}

/// A name as the configuration takes it.
fn name(text: &str) -> Result<String, String> {
    let fits = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_');
    if fits { Ok(text.to_owned()) } else { Err("a name is [a-z][a-z0-9_]*, e.g. checkout_1".to_owned()) }
}
