//! A new connection: what must be known of a partner before anything can be sent.

mod profile;

use egui::{Context, Ui};

use super::naming::NameAndId;
use crate::app::engine::{Answer, Command, RequestId, Snapshot};
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{ConnectionId, IdentityName, PolicyId, ProfileKind};
use crate::domain::labels::Tags;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Dropped, Flow, Part, buttons, frame, frame_with_foot};
use crate::ui::identity::{IdentityForm, entered};
use crate::ui::intent::{Intent, Page};
use crate::ui::moment::count;
use crate::ui::policies::kind_word;
use crate::ui::widgets::{Choice, ToneName, field, muted, notice, primary, secondary, select};
use profile::ProfileForm;

/// The dialog for a new connection.
pub(crate) struct NewConnection {
    naming: NameAndId,
    policy: PolicyId,
    policies: Vec<Choice<PolicyId>>,
    /// One of ours; nothing where one is to be made.
    identity: Option<IdentityName>,
    form: IdentityForm,
    profiles: [ProfileForm; 2],
    request: Option<RequestId>,
    refused: Option<String>,
    /// The connection that was created: the dialog says what comes next.
    created: Option<Created>,
}

struct Created {
    id: ConnectionId,
    name: String,
    /// What was set otherwise than usual, as the policy wants it.
    adapted: usize,
}

impl NewConnection {
    /// An empty one.
    #[must_use]
    pub(crate) fn new(desk: &Desk<'_>) -> Self {
        let snapshot = desk.snapshot;
        Self {
            naming: NameAndId::new("", snapshot),
            policy: PolicyId::default(),
            policies: snapshot
                .policies
                .iter()
                .map(|policy| Choice {
                    value: policy.id.clone(),
                    label: policy.name.clone(),
                    remark: Some(kind_word(policy.kind).to_owned()),
                })
                .collect(),
            identity: most_used(snapshot),
            form: IdentityForm::new(desk),
            profiles: [ProfileForm::new(ProfileKind::Production, true), ProfileForm::new(ProfileKind::Test, false)],
            request: None,
            refused: None,
            created: None,
        }
    }

    fn busy(&self) -> bool {
        self.request.is_some() || self.form.busy()
    }

    /// What keeps the connection from being created, in words.
    fn problem(&self, snapshot: &Snapshot) -> Option<String> {
        self.naming
            .problem(snapshot)
            .or_else(|| if self.identity.is_none() { self.form.problem(snapshot) } else { None })
            .or_else(|| self.profiles.iter().find_map(ProfileForm::problem))
            .or_else(|| {
                let none = self.profiles.iter().all(|profile| !profile.wanted);
                none.then(|| "A connection needs one profile at least".to_owned())
            })
    }

    /// Makes the identity first where one is to be made, then the connection.
    fn create(&mut self, desk: &mut Desk<'_>) {
        self.refused = None;
        match self.identity.clone() {
            None => self.form.submit(desk),
            Some(identity) => self.create_with(&identity, desk),
        }
    }

    fn create_with(&mut self, identity: &IdentityName, desk: &mut Desk<'_>) {
        let Some((name, id)) = self.naming.value() else { return };
        let policy = self.policy.clone();
        let mut connection = Connection {
            id,
            name,
            policy,
            customer: None,
            tags: Tags::default(),
            notes: None,
            contact: None,
            production: None,
            test: None,
        };
        for form in self.profiles.iter().filter(|form| form.wanted) {
            let Some((our, partner, url)) = form.value() else { return };
            let usual = match Profile::fresh(&our, &partner, &url, identity) {
                Ok(usual) => usual,
                Err(error) => {
                    self.refused = Some(error.to_string());
                    return;
                }
            };
            let profile = Some(adapted(desk.snapshot, &self.policy, form.kind, usual).0);
            match form.kind {
                ProfileKind::Production => connection.production = profile,
                ProfileKind::Test => connection.test = profile,
            }
        }
        self.request = desk.ask(|request| Command::CreateConnection(request, Box::new(connection)));
    }

    fn poll(&mut self, desk: &mut Desk<'_>) {
        if let Some(identity) = self.form.poll(desk) {
            // It stays where the connection is refused after it.
            self.identity = Some(identity.clone());
            self.create_with(&identity, desk);
        }
        match desk.answer(&mut self.request) {
            Some(Ok(Answer::Saved(saved))) => {
                let report = &saved.report;
                let adapted = self.adaptations(desk.snapshot);
                match saved.shared_pair() {
                    Some(shared) => desk.toasts.warn(&format!("{} was created", report.name), &shared),
                    None => desk.toasts.done(&format!("{} was created", report.name), ""),
                }
                desk.intend(Intent::Go(Page::Connections));
                desk.intend(Intent::Inspect { connection: report.id.clone(), profile: None, tab: None });
                self.created = Some(Created { id: report.id.clone(), name: report.name.clone(), adapted });
            }
            Some(Err(error)) => {
                let hint = error.what_to_do().filter(|hint| !hint.contains("--")).unwrap_or_default();
                self.refused = Some(format!("{}\n{hint}", error.message()).trim().to_owned());
            }
            Some(Ok(_)) | None => {}
        }
    }

    /// How many settings the policy wanted otherwise than usual.
    fn adaptations(&self, snapshot: &Snapshot) -> usize {
        let Some(identity) = &self.identity else { return 0 };
        let wanted = self.profiles.iter().filter(|form| form.wanted);
        wanted
            .filter_map(|form| {
                let (our, partner, url) = form.value()?;
                let usual = Profile::fresh(&our, &partner, &url, identity).ok()?;
                Some(adapted(snapshot, &self.policy, form.kind, usual).1)
            })
            .sum()
    }

    fn fields(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.naming.show(ui, desk.snapshot);
        field(ui, "Policy", |ui| {
            if let (Some(policy), _) = select(ui, "Policy", &self.policy, &self.policies, ui.available_width()) {
                self.policy = policy;
            }
            if let Some(policy) = desk.snapshot.policy(&self.policy) {
                let rules = policy.resolved.as_ref().map_or(0, |resolved| resolved.rules.len());
                let text = format!("{}, {}", policy.kind.in_words(), count(rules, "rule"));
                ui.add(egui::Label::new(muted(ui, text)).wrap());
            }
        });
        field(ui, "Our identity", |ui| {
            let mut choices: Vec<Choice<Option<IdentityName>>> = desk
                .snapshot
                .identities
                .iter()
                .map(|identity| {
                    let until = desk.moment.date(identity.facts.not_after);
                    Choice {
                        value: Some(identity.name.clone()),
                        label: identity.name.to_string(),
                        remark: Some(format!("until {until}")),
                    }
                })
                .collect();
            if let Some(name) = self.identity.as_ref().filter(|name| desk.snapshot.identity(name).is_none()) {
                choices.push(Choice::new(Some(name.clone()), name.to_string()));
            }
            choices.push(Choice::new(None, "Create or import one…"));
            if let (Some(identity), _) = select(ui, "Our identity", &self.identity, &choices, ui.available_width()) {
                self.identity = identity;
            }
        });
        if self.identity.is_none() {
            self.form.show(ui, desk);
        }
        for profile in &mut self.profiles {
            ui.add_space(4.0);
            profile.show(ui);
        }
    }

    /// What comes next, once the connection is there.
    fn next_step(created: &Created, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        let title = format!("{} was created", created.name);
        frame(ctx, "new connection", &title, "", 520.0, false, |ui| {
            let adapted = match created.adapted {
                0 => String::new(),
                number => format!(" {} set as the policy wants it.", count_was(number)),
            };
            let text = format!(
                "Next comes the partner's certificate: messages are encrypted for it, and the partner's signatures verified \
                 with it.{adapted} Then a test send shows whether both sides agree",
            );
            ui.add(egui::Label::new(text).wrap());
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                if primary(ui, "Import the partner's certificate…").clicked() {
                    let connection = Some(created.id.clone());
                    desk.intend(Intent::NewCertificate { connection, profile: None, source: None });
                    flow = Flow::Close;
                }
                if secondary(ui, "Later").clicked() {
                    flow = Flow::Close;
                }
                flow
            })
        })
    }
}

fn count_was(number: usize) -> String {
    if number == 1 { "1 setting was".to_owned() } else { format!("{number} settings were") }
}

/// A profile as the policy wants it, and how many settings that took.
fn adapted(snapshot: &Snapshot, policy: &PolicyId, kind: ProfileKind, usual: Profile) -> (Profile, usize) {
    let fixes: Vec<(String, String)> =
        snapshot.mend(policy, kind, &usual).into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    match usual.with_changes(&fixes) {
        // What contradicts itself would be refused: then the usual settings are saved, and the inspector shows the rest.
        Ok(profile) if profile.contradictions().is_empty() => (profile, fixes.len()),
        _ => (usual, 0),
    }
}

/// The identity that most profiles use.
fn most_used(snapshot: &Snapshot) -> Option<IdentityName> {
    let uses = |name: &IdentityName| {
        let profiles = snapshot.connections.iter().flat_map(|state| state.connection.profiles());
        profiles.filter(|(_, profile)| profile.identity.at(snapshot.at) == name).count()
    };
    snapshot.identities.iter().map(|identity| &identity.name).max_by_key(|name| uses(name)).cloned()
}

impl NewConnection {
    /// The buttons, and what keeps the connection from being created; true where it is given up.
    fn foot(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, busy: bool) -> bool {
        let problem = self.problem(desk.snapshot);
        buttons(ui, |ui| {
            let ready = problem.is_none() && !busy;
            let pressed = ui.add_enabled_ui(ready, |ui| primary(ui, "Create connection")).inner.clicked();
            let cancelled = ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked();
            if let Some(reason) = &problem {
                ui.add(egui::Label::new(muted(ui, reason)).truncate());
            }
            if pressed || (ready && entered(ui)) {
                self.create(desk);
            }
            cancelled
        })
    }
}

impl Dialog for NewConnection {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        self.poll(desk);
        if let Some(created) = &self.created {
            return Self::next_step(created, ctx, desk);
        }
        let busy = self.busy();
        let subtitle = "Everything else begins as the policy wants it and can be changed afterwards";
        let closed =
            frame_with_foot(ctx, "new connection", "New connection", subtitle, 640.0, busy, |ui, part| match part {
                Part::Content => {
                    ui.add_enabled_ui(!busy, |ui| self.fields(ui, desk));
                    if let Some(reason) = &self.refused {
                        notice(ui, ToneName::Bad, "The connection was not created", reason, |_| ());
                    }
                    None
                }
                Part::Foot => self.foot(ui, desk, busy).then_some(()),
            });
        if closed.is_some() { Flow::Close } else { Flow::Open }
    }

    fn drop_file(&mut self, file: Dropped, _desk: &mut Desk<'_>) -> Option<Dropped> {
        let key = file
            .path
            .extension()
            .is_some_and(|end| ["p12", "pfx", "pem"].iter().any(|known| end.eq_ignore_ascii_case(known)));
        if !key || self.created.is_some() {
            return Some(file);
        }
        self.identity = None;
        self.form.take_file(&file.path);
        None
    }
}
