//! Query strings: a list that was read is written so that it is read again as it was.

use weir_status_api::{Condition, Kind, List, ListParts, Query};
use weir_status_http::v2::{self, Endpoint, Scope, ViewName};

const VIEWS: [ViewName; 4] = [
    ViewName::Home,
    ViewName::Waterfall,
    ViewName::Grid,
    ViewName::Console,
];

pub(crate) fn try_it(text: &str) {
    let pairs = v2::pairs(text);
    for kind in Kind::ALL {
        let _ = v2::parse_selection(*kind, &pairs);
        if let Ok(request) = v2::parse_list(*kind, &pairs) {
            let again = read(&v2::write_list(request.list.clone()));
            assert_eq!(level(again), level(request.list), "{kind:?} of {text:?}");
        }
    }
    for name in VIEWS {
        if let Ok(query) = v2::parse_view(name, &pairs)
            && let Some((name, text)) = v2::write_view(&query)
        {
            assert_eq!(v2::parse_view(name, &v2::pairs(&text)), Ok(query));
        }
    }
}

/// The list at a path with a query string.
fn read(text: &v2::ListText) -> List {
    let Some(Endpoint::List(kind, scopes)) = Endpoint::parse(&text.path) else {
        panic!("{} is no list", text.path);
    };
    let request = v2::parse_list(kind, &v2::pairs(&text.query)).expect("what was written can be read");
    let mut parts = request.list.into_parts();
    parts.filters.extend(scopes.into_iter().map(|scope| match scope {
        Scope::Is(field, key) => Condition {
            field: field.to_owned(),
            ..v2::key_conditions(&key).expect("a key of a path")
        },
        other => panic!("{other:?} comes from no condition"),
    }));
    List::from_parts(parts).expect("the same list")
}

/// Without what means nothing: the order of conditions.
fn level(list: List) -> ListParts {
    let mut parts = list.into_parts();
    parts.filters.sort_by_key(|filter| format!("{filter:?}"));
    parts.limit = Some(
        Query::<weir_status_api::Build> {
            limit: parts.limit,
            ..Query::new()
        }
        .page_size(),
    );
    parts
}
