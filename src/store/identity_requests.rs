//! Certificates that a CA was asked for, until its answer is installed.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use zeroize::Zeroizing;

use crate::domain::identifier::{IdentifierError, IdentityName};

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
    /// Which of those of its name, from 1.
    pub number: u32,
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
    /// Every request that waits for its answer, sorted by name and number.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn identity_requests(&self) -> Result<Vec<StoredRequest>, StoreError> {
        const DOING: &str = "read the certificate requests";
        let statement = sql("SELECT name, identity, subject, request, made_at FROM identity_requests");
        let rows = self.reading(DOING).await?.rows(DOING, statement).await?;
        let mut all = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        // Here and not by the database, whose order depends on its collation.
        all.sort_by(|one, other| (&one.name, one.number).cmp(&(&other.name, other.number)));
        Ok(all)
    }

    /// The private key of a request that has one of its own (PKCS#8, DER).
    ///
    /// # Errors
    /// Where the workspace is locked, there is no such request, it has no key of its own, or its key does not unseal.
    pub async fn unseal_request_key(&self, name: &IdentityName, number: u32) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        const DOING: &str = "read a request's key";
        let row_name = row_name(name, number);
        let statement = sql("SELECT private_key FROM identity_requests WHERE name = $1 AND private_key IS NOT NULL")
            .bind(row_name.clone());
        let row = self.reading(DOING).await?.row(DOING, statement).await?;
        let row = row.ok_or_else(|| StoreError::NotFound { what: "certificate request", name: name.to_string() })?;
        let key = self.key();
        let key = key.as_ref().as_ref().map_err(|reason| StoreError::Locked(reason.clone()))?;
        let place = Place { column: PRIVATE_KEY, row: &row_name };
        key.unseal(place, &column::<Vec<u8>>(&row, "private_key")?)
            .ok_or_else(|| StoreError::Unsealable { what: format!("the key of the request `{name}`") })
    }
}

impl Transaction {
    /// Keeps a request beside all others; its own private key (PKCS#8, DER) is sealed.
    ///
    /// # Errors
    /// Where there is one of its name and number, the workspace is locked, something is too large, or the database cannot
    /// be written.
    pub async fn put_identity_request(
        &mut self,
        request: &StoredRequest,
        private_key_pkcs8: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        at_most("the private key", private_key_pkcs8.map_or(0, <[u8]>::len), MOST_KEY)?;
        at_most("the certificate request", request.request.len(), MOST_KEY)?;
        let row_name = row_name(&request.name, request.number);
        let sealed = match private_key_pkcs8 {
            Some(bytes) => {
                let key = self.key();
                let key = key.as_ref().as_ref().map_err(|reason| StoreError::Locked(reason.clone()))?;
                Some(key.seal(Place { column: PRIVATE_KEY, row: &row_name }, bytes)?)
            }
            None => None,
        };
        let statement = sql("INSERT INTO identity_requests (name, identity, subject, request, private_key, made_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING")
        .bind(row_name)
        .bind(request.identity.as_ref().map(ToString::to_string))
        .bind(request.subject.clone())
        .bind(request.request.clone())
        .bind(sealed)
        .bind(request.made.to_string());
        if self.session.execute("keep a certificate request", statement).await? == 0 {
            return Err(StoreError::Exists { what: "a certificate request", name: request.name.to_string() });
        }
        Ok(())
    }

    /// Removes a request with its key, where there is one of this name and number.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn remove_identity_request(&mut self, name: &IdentityName, number: u32) -> Result<bool, StoreError> {
        let statement = sql("DELETE FROM identity_requests WHERE name = $1").bind(row_name(name, number));
        Ok(self.session.execute("remove a certificate request", statement).await? > 0)
    }

    /// Removes every request that is for the key of an identity: without that key none can be answered.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn remove_requests_for_key_of(&mut self, identity: &IdentityName) -> Result<(), StoreError> {
        let statement = sql("DELETE FROM identity_requests WHERE identity = $1").bind(identity.to_string());
        self.session.execute("remove the certificate requests of an identity", statement).await.map(|_| ())
    }
}

/// The first of a name is kept under the name, the others under name and number: `#` is in no name.
fn row_name(name: &IdentityName, number: u32) -> String {
    if number <= 1 { name.to_string() } else { format!("{name}#{number}") }
}

fn stored(row: &AnyRow) -> Result<StoredRequest, StoreError> {
    let identity = match column::<Option<String>>(row, "identity")? {
        Some(_) => Some(parsed(row, "identity")?),
        None => None,
    };
    let row_name: String = column(row, "name")?;
    let (name, number) = row_name.split_once('#').unwrap_or((row_name.as_str(), "1"));
    let damaged = || "the name of a certificate request";
    Ok(StoredRequest {
        name: name.parse().map_err(StoreError::damaged::<IdentifierError>(damaged()))?,
        number: number.parse().map_err(StoreError::damaged(damaged()))?,
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
        let request = |name: &str, number, identity: Option<&str>| StoredRequest {
            name: name.parse().unwrap(),
            number,
            identity: identity.map(|identity| identity.parse().unwrap()),
            subject: "CN=Acme".to_owned(),
            request: vec![0x30, 0],
            made: now(),
        };
        let (own, second, borrowed) =
            (request("new", 1, None), request("new", 2, None), request("acme", 1, Some("acme")));
        let mut transaction = workspace.begin().await.unwrap();
        transaction.put_identity_request(&second, Some(b"the key of another")).await.unwrap();
        transaction.put_identity_request(&own, Some(KEY)).await.unwrap();
        transaction.put_identity_request(&borrowed, None).await.unwrap();
        let again = transaction.put_identity_request(&own, Some(b"nothing is replaced")).await;
        assert!(matches!(again, Err(StoreError::Exists { .. })));
        transaction.commit().await.unwrap();
        let all = workspace.identity_requests().await.unwrap();
        assert_eq!(all, [borrowed.clone(), own.clone(), second.clone()]);
        assert_eq!(workspace.unseal_request_key(&own.name, 1).await.unwrap().as_slice(), KEY);
        assert_eq!(workspace.unseal_request_key(&own.name, 2).await.unwrap().as_slice(), b"the key of another");
        assert!(workspace.unseal_request_key(&borrowed.name, 1).await.is_err());
        let mut transaction = workspace.begin().await.unwrap();
        assert!(transaction.remove_identity_request(&own.name, 1).await.unwrap());
        assert!(!transaction.remove_identity_request(&own.name, 1).await.unwrap());
        transaction.commit().await.unwrap();
        assert_eq!(workspace.identity_requests().await.unwrap(), [borrowed, second]);
    }
}
