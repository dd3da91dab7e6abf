//! Reads.

use async_trait::async_trait;
use weir_status_api::{
    At, Entity, Error, Key, List, LogChunk, LogKey, Page, Properties, PropertiesOf, Read, Result,
};

use super::HttpStatus;
use super::http::bad_form;
use crate::v2::{self, Form, envelope, write_list};

#[async_trait]
impl Read for HttpStatus {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        let path = self.path(&key).await?;
        let answer = self.read(&path, "").await?;
        let value = answer.entities(key.kind())?.pop();
        Ok(At {
            value: value.ok_or_else(|| Error::not_found(&key))?,
            cursor: answer.cursor(),
        })
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        self.list_of(list).await
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        let path = self.contents_path(&log).await?;
        let answer = self.read(&path, &format!("offset={first}&limit={limit}")).await?;
        let chunk = envelope::log_chunk_of(&answer.body).ok_or_else(|| Error::not_found(&log))?;
        Ok(At {
            value: LogChunk::from_json(chunk).map_err(bad_form)?,
            cursor: answer.cursor(),
        })
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        let path = self.properties_path(&of).await?;
        let answer = self.read(&path, "").await?;
        let object = envelope::properties_of(&answer.body).ok_or_else(|| Error::not_found(&of))?;
        Ok(At {
            value: v2::properties_from_json(object).map_err(bad_form)?,
            cursor: answer.cursor(),
        })
    }
}

impl HttpStatus {
    pub(super) async fn list_of(&self, list: List) -> Result<Page<Entity>> {
        list.validate()?;
        let kind = list.kind();
        let text = write_list(list);
        let answer = self
            .read(&text.path, &text.query)
            .await
            .map_err(|error| v2::error_to_field_names(kind, error))?;
        // A Buildbot master left out what it does not know, and answered something else.
        if text.extended && answer.cursor.is_none() {
            return Err(Error::NotSupported {
                operation: format!("the query `{}`", text.query),
                implementer: "a Buildbot master".to_owned(),
            });
        }
        Ok(Page {
            items: answer.entities(kind)?,
            cursor: answer.cursor(),
            next: envelope::next_of(&answer.body),
        })
    }
}
