//! Opening a sample again as the user left it: the partners run anew with their keys, at their addresses where these can
//! still be had.

use super::folder::{self, Claim};
use super::partners::{self, PARTNERS, RunningPartner};
use super::receipts;
use super::world::{Running, place};
use crate::app::{App, AppError, Clock};
use crate::domain::connection::Profile;
use crate::store::{Location, Unlock, Workspace};

/// Opens a finished sample.
pub(super) async fn reopen(claim: Claim) -> Result<Running, AppError> {
    let folder = claim.path().to_owned();
    let app = App::new(Location::Dir(folder.clone()), Unlock::none(), Clock::System);
    let workspace = app.workspace().await?;
    let before = partners::addresses(&workspace).await.map_err(|error| folder::damaged(&folder, error.message()))?;
    let partner = async |name: &'static str| {
        let place = place(&folder, name);
        let partner = App::new(Location::Dir(place.clone()), Unlock::none(), Clock::System);
        let known = match partner.existing().await {
            Ok(Some(workspace)) => Ok(!workspace.connections().await?.is_empty()),
            Ok(None) => Ok(false),
            Err(error) => Err(error),
        };
        match known {
            Ok(true) => {}
            Ok(false) => return Err(folder::damaged(&folder, &format!("the partner {name} is missing"))),
            Err(error) => return Err(folder::damaged(&folder, error.message())),
        }
        let address = before.get(name).and_then(|url| origin(url)?.1.parse().ok());
        partners::start(partner, name, &place, address, true).await
    };
    let [us_production, us_test, de, northwind, harbor] = PARTNERS;
    let (us_production, us_test, de, northwind, harbor) =
        tokio::try_join!(partner(us_production), partner(us_test), partner(de), partner(northwind), partner(harbor))?;
    let partners = vec![us_production, us_test, de, northwind, harbor];
    follow(&app, &workspace, &before, &partners).await?;
    receipts::keep(&app, &workspace).await?;
    Ok(Running { app, partners, claim })
}

/// Has connections that still point to a partner's old address point to its new one.
async fn follow(
    app: &App,
    workspace: &Workspace,
    before: &std::collections::BTreeMap<String, String>,
    partners: &[RunningPartner],
) -> Result<(), AppError> {
    let moved: Vec<(&str, &str)> = partners
        .iter()
        .filter_map(|partner| Some((origin(before.get(partner.name)?)?.0, origin(&partner.url)?.0)))
        .filter(|(old, new)| old != new)
        .collect();
    if moved.is_empty() {
        return Ok(());
    }
    let mut changed = Vec::new();
    for mut connection in workspace.connections().await? {
        let mut follows = false;
        for profile in [&mut connection.production, &mut connection.test].into_iter().flatten() {
            follows |= redirect(profile, &moved);
        }
        if follows {
            changed.push(connection);
        }
    }
    workspace.save_connections(&changed, app.now()).await?;
    // Last: interrupted before, it is done again.
    partners::remember(workspace, partners).await
}

/// Has connections whose receipts go to our old address name the new one.
pub(super) async fn redirect_receipts(app: &App, workspace: &Workspace, old: &str, new: &str) -> Result<(), AppError> {
    let mut changed = Vec::new();
    for mut connection in workspace.connections().await? {
        let mut follows = false;
        for profile in [&mut connection.production, &mut connection.test].into_iter().flatten() {
            if profile.mdn_url.as_ref().is_some_and(|url| url.as_str() == old) {
                profile.mdn_url = Some(new.parse()?);
                follows = true;
            }
        }
        if follows {
            changed.push(connection);
        }
    }
    Ok(workspace.save_connections(&changed, app.now()).await?)
}

/// Puts a new origin in the place of an old one; says whether it did.
fn redirect(profile: &mut Profile, moved: &[(&str, &str)]) -> bool {
    let url = profile.url.to_string();
    let Some((origin, path)) = origin(&url).map(|(whole, _)| (whole, &url[whole.len()..])) else { return false };
    let new = moved.iter().find(|(old, _)| *old == origin).and_then(|(_, new)| format!("{new}{path}").parse().ok());
    let follows = new.is_some();
    if let Some(new) = new {
        profile.url = new;
    }
    follows
}

/// Scheme and authority of an address, and the authority alone.
fn origin(url: &str) -> Option<(&str, &str)> {
    let begins = url.find("://")? + 3;
    let ends = url[begins..].find(['/', '?']).map_or(url.len(), |at| begins + at);
    Some((&url[..ends], &url[begins..ends]))
}
