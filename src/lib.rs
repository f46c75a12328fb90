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
//! * what opens keys and passwords: [`app::App::protect`], [`app::App::unlock`], the crate's private `store::keyring` and
//!   `store::keychain`; when the window shows nothing: `ui::lock`
//! * how long what is kept, and what is never removed: [`domain::retention`], followed by [`app::App::run_retention`]
//! * the workspace in one file, and back: [`app::App::back_up`], [`app::restore_backup`]; the database alone, by itself, and back:
//!   the crate's private `app::upkeep`, [`app::restore_database`]; whether all is sound: [`app::App::check_workspace`]
//! * what partners are told to post to, and whether our own receiver answers there: [`app::App::check_receiver`], put into words
//!   by [`domain::reachability`]
//! * what is written down beside the journal: the crate's private `app::log`; which proxy is used: [`transport::ProxyChoice`]
//! * what the charts over the list say, and `transmission summary`: [`domain::summary`], counted by the crate's private
//!   `store::journal_summary`
//! * what is done by itself, and when: the duties in the journal, done by the crate's private `app::courier`; files of outboxes
//!   by `app::outbox`; by which of several programs: `app::lease`; what follows a message: `app::commands`
//! * one window for each workspace, called by what is started later: the crate's private `app::one_window`; the links it is
//!   given: [`domain::link`]
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
//! 10. What somebody changes is in the audit log, written in the same transaction ([`domain::audit`]).
//!
//! # What is threatened, and what holds
//!
//! What is worth protecting: our private keys and the passwords of others' servers; orders and invoices, in the archive and on
//! the way; that an order is delivered once, to the right partner, and provably; that schedules of certificates are kept.
//!
//! *Whoever sits on the network* reads and changes what is sent in plain HTTP, and cuts connections. What is signed and encrypted is
//! neither read nor changed: the signature is over exactly the bytes that are delivered, and nothing beside them is; a receipt counts
//! only for its Message-ID, its partner, its profile and its MIC, once ([`as2::read_receipt`]). TLS is 1.2 or 1.3, verified per
//! profile against the system's roots or a pinned certificate, never not at all. What does not hold: headers of AS2 are not signed,
//! so names, subjects and the wish for a receipt can be changed on plain HTTP; a message that is neither encrypted nor signed can be
//! sent by anybody who knows both identifiers, which is why profiles want signatures unless they say otherwise; and whoever
//! records a message that is not encrypted can send it again under another Message-ID.
//!
//! *Whoever can reach the listener* may send anything. Loopback is the default, other addresses are chosen. Connections, time, heads,
//! bodies, layers, recipients, signers and inflated sizes are bounded; what is refused is answered alike whether the key did not
//! unwrap, the padding was wrong or the content made no sense (RFC 3218; `app::receive`), and failures are rationed per pair and per
//! address. What does not hold: whoever knows both identifiers of a pair learns that it is one, because a partner whose certificate
//! is not accepted any more has to be told so; rations begin anew when the program does; and who has enough addresses can keep a
//! listener busy that is open to the world. Put it behind what your network has for that.
//!
//! What a partner sends is held against the profile and its policy ([`domain::policy`], `app::receive`): whether it has to be signed and
//! encrypted, and how strongly. A policy that cannot be read lets nothing in that it might have kept out.
//!
//! *Files from outside* (certificates, keystores, exports of other programs, policies, connections, backups) are read within limits
//! of size, depth, count and work, each with its own error, and are fuzzed (`tests/fuzz`).
//!
//! *A partner* is trusted with what it signs and nothing else: names of files, texts for people, disposition strings, addresses for
//! receipts and certificates inside messages are shown escaped, written under safe names, and believed only after somebody has
//! confirmed them.
//!
//! *Whoever has a copy of the disk or a backup* has payloads and partners, but no key and no password without the passphrase, which
//! costs 19 MiB and two passes of Argon2id for each try, or without the keychain; with a key file beside the database they have those
//! too, which the program says aloud. A backup holds neither the key file nor what is in the keychain. Changing the passphrase reaches
//! into the backups of the database that the program makes by itself, and not into those that somebody has made before.
//!
//! *Another user of this machine* reads none of it: folders are 0700, files 0600, and what is exported is the user's alone where it
//! tells of partners; a workspace's folder to which everybody may write is refused. *The user, and whoever acts in the user's name,* and
//! *the administrator* can do what the program can: read its memory, and rewrite the database, its audit log included. A whole new
//! chain of the log is told by a digest that was kept elsewhere. Where a core dump goes to a program rather than a file, the system
//! may write one whatever this program asks for.
//!
//! *Whoever made a backup* that somebody restores has set what is in it. Programs that would follow a message are not run until they
//! were confirmed here; connections, addresses and certificates in it are those that the backup says.
//!
//! *What is delivered with the program*: unsafe code is denied but in one file, which calls AWS-LC for signatures by short RSA keys;
//! dependencies come from the registry alone, locked, with their licences in `assets/licences.txt`. `.deny.toml` says what they may
//! be, `.ci/sbom` what they are, and `.ci/reproducible` holds that the same sources give the same program.

pub mod app;
pub mod as2;
pub mod certificate;
pub mod cli;
pub mod domain;
pub mod store;
pub mod transport;
pub mod ui;
