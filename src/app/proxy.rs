//! The proxy that messages go through, and the look at a server's certificate: the system's, none, or one that is named.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{App, AppError};
use crate::domain::spelling::spelled;
use crate::store::Workspace;
use crate::transport::{BasicAuth, NamedProxy, ProxyChoice};

/// Under which the workspace keeps the setting.
const SETTING: &str = "proxy";

/// Under which it keeps the password.
const PASSWORD: &str = "proxy-password";

/// The port where none is said.
const USUAL_PORT: u16 = 8080;

spelled! {
    /// Which proxy is used.
    pub enum ProxyKind {
        /// That of the system.
        System = "system",
        /// None.
        Direct = "none",
        /// One that is named.
        Named = "named",
    }
}

/// Which proxy is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxySettings {
    /// Of which kind.
    pub kind: ProxyKind,
    /// Where the named one is, as host and port: `proxy.example:8080`.
    #[serde(default)]
    pub address: Option<String>,
    /// Its user, where it wants one.
    #[serde(default)]
    pub user: Option<String>,
    /// Whether a password for it is kept.
    #[serde(default)]
    pub has_password: bool,
}

impl Default for ProxySettings {
    fn default() -> Self {
        Self { kind: ProxyKind::System, address: None, user: None, has_password: false }
    }
}

impl ProxySettings {
    /// In words: `the system's`, `none`, `proxy.example:8080 as anna`.
    #[must_use]
    pub fn in_words(&self) -> String {
        match (self.kind, &self.address, &self.user) {
            (ProxyKind::System, ..) => "the system's".to_owned(),
            (ProxyKind::Direct, ..) | (ProxyKind::Named, None, _) => "none".to_owned(),
            (ProxyKind::Named, Some(address), None) => address.clone(),
            (ProxyKind::Named, Some(address), Some(user)) => format!("{address} as {user}"),
        }
    }
}

impl App {
    /// Which proxy is used; the system's where nothing is set.
    ///
    /// # Errors
    /// Where the workspace cannot be read, or a later version has written what is not understood here.
    pub async fn proxy_settings(&self) -> Result<ProxySettings, AppError> {
        match self.existing().await? {
            Some(workspace) => settings(&workspace).await,
            None => Ok(ProxySettings::default()),
        }
    }

    /// Sets which proxy is used, from the next message on. Without a password the one that is kept stays, as long as the
    /// user and the address do.
    ///
    /// # Errors
    /// Where the address makes no sense, a user is named without a password, or the workspace cannot be written.
    pub async fn set_proxy(
        &self,
        wanted: &ProxySettings,
        password: Option<Zeroizing<String>>,
    ) -> Result<ProxySettings, AppError> {
        let mut kept = ProxySettings { kind: wanted.kind, ..ProxySettings::default() };
        if wanted.kind == ProxyKind::Named {
            let (host, port) = host_and_port(wanted.address.as_deref().unwrap_or_default())?;
            kept.address = Some(format!("{host}:{port}"));
            kept.user = wanted.user.as_ref().map(|user| user.trim().to_owned()).filter(|user| !user.is_empty());
        }
        if kept.user.as_ref().is_some_and(|user| user.contains(':')) {
            return Err(AppError::new("the proxy's user holds a colon, which basic authentication cannot carry"));
        }
        let workspace = self.workspace().await?;
        let before = settings(&workspace).await.unwrap_or_default();
        let is_same = (&before.address, &before.user) == (&kept.address, &kept.user);
        kept.has_password = kept.user.is_some() && (password.is_some() || is_same && before.has_password);
        if kept.user.is_some() && !kept.has_password {
            return Err(AppError::new("there is no password for the proxy's user")
                .hint("give it with the user; an empty one is a password too"));
        }
        let text = serde_json::to_string(&kept)
            .map_err(|error| AppError::new(format!("the setting cannot be written: {error}")))?;
        let mut transaction = workspace.begin().await?;
        transaction.choose(SETTING, &text).await?;
        match password.filter(|_| kept.has_password) {
            Some(password) => transaction.put_secret(PASSWORD, password.as_bytes()).await?,
            None if !kept.has_password => {
                transaction.remove_secret(PASSWORD).await?;
            }
            None => {}
        }
        transaction.commit().await?;
        Ok(kept)
    }

    /// What requests go through.
    pub(super) async fn proxy(&self, workspace: &Workspace) -> Result<ProxyChoice, AppError> {
        let settings = settings(workspace).await?;
        let named = match (settings.kind, &settings.address) {
            (ProxyKind::System, _) => return Ok(ProxyChoice::System),
            (ProxyKind::Direct, _) => return Ok(ProxyChoice::Direct),
            (ProxyKind::Named, address) => address.as_deref().unwrap_or_default(),
        };
        let (host, port) = host_and_port(named)?;
        let auth = match settings.user {
            Some(user) => {
                let secret = workspace.secret(PASSWORD).await?.ok_or_else(|| {
                    AppError::new("the proxy's user is set but no password is kept").hint("set the proxy once more")
                })?;
                Some(BasicAuth { user, password: String::from_utf8_lossy(&secret).into_owned().into() })
            }
            None => None,
        };
        Ok(ProxyChoice::Named(NamedProxy { host, port, auth }))
    }
}

async fn settings(workspace: &Workspace) -> Result<ProxySettings, AppError> {
    let Some(text) = workspace.meta(SETTING).await? else { return Ok(ProxySettings::default()) };
    // Not the default: whoever has set a proxy does not want messages to go past it.
    serde_json::from_str(&text).map_err(|error| {
        AppError::new(format!("the setting of the proxy is not understood: {error}"))
            .hint("a newer version may have written it; set it once more")
    })
}

/// Reads `proxy.example:8080`, with `http://` before it or without.
fn host_and_port(text: &str) -> Result<(String, u16), AppError> {
    let text = text.trim().trim_end_matches('/');
    let refused = |why: &str| {
        let shown: String = text.chars().take(80).collect();
        AppError::new(format!("`{shown}` is not the address of a proxy: {why}"))
            .hint("write host and port, such as proxy.example:8080")
    };
    let bare = match text.split_once("://") {
        Some(("http", rest)) => rest,
        Some(_) => return Err(refused("only proxies that are spoken to by HTTP are supported")),
        None => text,
    };
    if bare.contains('@') {
        return Err(refused("user and password are given by themselves"));
    }
    let url = url::Url::parse(&format!("http://{bare}")).map_err(|error| refused(&error.to_string()))?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| refused("there is no host"))?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(refused("there is more than host and port"));
    }
    // That of the scheme is left out by whoever reads addresses.
    let port = if bare.ends_with(":80") { Some(80) } else { url.port() };
    Ok((host.to_owned(), port.unwrap_or(USUAL_PORT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_host_and_port_and_nothing_else() {
        for (text, host, port) in [
            ("proxy.example:3128", "proxy.example", 3128),
            (" http://Proxy.example:80/ ", "proxy.example", 80),
            ("10.0.0.1", "10.0.0.1", 8080),
            ("[2001:db8::1]:8888", "[2001:db8::1]", 8888),
        ] {
            assert_eq!(host_and_port(text).unwrap(), (host.to_owned(), port), "{text}");
        }
        for text in
            ["", "https://proxy", "socks5://proxy", "anna:pw@proxy:1", "proxy:99999", "proxy/path", "a b", "proxy:"]
        {
            let refused = host_and_port(text);
            assert!(refused.is_err() || text == "proxy:", "{text}: {refused:?}");
        }
    }
}
