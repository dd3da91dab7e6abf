//! What is killed, at which moments.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Options;
use super::destinations::{Destinations, Mood};
use super::kinds::{Kind, Runner};
use super::pace::build;
use super::site::Site;
use crate::Result;

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Damage {
    /// How often each process was killed, by its name.
    pub(super) killed: BTreeMap<&'static str, usize>,
    /// How often a destination was down, hung, or lost its answers.
    pub(super) outages: usize,
    /// How often half a line was left in the log file.
    pub(super) torn: usize,
    /// How many answers of each destination were lost.
    pub(super) lost: BTreeMap<Kind, usize>,
}

/// A sequence of numbers that look like chance.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end.max(1)
    }
}

/// Builds so many, while this and that is killed.
pub(super) async fn rage(
    site: &mut Site,
    destinations: &Destinations,
    options: &Options,
    builds: u64,
) -> Result<Damage> {
    let mut damage = Damage::default();
    let mut dice = Dice(options.seed);
    let pause = usize::try_from(options.pause().as_millis()).unwrap_or(usize::MAX);
    let mut left = builds;
    while left > 0 {
        let before = site.ended().await?;
        let calm = Duration::from_millis(dice.below(pause) as u64);
        let over = AtomicBool::new(false);
        let wait = async {
            tokio::time::sleep(calm).await;
            over.store(true, Ordering::Relaxed);
            std::future::pending::<()>().await
        };
        let mut goes_on = |_| !over.load(Ordering::Relaxed);
        tokio::select! {
            built = build(site, left, &mut goes_on) => built?,
            () = wait => (),
        }
        strike(site, destinations, options.victims(), &mut dice, &mut damage).await?;
        left = left.saturating_sub(site.ended().await?.saturating_sub(before));
    }
    for kind in Kind::ALL {
        destinations.set(kind, Mood::Well)?;
        damage.lost.insert(kind, destinations.lost(kind)?);
    }
    Ok(damage)
}

async fn strike(
    site: &mut Site,
    destinations: &Destinations,
    victims: &[Runner],
    dice: &mut Dice,
    damage: &mut Damage,
) -> Result<()> {
    // A process as often as not, and else a destination.
    let victim = dice.below(2 * victims.len());
    if let Some(runner) = victims.get(victim).copied() {
        site.kill(runner);
        *damage.killed.entry(runner.name()).or_default() += 1;
        if runner == Kind::LogFile.runner() && dice.below(2) == 0 {
            destinations.tear()?;
            damage.torn += 1;
        }
        tokio::time::sleep(Duration::from_millis(dice.below(500) as u64)).await;
        return site.start_runner(runner).await;
    }
    let kind = Kind::ALL[dice.below(Kind::ALL.len())];
    let mood = [Mood::Well, Mood::Down, Mood::Hangs, Mood::Mute][dice.below(4)];
    destinations.set(kind, mood)?;
    damage.outages += usize::from(mood != Mood::Well && kind != Kind::LogFile);
    Ok(())
}
