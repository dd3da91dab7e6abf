//! From a path to what it names.

use percent_encoding::percent_decode_str;
use weir_status_api::{Key, PropertiesOf};

use super::routes::{Named, Place, Route, Word};
use super::table::ROOT;
use super::{Endpoint, int};

pub(super) fn parse(path: &str) -> Option<Endpoint> {
    if path.is_empty() {
        return Some(Endpoint::Rootlinks);
    }
    let mut place = Place::default();
    let mut routes = ROOT;
    let mut names = None;
    for word in path.split('/') {
        let word = decode(word)?;
        let route = routes.iter().find(|route| route.word.accepts(&word))?;
        place = route.word.take(place, &word)?;
        if let Some(Named::List(_, relation)) = route.names {
            place.scopes.extend(place.scope(relation));
        }
        Route {
            names,
            below: routes,
            ..
        } = *route;
    }
    names.and_then(|names| endpoint(names, place))
}

/// The words of a path, each decoded, joined by `/` again; none if one is not UTF-8.
pub fn decode_path(path: &str) -> Option<String> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    Some(path.into_owned())
}

fn decode(word: &str) -> Option<String> {
    let word = percent_decode_str(word).decode_utf8().ok()?;
    (!word.is_empty()).then(|| word.into_owned())
}

impl Word {
    /// Where several of one list do, the first one counts: a name that is a number is an id.
    fn accepts(&self, word: &str) -> bool {
        match self {
            Self::Fixed(fixed) => *fixed == word,
            Self::Number(..) => int(word).is_some(),
            Self::Identifier(..) | Self::Text(..) => true,
        }
    }

    fn take(&self, place: Place, word: &str) -> Option<Place> {
        match self {
            Self::Fixed(_) => Some(place),
            Self::Number(_, take) => take(place, int(word)?),
            Self::Identifier(_, take) | Self::Text(_, take) => take(place, word),
        }
    }
}

fn endpoint(names: Named, place: Place) -> Option<Endpoint> {
    Some(match names {
        Named::List(kind, _) => Endpoint::List(kind, place.scopes),
        Named::One(_) if place.scopes.is_empty() => Endpoint::One(place.key?),
        Named::One(_) => Endpoint::OneWithin(place.key?, place.scopes),
        Named::View(name) => Endpoint::View(name),
        Named::Spec => Endpoint::Spec,
        Named::CommitGraph => Endpoint::CommitGraph(place.range()?),
        Named::Contents | Named::Search | Named::Raw { .. } => log(names, place.key?)?,
        Named::Properties | Named::PropertyList => properties(names, place.key?)?,
        Named::BuildDataValue => match place.key? {
            Key::BuildData(build, name) => Endpoint::BuildDataValue(build, name),
            _ => return None,
        },
    })
}

fn log(names: Named, key: Key) -> Option<Endpoint> {
    let Key::Log(log) = key else {
        return None;
    };
    Some(match names {
        Named::Raw { inline } => Endpoint::Raw { log, inline },
        Named::Search => Endpoint::Search(log),
        _ => Endpoint::Contents(log),
    })
}

fn properties(names: Named, key: Key) -> Option<Endpoint> {
    let of = match key {
        Key::Build(key) => PropertiesOf::Build(key),
        Key::Buildset(id) => PropertiesOf::Buildset(id),
        Key::Change(id) => return Some(Endpoint::ChangePropertyList(id)),
        _ => return None,
    };
    Some(match names {
        Named::PropertyList => Endpoint::PropertyList(of),
        _ => Endpoint::Properties(of),
    })
}
