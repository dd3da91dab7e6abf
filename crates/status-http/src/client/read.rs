//! Reads.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use weir_status_api::{
    At, BuildKey, Commit, CommitGraphQuery, CommitId, CommitKey, Entity, Error, Key, List, LogChunk, LogHits,
    LogKey, LogSearch, Page, Properties, PropertiesOf, Read, ReadExt, Result, View, ViewQuery,
};

use super::HttpStatus;
use super::http::{Answer, bad_form};
use crate::v2::{self, Form, envelope, write_list};

#[async_trait]
impl Read for HttpStatus {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        let Some(path) = self.path(&key).await? else {
            return self.get_by_list(key).await;
        };
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
        let answer = self
            .read_lines(&path, &format!("offset={first}&limit={limit}"))
            .await?;
        let chunk = envelope::log_chunk_of(&answer.body).ok_or_else(|| Error::not_found(&log))?;
        Ok(At {
            value: LogChunk::from_json(chunk).map_err(bad_form)?,
            cursor: answer.cursor(),
        })
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        search.validate()?;
        let path = self.search_path(&log).await?;
        let answer = match self.read(&path, &v2::write_search(&search)).await {
            // Where there is the log, but no such path.
            Err(error @ Error::NotFound { .. }) => {
                self.get(Key::Log(log)).await.map_err(|_| error)?;
                return Err(Error::NotSupported {
                    operation: "searching a log".to_owned(),
                    implementer: "a Buildbot master".to_owned(),
                });
            }
            answer => answer?,
        };
        let hits = envelope::log_hits_of(&answer.body).ok_or_else(|| Error::not_found(&log))?;
        Ok(At {
            value: LogHits::from_json(hits).map_err(bad_form)?,
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

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        let path = self.build_data_path(&build, &name).await?;
        let (value, cursor) = self.read_bytes(&path).await?;
        Ok(At {
            value,
            cursor: cursor.unwrap_or(weir_status_api::Cursor::ZERO),
        })
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        query.validate()?;
        if let ViewQuery::CommitGraph(query) = query {
            return self.commit_graph(query).await;
        }
        let Some((name, text)) = v2::write_view(&query) else {
            return Err(Error::NotSupported {
                operation: "this view".to_owned(),
                implementer: "this version of the JSON client".to_owned(),
            });
        };
        let answer = self
            .read(&format!("views/{}", name.word()), &text)
            .await
            .map_err(|error| match error {
                // There is always a view where there are views.
                Error::NotFound { .. } => Error::NotSupported {
                    operation: format!("the view `{}`", name.word()),
                    implementer: "a Buildbot master".to_owned(),
                },
                error => v2::view_error_to_field_names(error),
            })?;
        view_of(&query, &answer, &answer.body)
    }
}

fn view_of(query: &ViewQuery, answer: &Answer, object: &serde_json::Value) -> Result<At<View>> {
    Ok(At {
        value: v2::view_from_json(query, object).map_err(bad_form)?,
        cursor: answer.cursor(),
    })
}

impl HttpStatus {
    /// Lines of a log with their times, or without them where the server knows no such parameter: it is a Buildbot master,
    /// or older than that.
    async fn read_lines(&self, path: &str, query: &str) -> Result<Answer> {
        if !self.without_times.load(Ordering::Relaxed) {
            match self.read(path, &format!("{query}&times=true")).await {
                Err(Error::InvalidQuery { .. }) => {}
                answer => return answer,
            }
        }
        // What else may be wrong with the query is told now.
        let answer = self.read(path, query).await?;
        self.without_times.store(true, Ordering::Relaxed);
        Ok(answer)
    }

    /// The graph is below the codebase of its commits; a Buildbot master tells the id of the common one only.
    async fn commit_graph(&self, query: CommitGraphQuery) -> Result<At<View>> {
        let first: At<Commit> = self.one(Key::Commit(CommitKey::Id(query.first))).await?;
        let path = v2::commit_graph_path(first.value.codebase, query);
        let answer = self.read(&path, "").await?;
        let object = envelope::commit_graph_of(&answer.body)
            .ok_or_else(|| Error::not_found(Key::Commit(query.second.into())))?;
        let mut at = view_of(&ViewQuery::CommitGraph(query), &answer, object)?;
        if let View::CommitGraph(graph) = &mut at.value
            && let (None, Some(id)) = (&graph.common, v2::common_commit(object))
        {
            let key = Key::Commit(CommitKey::Id(CommitId(id)));
            graph.common = Some(self.one::<Commit>(key).await?.value);
        }
        Ok(at)
    }

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
