//! Every certificate, ours and theirs, and those of partners' TLS servers: where used, until when, what follows.
//!
//! | if you look for | it is in |
//! |---|---|
//! | the page: list or timeline, and the detail beside it | `page` |
//! | one row of it, made once for each snapshot | `rows` |
//! | which rows, in which order | `filters` |
//! | the table; the rows as bars over time | `table`, `chart` |
//! | one certificate in depth, and what can be done with it | `detail` |
//! | changing a schedule, and taking that back | `acts` |
//! | removing one that no profile has | `remove` |
//! | fetching and trusting a server's certificate | `fetch_server` |
//! | what is told once: missed activations, our clock, changed servers | `banners` |

mod acts;
mod banners;
mod chart;
mod detail;
mod fetch_server;
mod filters;
mod page;
mod remove;
mod rows;
mod table;

pub(super) use acts::{ScheduleActs, activate_now};
pub(super) use banners::banners;
pub(super) use fetch_server::FetchServer;
pub(super) use page::CertificatesPage;
pub(super) use rows::{server_badge, trust_badge};
