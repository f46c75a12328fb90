//! Taking a change of a connection back. What was there before is kept in memory for as long as the window offers it, with its
//! passwords and folders, so that nothing has to be typed again.

use std::fmt;

use zeroize::Zeroizing;

use super::connections::Saved;
use super::{App, AppError};
use crate::domain::connection::Connection;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::timeline::all_fingerprints;
use crate::store::{FolderKind, StoredFolder, Transaction, http_password_name};

/// What a change of a connection took away.
#[derive(Clone)]
pub struct ConnectionBefore {
    /// The connection as it was.
    connection: Connection,
    /// What the change made of it; nothing where it was removed.
    after: Option<Connection>,
    /// The HTTP passwords that the change replaced or took.
    passwords: Vec<(ProfileKind, Option<Zeroizing<Vec<u8>>>)>,
    /// The folders that it had.
    folders: Vec<StoredFolder>,
}

impl fmt::Debug for ConnectionBefore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Passwords are for nobody's eyes.
        f.debug_struct("ConnectionBefore").field("connection", &self.connection.id).finish_non_exhaustive()
    }
}

impl ConnectionBefore {
    /// What people call the connection.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.connection.name
    }

    /// The same once it is known what the change made of the connection.
    #[must_use]
    pub(super) fn changed_to(mut self, after: &Connection) -> Self {
        self.after = Some(after.clone());
        self
    }
}

impl App {
    /// What a change of a connection is about to take away: passwords of these profiles, and all folders. Nothing where it
    /// cannot be kept, because a password is sealed and the workspace locked: then the change is made all the same, and
    /// cannot be taken back.
    pub(super) async fn before_change(
        &self,
        connection: &Connection,
        passwords_of: &[ProfileKind],
    ) -> Result<Option<ConnectionBefore>, AppError> {
        let workspace = self.workspace().await?;
        let mut passwords = Vec::new();
        for kind in passwords_of {
            let Ok(password) = workspace.secret(&http_password_name(&connection.id, *kind)).await else {
                return Ok(None);
            };
            passwords.push((*kind, password));
        }
        let mut folders = workspace.folders().await?;
        folders.retain(|folder| folder.connection == connection.id);
        Ok(Some(ConnectionBefore { connection: connection.clone(), after: None, passwords, folders }))
    }

    /// Puts a connection back as it was before a change.
    ///
    /// # Errors
    /// Where it was changed again since, by whomever, or its identities or its policy are gone. Then nothing has changed.
    pub async fn put_back(&self, before: &ConnectionBefore) -> Result<Saved, AppError> {
        let ConnectionBefore { connection, after, passwords, folders } = before;
        let id = &connection.id;
        self.validate(connection).await?;
        let (now, mut transaction) = (self.now(), self.workspace().await?.begin().await?);
        if transaction.connection(id).await? != *after {
            return Err(AppError::new(match after {
                Some(_) => format!("{} was changed again since", connection.name),
                None => format!("there is a connection `{id}` again"),
            })
            .hint("Nothing was changed; its history shows how it was before"));
        }
        for (_, profile) in connection.profiles() {
            for print in all_fingerprints(&profile.partner_certificates) {
                if !transaction.holds_certificate(&print).await? {
                    return Err(AppError::new(format!("its certificate {} was removed since", print.short()))
                        .hint("Nothing was changed; add the connection anew with the certificate that is used now"));
                }
            }
        }
        transaction.save_connection(connection, now).await?;
        for (kind, password) in passwords {
            let name = http_password_name(id, *kind);
            match password {
                Some(password) => transaction.put_secret(&name, password).await?,
                None => drop(transaction.remove_secret(&name).await?),
            }
        }
        self.put_folders_back(&mut transaction, id, folders).await?;
        transaction.commit().await?;
        self.saved(connection).await
    }

    /// Gives a connection just these folders. Those that it has already are left alone, with what is known of their troubles.
    async fn put_folders_back(
        &self,
        transaction: &mut Transaction,
        id: &ConnectionId,
        folders: &[StoredFolder],
    ) -> Result<(), AppError> {
        let all = transaction.folders().await?;
        let is = |kind: ProfileKind, folder: FolderKind| {
            move |each: &&StoredFolder| each.connection == *id && each.profile == kind && each.kind == folder
        };
        let mut changes = Vec::new();
        for kind in ProfileKind::ALL {
            for folder in FolderKind::ALL {
                let was = folders.iter().find(is(*kind, *folder)).map(|folder| folder.path.as_str());
                if all.iter().find(is(*kind, *folder)).map(|folder| folder.path.as_str()) != was {
                    changes.push((*kind, *folder, was.map(Into::into)));
                }
            }
        }
        self.change_folders(transaction, id, &changes).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Clock, ConnectionChange, NewIdentity};
    use crate::certificate::KeyKind;
    use crate::store::{Location, Unlock};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_removed_connection_comes_back_with_its_password_and_folders_unless_its_id_is_taken() {
        let guard = tempfile::tempdir().unwrap();
        let root = guard.path().canonicalize().unwrap();
        let app = App::new(Location::Dir(root.join("w")), Unlock::none(), Clock::System);
        let name = "us".parse().unwrap();
        app.create_identity(NewIdentity { name, key: KeyKind::EcP256, days: 365, subject: None }).await.unwrap();
        let connection: Connection = toml::from_str(
            "id = \"partner\"\nname = \"Partner\"\n[production]\nour_as2_id = \"US\"\npartner_as2_id = \"P\"\n\
             url = \"http://127.0.0.1:9/\"\nidentity = \"us\"\nencryption = \"none\"\nmdn = \"none\"\nhttp_user = \"u\"\n",
        )
        .unwrap();
        let (id, production) = (connection.id.clone(), ProfileKind::Production);
        app.create_connection(connection.clone()).await.unwrap();
        std::fs::create_dir(root.join("out")).unwrap();
        let changed = |password: &str, folder: Option<&str>| {
            let mut change = ConnectionChange::new(id.clone());
            change.passwords.push((production, Zeroizing::new(password.to_owned())));
            change.folders.push((production, FolderKind::Outbox, folder.map(|folder| root.join(folder))));
            change
        };
        let stands = async || {
            let secret = app.workspace().await.unwrap().secret(&http_password_name(&id, production)).await.unwrap();
            let password = secret.map(|secret| String::from_utf8(secret.to_vec()).unwrap());
            (password, app.folders().await.unwrap().into_iter().find_map(|folders| folders.outbox))
        };
        let out = root.join("out").to_str().map(str::to_owned);
        app.save(changed("first", Some("out"))).await.unwrap();
        let before = app.save(changed("second", None)).await.unwrap().before.unwrap();
        assert_eq!(stands().await, (Some("second".to_owned()), None));
        app.put_back(&before).await.unwrap();
        assert_eq!(stands().await, (Some("first".to_owned()), out.clone()));
        assert!(!format!("{before:?}").contains("first"), "a password is shown to nobody");

        let removed = app.remove_connection(&id).await.unwrap().unwrap();
        assert_eq!(stands().await, (None, None));
        app.put_back(&removed).await.unwrap();
        assert_eq!(stands().await, (Some("first".to_owned()), out));
        assert_eq!(app.connection(&id).await.unwrap(), connection);

        let error = app.put_back(&removed).await.unwrap_err();
        assert!(error.message().contains("there is a connection `partner` again"), "{error}");
    }
}
