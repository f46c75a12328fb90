//! Watching the HTTP client connect.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use tower_layer::Layer;
use tower_service::Service;

use super::meter::Meter;

/// A layer around the client's connector that notes on the meter when the connection is made, TLS included.
#[derive(Clone, Debug)]
pub(super) struct Watch(pub(super) Arc<Meter>);

impl<S> Layer<S> for Watch {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched { inner, meter: Arc::clone(&self.0) }
    }
}

/// A connector under the meter.
#[derive(Clone, Debug)]
pub(super) struct Watched<S> {
    inner: S,
    meter: Arc<Meter>,
}

impl<S, T> Service<T> for Watched<S>
where
    S: Service<T>,
    S::Response: Connection,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, whither: T) -> Self::Future {
        let making = self.inner.call(whither);
        let meter = Arc::clone(&self.meter);
        Box::pin(async move {
            let made = making.await?;
            let mut facts = http::Extensions::new();
            made.connected().get_extras(&mut facts);
            meter.connected(facts.get::<HttpInfo>().map(HttpInfo::remote_addr));
            Ok(made)
        })
    }
}
