//! The reference shape, and the way back to TOML.

use super::*;

const REFERENCE: &str = include_str!("../../../fixtures/config/reference.toml");
/// Lines of the reference that later work brings.
const LATER: [&str; 2] = ["shadow ", "lens "];

fn variables(secret: &str) -> Sources {
    let names = ["ALPHA_WRITE_KEY", "ALPHA_READ_KEY", "GAMMA_A", "GAMMA_B"];
    let variables: Vec<(&str, &str)> = names.iter().map(|name| (*name, secret)).collect();
    sources("", &variables)
}

/// The reference with a secret file that is there.
fn reference(file: &std::path::Path) -> Sources {
    let text = REFERENCE.replace("/run/secrets/beta", &file.display().to_string());
    Sources { text: Some(text), ..variables("a-secret") }
}

fn secret_file() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a-secret\n").unwrap();
    file
}

fn without_later(mut sources: Sources) -> Sources {
    let text = sources.text.unwrap_or_default();
    let is_now = |line: &&str| !LATER.iter().any(|later| line.starts_with(later));
    sources.text = Some(text.lines().filter(is_now).collect::<Vec<_>>().join("\n"));
    sources
}

#[test]
fn the_reference_has_only_what_is_not_yet_against_it() {
    let file = secret_file();
    let found = load(&reference(file.path()), &DIALECTS).unwrap_err();
    let paths: Vec<&str> = found.0.iter().map(|mistake| mistake.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "projects.checkout.routes.gamma.shadow",
            "projects.checkout.routes.gamma.lens",
            "projects.support.routes.alpha_lab.lens",
        ]
    );
    assert!(found.0.iter().all(|mistake| mistake.rule.starts_with("not yet: ")));
}

#[test]
fn the_reference_without_it_loads_whole() {
    let file = secret_file();
    let loaded = load(&without_later(reference(file.path())), &DIALECTS).unwrap();
    let config = loaded.config;
    assert_eq!(config.keys["support_1"].expires.unwrap().to_string(), "2027-06-30T00:00:00Z");
    assert_eq!(config.destinations["alpha_cloud"].settings["workspace"], "acme");
    assert_eq!(config.destinations["alpha_lab"].api_keys, []);
    assert_eq!(config.projects["checkout"].limits.bytes_per_second.map(u32::from), Some(20 << 20));
    let beta = &config.projects["checkout"].routes["beta"];
    assert_eq!(beta.settings["log_stream"], "prod");
    assert_eq!(beta.flush.quiet, Some(Duration::from_secs(5)));
    let lab = &config.projects["support"].routes["alpha_lab"];
    assert_eq!(lab.vendor_project, VendorProject::Fixed("support-bots".into()));
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "projects.checkout.routes.alpha_cloud: the project may send 1200000 spans a minute, the destination \
             takes 4500 (4500 for each key): this route needs 267 keys or a sample of 1 in 267",
            "projects.checkout.routes.gamma: the project may send 12000 requests a minute, the destination takes \
             180 (90 for each key): this route needs 134 keys or a sample of 1 in 67",
        ]
    );
}

#[test]
fn what_is_printed_reads_back_the_same() {
    let file = secret_file();
    let mut whole = without_later(reference(file.path()));
    let before = load(&whole, &DIALECTS).unwrap().config;
    let printed = print(&before);
    assert!(!printed.contains("a-secret"), "{printed}");
    whole.text = Some(printed);
    assert_eq!(load(&whole, &DIALECTS).unwrap().config, before);

    let odd = small("vendor_project = \"a \\\"b\\\" \\\\ \\n ü \\u007f\"\norphan_wait = \"1h 1ms\"");
    let before = good(&odd);
    assert_eq!(good(&print(&before)), before);
}

#[test]
fn a_printed_route_names_every_key_in_force() {
    let printed = print(&good(SMALL));
    let route = printed.split("\n\n").last().unwrap();
    assert_eq!(
        route,
        "[projects.checkout.routes.first]\nvendor_project = \"same\"\n\
         flush = { mode = \"eager\", idle = \"10m\" }\nreserved_key = \"full\"\norphan_wait = \"1m\"\n"
    );
}
