//! Force schedulers, as a master has them configured.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{ForceScheduler, MasterId, Verb};

use super::super::rows::{ForceSchedulerRow, force_schedulers as assemble, to_json};
use super::Tx;
use crate::error::Result;
use crate::schema::force_schedulers;

/// Makes the table say what the master has configured.
pub(super) async fn configure(tx: &mut Tx<'_>, master: MasterId, wanted: &[ForceScheduler]) -> Result<()> {
    let present: BTreeSet<String> = force_schedulers::table
        .filter(force_schedulers::master.eq(master.0))
        .select(force_schedulers::name)
        .load::<String>(tx.conn)
        .await?
        .into_iter()
        .collect();
    for scheduler in wanted {
        store(tx, master, scheduler).await?;
    }
    let kept: BTreeSet<String> = wanted.iter().map(|it| it.name.clone()).collect();
    for removed in present.difference(&kept) {
        emit(tx, Verb::Stopped, removed).await?;
        diesel::delete(force_schedulers::table.find(removed))
            .execute(tx.conn)
            .await?;
    }
    Ok(())
}

async fn store(tx: &mut Tx<'_>, master: MasterId, scheduler: &ForceScheduler) -> Result<()> {
    let new = ForceSchedulerRow {
        name: scheduler.name.clone(),
        label: scheduler.label.clone(),
        button_name: scheduler.button_name.clone(),
        builder_names_json: to_json(&scheduler.builder_names)?,
        defaults_json: to_json(&scheduler.defaults)?,
        properties_json: to_json(&scheduler.properties)?,
        fields_json: to_json(&scheduler.fields)?,
        master: master.0,
    };
    if load(tx, &scheduler.name).await?.as_ref() == Some(&new) {
        return Ok(());
    }
    diesel::delete(force_schedulers::table.find(&scheduler.name))
        .execute(tx.conn)
        .await?;
    diesel::insert_into(force_schedulers::table)
        .values(new)
        .execute(tx.conn)
        .await?;
    emit(tx, Verb::Updated, &scheduler.name).await
}

async fn load(tx: &mut Tx<'_>, name: &str) -> Result<Option<ForceSchedulerRow>> {
    Ok(force_schedulers::table
        .find(name)
        .select(ForceSchedulerRow::as_select())
        .first(tx.conn)
        .await
        .optional()?)
}

/// Emits the force scheduler of that name, if there is one.
pub(super) async fn emit(tx: &mut Tx<'_>, verb: Verb, name: &str) -> Result<()> {
    let row = load(tx, name).await?;
    for scheduler in assemble(tx.conn, row.into_iter().collect()).await? {
        tx.emit(verb, scheduler);
    }
    Ok(())
}
