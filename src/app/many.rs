//! One change of many connections: what it would do to each and how each would stand, and doing it, all or nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::connections::{absolute, in_words};
use super::{App, AppError};
use crate::domain::compliance::Status;
use crate::domain::connection::Connection;
use crate::domain::connection_filter::ConnectionFilter;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::natural_order::natural;
use crate::domain::status_change::{StatusChanges, between};

/// The connection's own settings that can differ.
const OWN: [&str; 6] = ["name", "policy", "customer", "tags", "contact", "notes"];

/// What is to be changed of many connections, by key as in the connection file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManyChange {
    /// Which connections.
    pub connections: Vec<ConnectionId>,
    /// Their own settings; `tags+` and `tags-` put tags to those that are there and take them away.
    pub own: Vec<(String, String)>,
    /// Settings of their profiles.
    pub settings: Vec<(String, String)>,
    /// Of which profiles, as far as a connection has them; of both where none is named.
    pub profiles: Vec<ProfileKind>,
}

/// A setting that would be another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Of which profile; nothing for the connection's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileKind>,
    /// The key of the connection file.
    pub setting: String,
    /// What it is.
    pub was: String,
    /// What it would be.
    pub is: String,
}

/// A connection that would be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub from: Status,
    /// How it would stand.
    pub to: Status,
    /// What would be another.
    pub differences: Vec<Difference>,
}

/// A connection that cannot be changed so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Its name.
    pub name: String,
    /// Why not.
    pub reason: String,
}

/// What a change would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ManyPlan {
    /// Those that would be changed, by name.
    pub changed: Vec<ChangedConnection>,
    /// Those that are so already, or have no such profile.
    pub unchanged: Vec<ConnectionId>,
    /// Those that cannot be changed so, by name. While there is one, none is changed.
    pub refused: Vec<RefusedConnection>,
    /// Which of their profiles would stand otherwise.
    pub standing: StatusChanges,
}

/// What was done, and how it is taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct ManyDone {
    /// What has come of it.
    pub plan: ManyPlan,
    before: Vec<Connection>,
    after: Vec<Connection>,
}

/// A change that was worked out.
struct Worked {
    plan: ManyPlan,
    before: Vec<Connection>,
    after: Vec<Connection>,
}

impl App {
    /// The connections of a filter.
    ///
    /// # Errors
    /// Where it asks for a policy that does not exist, none answers to it, or the workspace cannot be read.
    pub async fn connections_where(&self, filter: &ConnectionFilter) -> Result<Vec<ConnectionId>, AppError> {
        let found = self.filtered(filter).await?;
        if found.is_empty() {
            return Err(AppError::new("no connection answers to this")
                .hint("`countersign connection list` shows the connections with customers and tags"));
        }
        Ok(found.into_iter().map(|(connection, _)| connection.id).collect())
    }

    /// What a change would do to many connections. Nothing is changed.
    ///
    /// # Errors
    /// Where there is nothing to change, one of the connections does not exist, or the workspace cannot be read.
    pub async fn plan_many(&self, change: &ManyChange) -> Result<ManyPlan, AppError> {
        let wanted: BTreeSet<&ConnectionId> = change.connections.iter().collect();
        let mut before = self.connections().await?;
        before.retain(|connection| wanted.contains(&connection.id));
        self.all_there(&before, change).await?;
        Ok(self.work_out(before, change).await?.plan)
    }

    /// Changes many connections, all of them or none.
    ///
    /// # Errors
    /// Where one of them refuses it or does not exist, or the workspace cannot be written. Then nothing has changed.
    pub async fn change_many(&self, change: &ManyChange) -> Result<ManyDone, AppError> {
        if self.existing().await?.is_none() {
            self.all_there(&[], change).await?;
        }
        // Read within the transaction that writes: of two changes at once none is lost.
        let mut transaction = self.workspace().await?.begin().await?;
        let before = transaction.connections_of(&change.connections).await?;
        self.all_there(&before, change).await?;
        let Worked { plan, before, after } = self.work_out(before, change).await?;
        if let Some(first) = plan.refused.first() {
            let refuse = match plan.refused.len() {
                1 => format!("{} cannot be changed so", first.name),
                number => format!("{number} connections cannot be changed so, the first of them {}", first.name),
            };
            return Err(AppError::new(format!("{refuse}: {}", first.reason)).hint("nothing was changed"));
        }
        transaction.save_connections(&after, self.now()).await?;
        transaction.commit().await?;
        Ok(ManyDone { plan, before, after })
    }

    /// Takes a change of many connections back, all of it or nothing.
    ///
    /// # Errors
    /// Where one of them was changed or removed since, or the workspace cannot be written. Then nothing has changed.
    pub async fn undo_many(&self, done: &ManyDone) -> Result<usize, AppError> {
        let ids: Vec<ConnectionId> = done.after.iter().map(|connection| connection.id.clone()).collect();
        let mut transaction = self.workspace().await?.begin().await?;
        let now = transaction.connections_of(&ids).await?;
        let now: BTreeMap<&ConnectionId, &Connection> =
            now.iter().map(|connection| (&connection.id, connection)).collect();
        if let Some(other) = done.after.iter().find(|after| now.get(&after.id) != Some(after)) {
            return Err(AppError::new(format!("{} was changed or removed since", other.name))
                .hint("nothing was taken back; change those that are meant once more"));
        }
        transaction.save_connections(&done.before, self.now()).await?;
        transaction.commit().await?;
        Ok(done.before.len())
    }

    /// Refuses a change that names a connection that is not there, or nothing.
    async fn all_there(&self, found: &[Connection], change: &ManyChange) -> Result<(), AppError> {
        let there: BTreeSet<&ConnectionId> = found.iter().map(|connection| &connection.id).collect();
        if let Some(missing) = change.connections.iter().find(|id| !there.contains(id)) {
            return Err(self.unknown_connection(missing).await);
        }
        if change.own.is_empty() && change.settings.is_empty() {
            return Err(AppError::new("there is nothing to change").hint("settings are written KEY=VALUE"));
        }
        if change.connections.len() > 1 && change.own.iter().any(|(key, _)| key == "name") {
            return Err(AppError::new("a name belongs to one connection").hint("rename each of them by itself"));
        }
        Ok(())
    }

    async fn work_out(&self, before: Vec<Connection>, change: &ManyChange) -> Result<Worked, AppError> {
        let identities: Vec<_> =
            self.identities().await?.into_iter().map(|identity| (identity.name, identity.key)).collect();
        let policies = self.policies().await?;
        let mut plan = ManyPlan::default();
        let (mut was, mut is) = (Vec::new(), Vec::new());
        for connection in before {
            let tried = applied(&connection, change).and_then(|after| {
                if after != connection {
                    self.validate_by(&after, &identities, &policies)?;
                }
                Ok(after)
            });
            match tried {
                Err(error) => plan.refused.push(RefusedConnection {
                    id: connection.id,
                    name: connection.name,
                    reason: error.message().to_owned(),
                }),
                Ok(after) if after == connection => plan.unchanged.push(connection.id),
                Ok(after) => {
                    was.push(connection);
                    is.push(after);
                }
            }
        }
        // Judged together, so that what they are judged by is read once.
        let all: Vec<Connection> = was.iter().chain(&is).cloned().collect();
        let mut reports = self.check_now(&all, self.now()).await?.connections;
        let then = reports.split_off(was.len().min(reports.len()));
        plan.standing = between(&reports, &then);
        plan.changed = was
            .iter()
            .zip(&is)
            .zip(reports.iter().zip(&then))
            .map(|((was, is), (from, to))| ChangedConnection {
                id: is.id.clone(),
                name: is.name.clone(),
                from: from.status,
                to: to.status,
                differences: differences(was, is),
            })
            .collect();
        plan.changed.sort_by_cached_key(|changed| (natural(&changed.name), changed.id.clone()));
        plan.refused.sort_by_cached_key(|refused| (natural(&refused.name), refused.id.clone()));
        Ok(Worked { plan, before: was, after: is })
    }
}

/// A connection as it would be.
fn applied(connection: &Connection, change: &ManyChange) -> Result<Connection, AppError> {
    let mut after = connection.with_changes(&change.own).map_err(in_words)?;
    if change.settings.is_empty() {
        return Ok(after);
    }
    for kind in ProfileKind::ALL {
        let wanted = change.profiles.is_empty() || change.profiles.contains(kind);
        let Some(profile) = after.profile_mut(*kind).filter(|_| wanted) else { continue };
        let mut changed =
            profile.with_changes(&change.settings).map_err(|error| in_words(error).at(&format!("{kind}: ")))?;
        if changed.tls_trust != "system" {
            changed.tls_trust = absolute(&changed.tls_trust)?;
        }
        *profile = changed;
    }
    Ok(after)
}

fn differences(was: &Connection, is: &Connection) -> Vec<Difference> {
    let own = OWN.into_iter().filter_map(|key| {
        let (was, is) = (was.written(key), is.written(key));
        (was != is).then(|| Difference { profile: None, setting: key.to_owned(), was, is })
    });
    let of_profiles = ProfileKind::ALL.iter().filter_map(|kind| {
        let (was, is) = (was.profile(*kind)?, is.profile(*kind)?);
        let changed = is.changed_from(was).into_iter();
        Some(changed.map(|(setting, (was, is))| Difference { profile: Some(*kind), setting, was, is }))
    });
    own.chain(of_profiles.flatten()).collect()
}
