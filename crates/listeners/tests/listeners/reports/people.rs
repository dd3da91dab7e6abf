//! To whom reports go.

use weir_listeners::{Function, Lookup, People};

use super::site::Site;
use super::{Bench, ends, failed};

async fn recipients(people: People, site: &Site) -> Vec<String> {
    let bench = Bench::with(vec![ends()], people);
    bench.only(&failed(site), site).await.message.recipients
}

#[tokio::test]
async fn authors_and_owners_are_told_if_they_are_to_be() {
    let site = Site::new().with_patch("x");
    let of = |blamelist, owners| People {
        blamelist,
        owners,
        lookup: Lookup::AsIs,
    };
    assert!(recipients(of(false, false), &site).await.is_empty());
    // Whoever committed another's change is not among them, and `bob` has no address.
    assert_eq!(
        recipients(of(true, false), &site).await,
        ["Ada <ada@example.org>"]
    );
    let both = ["Ada <ada@example.org>", "grace@example.org"];
    assert_eq!(recipients(of(true, true), &site).await, both);
}

#[tokio::test]
async fn names_are_looked_up() {
    let mut site = Site::new().with_patch("x");
    site.properties.remove("owner");
    let of = |lookup| People {
        blamelist: true,
        owners: false,
        lookup,
    };
    let domain = of(Lookup::Domain("example.com".to_owned()));
    let expected = ["Ada <ada@example.org>", "bob@example.com"];
    assert_eq!(recipients(domain, &site).await, expected);
    let map = [
        ("ada@example.org", "ada@home.example"),
        ("bob", "bob@home.example"),
    ];
    let map = map.map(|(name, it)| (name.to_owned(), it.to_owned())).into();
    let expected = ["ada@home.example", "bob@home.example"];
    assert_eq!(recipients(of(Lookup::Map(map)), &site).await, expected);
    let function = Function::new("lookup", |name| match name.as_str() {
        Some("bob") => Ok("robert@example.org".into()),
        _ => Ok(serde_json::Value::Null),
    });
    let found = recipients(of(Lookup::Function(function)), &site).await;
    assert_eq!(found, ["robert@example.org"]);
}

#[tokio::test]
async fn no_name_adds_a_header() {
    let mut site = Site::new();
    site.changes[0].author = "Ada\r\nBcc: all@example.org <ada@example.org>".to_owned();
    let people = People {
        blamelist: true,
        ..People::default()
    };
    assert!(recipients(people, &site).await.is_empty());
}
