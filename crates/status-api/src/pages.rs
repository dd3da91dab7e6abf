//! Lists, walked from page to page.

use crate::{Page, Query, Read, ReadExt, Resource, Result};

/// The pages of a list, one after the other. Each is true at its own cursor.
#[derive(Debug)]
pub struct Pages<'r, S: ?Sized, R: Resource> {
    read: &'r S,
    /// The next page; none after the last.
    next: Option<Query<R>>,
}

impl<'r, S: Read + ?Sized, R: Resource> Pages<'r, S, R> {
    pub(crate) fn new(read: &'r S, query: Query<R>) -> Self {
        let next = Some(query);
        Self { read, next }
    }

    /// The next page; none after the last. After an error it can be asked for again.
    ///
    /// # Errors
    /// As [`Read::list`].
    pub async fn next(&mut self) -> Result<Option<Page<R>>> {
        let Some(query) = &self.next else {
            return Ok(None);
        };
        let page = self.read.page(query.clone()).await?;
        let following = page.next.clone();
        self.next = self
            .next
            .take()
            .zip(following)
            .map(|(query, next)| query.after(next));
        Ok(Some(page))
    }
}
