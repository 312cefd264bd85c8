//! What follows from several sections together.

use super::*;

#[test]
fn what_nothing_uses_is_a_warning() {
    let text = small(
        r#"
        [destinations.idle]
        dialect = "alpha"
        base_url = "https://idle.example.com"
        [destinations.read]
        dialect = "alpha"
        base_url = "https://read.example.com"
        api_keys = ["env:FIRST"]
        [projects.keyless]
        read_from = "read"
        [projects.a__b.routes.first]
        vendor_project = "ab"
        [keys.ab]
        project = "a__b"
        sha256 = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
        "#,
    );
    assert_eq!(
        warnings(&text),
        [
            "destinations.idle: no api_keys: requests to a public host go without a credential",
            "projects.a__b: no SPANGATE__… variable can reach a name with a double or last \"_\"",
            "destinations.idle: no project has a route to it",
            "projects.keyless: no key names it; `spangate keys new NAME --project keyless` makes one",
            "projects.keyless: has no route: what it sends is kept and goes nowhere",
            "projects.keyless.read_from: reads from read, which it has no route to",
        ]
    );
    assert_eq!(warnings(SMALL), [""; 0]);
}

#[test]
fn limits_above_a_known_rate_are_told_with_numbers() {
    let text = |keys: &str, rates: &str| {
        format!(
            r#"
            [keys.one]
            project = "checkout"
            sha256 = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"
            limits = {{ spans_per_second = 99999 }}
            [destinations.slow]
            dialect = "gamma"
            base_url = "https://gamma.example.com"
            api_keys = [{keys}]
            egress = {{ {rates} }}
            [projects.checkout]
            limits = {{ requests_per_second = 4, spans_per_second = 100 }}
            [projects.checkout.routes.slow]
            "#
        )
    };
    assert_eq!(
        warnings(&text("\"env:FIRST\", \"env:SECOND\"", ""))[1..],
        ["projects.checkout.routes.slow: the project may send 240 requests a minute, the destination takes 180 \
             (90 for each key): this route needs 3 keys or a sample of 1 in 2"]
    );
    assert_eq!(
        warnings(&text("\"env:FIRST\"", "items_per_minute = 4500, requests_per_minute = 100")),
        [
            "destinations.slow.egress.requests_per_minute: 100 a minute is more than the 90 that the vendor is \
             known to take",
            "keys.one.limits.spans_per_second: is above the limit of projects.checkout, which holds first",
            "projects.checkout.routes.slow: the project may send 240 requests a minute, the destination takes 100 \
             (100 for each key): this route needs 3 keys or a sample of 1 in 3",
            "projects.checkout.routes.slow: the project may send 6000 spans a minute, the destination takes 4500 \
             (4500 for each key): this route needs 2 keys or a sample of 1 in 2",
        ]
    );
}

#[test]
fn ids_go_verbatim_only_where_nobody_else_reaches_the_server() {
    let scope = |more: &str, project: &str, route: &str| good(&small(more)).projects[project].routes[route].id_scope;
    assert_eq!(scope("", "checkout", "first"), IdScope::Verbatim);
    // Another port or another base path is another server.
    let elsewhere = |url: &str, dialect: &str| {
        format!(
            "[destinations.second]\ndialect = \"{dialect}\"\nbase_url = \"{url}\"\napi_keys = [\"env:FIRST\"]\n\
             [projects.checkout.routes.second]"
        )
    };
    for url in ["https://first.example.com:8443", "https://first.example.com/b", "https://second.example.com"] {
        assert_eq!(scope(&elsewhere(url, "alpha"), "checkout", "first"), IdScope::Verbatim, "{url}");
    }
    // The same server, written differently.
    for url in ["https://first.example.com/", "https://FIRST.example.com:443"] {
        assert_eq!(scope(&elsewhere(url, "alpha"), "checkout", "first"), IdScope::Hashed, "{url}");
        assert_eq!(scope(&elsewhere(url, "alpha"), "checkout", "second"), IdScope::Hashed, "{url}");
    }
    // A second project, even one that only reads there.
    assert_eq!(scope("[projects.other.routes.first]", "checkout", "first"), IdScope::Hashed);
    assert_eq!(scope("[projects.other]\nread_from = \"first\"", "checkout", "first"), IdScope::Hashed);
    // Where ids are not global, they never have to be hashed.
    let beta = elsewhere("https://second.example.com", "beta") + "\n[projects.other.routes.second]";
    assert_eq!(scope(&beta, "checkout", "second"), IdScope::Verbatim);
    assert_eq!(scope(&beta, "checkout", "first"), IdScope::Verbatim);
}

#[test]
fn two_projects_never_meet_in_one_vendor_project() {
    let other = |project: &str| {
        format!("vendor_project = \"bots\"\n[projects.other.routes.first]\nvendor_project = \"{project}\"")
    };
    assert_eq!(
        mistakes(&small(&other("bots"))),
        ["projects.other.routes.first.vendor_project: \"bots\": two projects must not meet in one vendor project, \
             and projects.checkout.routes.first has it; write a name of its own"]
    );
    assert_eq!(mistakes(&small(&other("others"))), [""; 0]);
    assert_eq!(
        warnings(&small("[projects.other.routes.first]"))[1],
        "projects.other.routes.first: client projects of one name meet at the vendor with those of \
         projects.checkout.routes.first"
    );
}
