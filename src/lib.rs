//! Countersign keeps every AS2 trading-partner connection compliant, through every certificate renewal, with proof.
//!
//! This is the map of the house. One crate: a library and one program, `countersign`, that is both window and command
//! line. Rooms stand on the ones below them and never look up; `tests/it/house.rs` reads the sources and holds
//! that, and which room may name which heavy crate.
//!
//! | room | what lives there | stands on |
//! |---|---|---|
//! | [`ui`] (`ui`) | the window: views over a read-only snapshot, intents and commands out; nothing else on a frame | `domain`, `app` |
//! | [`cli`] (`cli`) | the commands of a terminal: arguments in, tables or JSON out | `domain`, `app` |
//! | [`app`] (`app`) | the running program: sending, receiving, importing, judging, the sample; owns the clock and the runtime | all below |
//! | [`store`] (`store`) | the workspace on disk: connections, journal, archive, sealed secrets | `domain` |
//! | [`transport`] (`transport`) | HTTP and TLS: the client that posts, the listener that receives; opaque bytes and headers | `domain` |
//! | [`as2`] (`as2`) | the protocol: MIME, CMS, MIC, receipts; from `Read` to `Write`, no sockets, no clock | `domain`, `certificate` |
//! | [`certificate`] (`certificate`) | X.509 and keys: reading any file, facts, identities, signatures | `domain` |
//! | [`domain`] (`domain`) | what things are: connections, policies, timelines, transmissions, diagnoses; pure | – |
//!
//! If you look for something, begin here:
//!
//! * how a setting is judged: [`domain::compliance`], by rules that [`domain::policy`] reads from `assets/policies`
//! * which certificate is used at an instant: [`domain::timeline`]
//! * one certificate for many profiles: [`domain::rollover`], done by [`app::App::start_rollover`] and what follows it
//! * whose key of ours signs at an instant, and how far a partner is: [`domain::own_timeline`], [`domain::own_rollover`]
//! * what a partner signs with before it is expected: [`domain::sighting`]
//! * what must be told, once and to whom: [`domain::notice`], [`app::App::notices`]; the evidence: [`app::App::report`]
//! * one test send from end to end: [`app::App::send`], which asks the timeline, has [`as2::OutboundMessage`] build into
//!   the archive of [`store`], [`transport::post`] carry it, [`as2::read_receipt`] open the answer, and
//!   [`domain::diagnosis`] explain it
//! * what an outcome means, in words: [`domain::knowledge`], read from `assets/knowledge`; which entry it is, and the evidence for
//!   it: [`domain::diagnosis`]
//! * for whom a connection is kept and what it is found by: [`domain::labels`], [`domain::connection_filter`]; one change of
//!   many: [`app::App::change_many`]
//! * how a view gets what it draws and has something done: [`app::engine`], and the crate's private `ui::desk`
//! * how a message is sent again under its Message-ID: [`app::App::redeliver`]; how a receipt that came another way settles
//!   one: [`app::App::take_receipt`]
//! * what a partner's message meets: [`app::App::bind`], then [`as2::open()`]
//! * what clients may cost, and strangers: [`transport::Limits`], the crate's private `transport::places` and `app::receive`; where
//!   others may have us post to: [`transport::Reach`]
//! * what is in a document, segment by segment: [`domain::document`]; in a message, layer by layer: [`as2::dissect`]
//! * what a partner's support is given, and what is hidden in it: [`app::App::bundle`]
//! * what is done to large messages after their outcome is told: the crate's private `app::large`
//! * how a million transmissions are listed, searched and counted: the crate's private `store::journal_query`, over what
//!   `assets/migrations/0009_list.sql` keeps in step; what a document says of itself: [`domain::document_facts`]
//! * how long what is kept, and what is never removed: [`domain::retention`], followed by [`app::App::run_retention`]
//! * the workspace in one file, and back: [`app::App::back_up`], [`app::restore_backup`]
//! * what is written down beside the journal: the crate's private `app::log`; which proxy is used: [`transport::ProxyChoice`]
//! * what the charts over the list say, and `transmission summary`: [`domain::summary`], counted by the crate's private
//!   `store::journal_summary`
//! * what is done by itself, and when: the duties in the journal, done by the crate's private `app::courier`; files of outboxes
//!   by `app::outbox`; by which of several programs: `app::lease`; what follows a message: `app::commands`
//! * the keys of the connection file: [`domain::connection`]; what the command line promises: [`cli`]
//!
//! # What always holds
//!
//! 1. Imports run downwards only.
//! 2. Time is an argument: only `app::clock` reads the clock, so that every rule about expiry and activation can be tested
//!    at any instant. Instants are UTC; a zone is kept beside a schedule.
//! 3. Which certificate is used is computed at the instant of use, never switched by a timer: a machine that slept cannot
//!    be wrong.
//! 4. A transmission is in the journal, its payload copied and its Message-ID fixed, before a byte is sent; stages are
//!    appended, nothing is rewritten.
//! 5. Raw bytes of both directions are kept before they are parsed, but for passwords in their heads; of bodies between
//!    identifiers that nobody has, the beginning.
//! 6. Checking yields a value with all its checks, not the first error; an error says whose fault it is.
//! 7. Bodies are streamed from and to files: a message of any size needs the same memory.
//! 8. Nothing is deleted but by retention: the journal says so first, and says when.
//! 9. Secrets are wiped, redacted in `Debug`, and sealed on disk.

pub mod app;
pub mod as2;
pub mod certificate;
pub mod cli;
pub mod domain;
pub mod store;
pub mod transport;
pub mod ui;
