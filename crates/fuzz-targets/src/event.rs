//! Events as JSON, as a client reads them, and what a watch is asked for by: topics and cursors.

use serde_json::Value;
use weir_status_api::{Cursor, Kind, Start, TopicFilter, TopicPattern};
use weir_status_http::v2;

pub(crate) fn try_it(text: &str) {
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
    if let Ok(pattern) = TopicPattern::parse(text) {
        assert_eq!(TopicPattern::parse(&pattern.to_string()), Ok(pattern));
        let filter = TopicFilter::parse(text).expect("a filter of one pattern");
        let pairs = v2::pairs(&v2::write_watch(&filter, Start::Now));
        assert!(pairs.contains(&("path".to_owned(), text.to_owned())), "{pairs:?}");
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return;
    };
    for kind in Kind::ALL {
        if let Ok(entity) = v2::from_json(*kind, &value) {
            let again = v2::from_json(*kind, &v2::to_json(&entity));
            assert_eq!(again.as_ref(), Ok(&entity), "{kind:?}");
        }
    }
    if let Ok(Some(event)) = v2::event_from_json(Cursor(7), &value) {
        // Its topics follow from its resource, which may be another than the one it came under.
        let topic = event.topics().swap_remove(0);
        let data = v2::event_data(&event, &topic, &v2::to_json(&event.entity).to_string());
        let data = serde_json::from_str(&data).expect("an event is JSON");
        assert_eq!(v2::event_from_json(Cursor(7), &data), Ok(Some(event)));
    }
}
