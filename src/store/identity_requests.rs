//! Certificates that a CA was asked for, until its answer is installed.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use zeroize::Zeroizing;

use crate::domain::identifier::IdentityName;

use super::error::{StoreError, at_most};
use super::sealing::Place;
use super::session::{column, parsed, sql};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes that a private key has.
const MOST_KEY: usize = 64 * 1024;

const PRIVATE_KEY: &str = "identity_requests.private_key";

/// A certificate that a CA was asked for, without its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRequest {
    /// Its name: that of the identity it will be, or whose key it is for.
    pub name: IdentityName,
    /// The identity whose key it is for; nothing where it has a new one.
    pub identity: Option<IdentityName>,
    /// The subject asked for.
    pub subject: String,
    /// The request itself (PKCS#10, DER).
    pub request: Vec<u8>,
    /// When it was made.
    pub made: Timestamp,
}

impl Workspace {
    /// Every request that waits for its answer, sorted by name.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn identity_requests(&self) -> Result<Vec<StoredRequest>, StoreError> {
        const DOING: &str = "read the certificate requests";
        let statement = sql("SELECT name, identity, subject, request, made_at FROM identity_requests ORDER BY name");
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(stored).collect()
    }

    /// The private key of a request that has one of its own (PKCS#8, DER).
    ///
    /// # Errors
    /// Where the workspace is locked, there is no such request, it has no key of its own, or its key does not unseal.
    pub async fn unseal_request_key(&self, name: &IdentityName) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        const DOING: &str = "read a request's key";
        let statement = sql("SELECT private_key FROM identity_requests WHERE name = $1 AND private_key IS NOT NULL")
            .bind(name.to_string());
        let row = self.reading(DOING).await?.row(DOING, statement).await?;
        let row = row.ok_or_else(|| StoreError::NotFound { what: "certificate request", name: name.to_string() })?;
        let key = self.key();
        let key = key.as_ref().as_ref().map_err(|reason| StoreError::Locked(reason.clone()))?;
        let place = Place { column: PRIVATE_KEY, row: name.as_str() };
        key.unseal(place, &column::<Vec<u8>>(&row, "private_key")?)
            .ok_or_else(|| StoreError::Unsealable { what: format!("the key of the request `{name}`") })
    }
}

impl Transaction {
    /// Keeps a request, in place of an earlier one of its name; its own private key (PKCS#8, DER) is sealed.
    ///
    /// # Errors
    /// Where the workspace is locked, something is too large, or the database cannot be written.
    pub async fn put_identity_request(
        &mut self,
        request: &StoredRequest,
        private_key_pkcs8: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        at_most("the private key", private_key_pkcs8.map_or(0, <[u8]>::len), MOST_KEY)?;
        at_most("the certificate request", request.request.len(), MOST_KEY)?;
        let sealed = match private_key_pkcs8 {
            Some(bytes) => {
                let key = self.key();
                let key = key.as_ref().as_ref().map_err(|reason| StoreError::Locked(reason.clone()))?;
                Some(key.seal(Place { column: PRIVATE_KEY, row: request.name.as_str() }, bytes)?)
            }
            None => None,
        };
        self.remove_identity_request(&request.name).await?;
        let statement = sql("INSERT INTO identity_requests (name, identity, subject, request, private_key, made_at)
             VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(request.name.to_string())
        .bind(request.identity.as_ref().map(ToString::to_string))
        .bind(request.subject.clone())
        .bind(request.request.clone())
        .bind(sealed)
        .bind(request.made.to_string());
        self.session.execute("keep a certificate request", statement).await?;
        Ok(())
    }

    /// Removes a request with its key, where there is one of this name.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn remove_identity_request(&mut self, name: &IdentityName) -> Result<bool, StoreError> {
        let statement = sql("DELETE FROM identity_requests WHERE name = $1").bind(name.to_string());
        Ok(self.session.execute("remove a certificate request", statement).await? > 0)
    }
}

fn stored(row: &AnyRow) -> Result<StoredRequest, StoreError> {
    let identity = match column::<Option<String>>(row, "identity")? {
        Some(_) => Some(parsed(row, "identity")?),
        None => None,
    };
    Ok(StoredRequest {
        name: parsed(row, "name")?,
        identity,
        subject: column(row, "subject")?,
        request: column(row, "request")?,
        made: parsed(row, "made_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{now, workspace};
    use super::*;

    #[tokio::test]
    async fn a_request_keeps_its_key_sealed_until_it_is_answered() {
        const KEY: &[u8] = b"a new key that nobody may read";
        let (_guard, workspace) = workspace().await;
        let request = |name: &str, identity: Option<&str>| StoredRequest {
            name: name.parse().unwrap(),
            identity: identity.map(|identity| identity.parse().unwrap()),
            subject: "CN=Acme".to_owned(),
            request: vec![0x30, 0],
            made: now(),
        };
        let (own, borrowed) = (request("new", None), request("acme", Some("acme")));
        let mut transaction = workspace.begin().await.unwrap();
        transaction.put_identity_request(&own, Some(KEY)).await.unwrap();
        transaction.put_identity_request(&borrowed, None).await.unwrap();
        transaction.put_identity_request(&borrowed, None).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(workspace.identity_requests().await.unwrap(), [borrowed.clone(), own.clone()]);
        assert_eq!(workspace.unseal_request_key(&own.name).await.unwrap().as_slice(), KEY);
        assert!(workspace.unseal_request_key(&borrowed.name).await.is_err());
        let mut transaction = workspace.begin().await.unwrap();
        assert!(transaction.remove_identity_request(&own.name).await.unwrap());
        assert!(!transaction.remove_identity_request(&own.name).await.unwrap());
        transaction.commit().await.unwrap();
        assert_eq!(workspace.identity_requests().await.unwrap(), [borrowed]);
    }
}
