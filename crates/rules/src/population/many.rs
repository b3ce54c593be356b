//! Decides one life event of everybody in a table at once, with the answers of
//! [`Rule::decide`](super::Rule::decide).

use std::collections::BTreeMap;

use super::bind::{Place, Source};
use super::decide::{Finding, is_dead};
use super::mask::{Findings, Mask};
use super::rule::{Hurts, Identity, Law, Rule, ServiceRule};
use super::scene::Players as _;
use super::table::{Known, Line, Needs, Table};
use crate::pack::life_event::{Entry, Version};

/// What was decided about everybody in a table, by their lines in it.
#[derive(Debug, Clone)]
pub struct DecidedAll<'p> {
    /// What the rule of the law that applies says.
    pub findings: Findings,
    /// Whose law is which version's.
    pub versions: Vec<(&'p Version, Mask)>,
    /// Whom something holds back, whatever the rule says.
    pub held: Mask,
    /// What is opened, in the order of the pack, to nobody of whom the rule says no.
    pub opened: Vec<OpenedTo<'p>>,
}

/// A service that is opened to those who play one role.
#[derive(Debug, Clone)]
pub struct OpenedTo<'p> {
    /// How the life event uses the service.
    pub entry: &'p Entry,
    /// The role of the recipients.
    pub role: &'p str,
    /// Met: it is opened. Unmet: it is not, or not to them. Unknown: facts are missing.
    pub findings: Findings,
}

impl<'p> Table<'_, 'p> {
    /// Decides about everybody, whether or not it has begun for them.
    #[must_use]
    pub fn decide(&self) -> DecidedAll<'p> {
        Many { table: self, rule: self.rule, known: Known::new() }.decide()
    }
}

impl Rule<'_> {
    /// All that deciding looks at, and what is needed of it.
    pub(super) fn needs(&self) -> BTreeMap<Source, Needs> {
        let laws = self.versions.iter();
        let services =
            laws.clone().flat_map(|law| law.services.iter().chain(law.at.values().flatten()));
        let conditions = laws
            .map(|law| &law.when)
            .chain(self.transitions.iter().map(|(when, _)| when))
            .chain(self.sensitive.iter().map(|hurts| &hurts.when))
            .chain(services.clone().map(|service| &service.when));
        let told = services.clone().flat_map(|service| &service.told);
        let already = services.flat_map(|service| &service.already).map(|has| has.place);
        let places = [self.place]
            .into_iter()
            .chain(self.deceased.iter().copied())
            .chain(told.clone().map(|(_, dead)| *dead))
            .chain(already);
        let sources = places.flatten().map(Source::Fact).chain(self.clock_sources());
        let sources = sources.chain(told.map(|(role, _)| Source::Player(*role)));
        let sources = sources.chain(self.identities().flat_map(|it| self.sources_of(it)));
        let sources = sources.map(|source| (source, Needs::default()));
        let mut needs = BTreeMap::<Source, Needs>::new();
        for (source, more) in conditions.flat_map(super::bind::Bound::needs).chain(sources) {
            needs.entry(source).or_default().and(more);
        }
        needs
    }

    /// What an identity looks at.
    fn sources_of(&self, identity: Identity) -> Vec<Source> {
        match identity {
            Identity::Once | Identity::Clock => self.clock_sources().collect(),
            Identity::Fact(place) => place.into_iter().map(Source::Fact).collect(),
        }
    }

    /// What the clock looks at.
    fn clock_sources(&self) -> impl Iterator<Item = Source> + use<> {
        let places = self.clock.as_ref().map(|clock| [clock.after, clock.by]);
        places.into_iter().flatten().flatten().map(Source::Fact)
    }
}

/// A table that is being decided.
struct Many<'m, 't, 'p> {
    table: &'m Table<'t, 'p>,
    rule: &'t Rule<'p>,
    known: Known,
}

impl<'t, 'p> Many<'_, 't, 'p> {
    fn decide(&mut self) -> DecidedAll<'p> {
        let rule = self.rule;
        let (mut findings, applied) = self.settled();
        for identity in rule.identities() {
            findings.met = findings.met.minus(&self.lacking(identity));
        }
        let out = &findings.unmet;
        let hurt = rule
            .sensitive
            .as_ref()
            .map(|hurts| (hurts, hurts.when.ask_all(self.table, &mut self.known).unmet.others()));
        let held = self.held(hurt.as_ref()).minus(out);
        let mut opened = Vec::new();
        for (law, lines) in &applied {
            for (services, lines) in self.services(law, lines.clone().minus(out)) {
                for service in services {
                    self.open(service, &lines, hurt.as_ref(), &mut opened);
                }
            }
        }
        let versions = applied.iter().map(|(law, lines)| (law.version, lines.clone())).collect();
        DecidedAll { findings, versions, held, opened }
    }

    /// What the law that applies says, and whose law is which.
    fn settled(&mut self) -> (Findings, Vec<(&'t Law<'p>, Mask)>) {
        let (rule, lines) = (self.rule, self.table.lines());
        let mut left = Mask::all(lines);
        let mut of: Vec<(Option<usize>, Mask)> = Vec::new();
        // Where it is not known which law applies, nothing more is.
        for (when, earlier) in &rule.transitions {
            let answer = when.ask_all(self.table, &mut self.known);
            of.push((*earlier, left.clone().and(&answer.met)));
            left = left.and(&answer.unmet);
        }
        of.push((Some(0), left));
        let off = self.off();
        let mut findings = Findings::all(lines, Finding::Unknown);
        let mut applied = Vec::new();
        for (law, lines) in of {
            let Some(law) = law.and_then(|law| rule.versions.get(law)) else {
                findings.unmet = findings.unmet.or(&lines);
                continue;
            };
            let says = law.when.ask_all(self.table, &mut self.known);
            let now = lines.clone().minus(&off);
            findings.met = findings.met.or(&says.met.and(&now));
            findings.unmet = findings.unmet.or(&says.unmet.or(&off).and(&lines));
            applied.push((law, lines));
        }
        (findings, applied)
    }

    /// Those to whom time alone brings it, and not today.
    fn off(&self) -> Mask {
        if !self.rule.is_by_time_alone() {
            return Mask::none(self.table.lines());
        }
        self.of_clock(|line| self.rule.is_early_or_over(line))
    }

    /// Those of whose clock `is` says yes.
    fn of_clock(&self, is: impl Fn(&Line<'_>) -> bool) -> Mask {
        self.table.those(&self.rule.clock_sources().collect::<Vec<_>>(), is)
    }

    /// Those of whom the fact is missing that `identity` is.
    fn lacking(&self, identity: Identity) -> Mask {
        match identity {
            Identity::Fact(Some(place)) => self.table.known(Source::Fact(place)).others(),
            Identity::Fact(None) => Mask::all(self.table.lines()),
            Identity::Once | Identity::Clock => {
                self.of_clock(|line| self.rule.lacks(identity, line))
            }
        }
    }

    /// Those whom something holds back; `hurt` are those whom the life event hurts.
    fn held(&self, hurt: Option<&(&Hurts<'p>, Mask)>) -> Mask {
        let dead = self.rule.deceased.iter().map(|place| self.dead(*place));
        let held = dead.fold(Mask::none(self.table.lines()), |held, dead| held.or(&dead));
        let Some((hurts, lines)) = hurt else { return held };
        if hurts.officer {
            return held.or(lines);
        }
        let rule = self.rule;
        let wait = match rule.occurred_on {
            Identity::Once | Identity::Clock => self.of_clock(|line| rule.is_to_wait(hurts, line)),
            Identity::Fact(_) => self
                .table
                .those(&rule.sources_of(rule.occurred_on), |line| rule.is_to_wait(hurts, line)),
        };
        held.or(&wait.and(lines))
    }

    fn dead(&self, place: Option<Place>) -> Mask {
        let source: Vec<Source> = place.into_iter().map(Source::Fact).collect();
        self.table.those(&source, |line| is_dead(place, line))
    }

    /// The services of a law, with whom they are for: a place may have its own.
    fn services(&self, law: &'t Law<'p>, mut lines: Mask) -> Vec<(&'t [ServiceRule<'p>], Mask)> {
        let mut services = Vec::new();
        if let Some(place) = self.rule.place {
            for (code, own) in &law.at {
                let here = self.table.those(&[Source::Fact(place)], |line| {
                    let said = line.value(place).and_then(domain::Value::as_text);
                    said.is_some_and(|said| self.rule.pack.province_today(said) == *code)
                });
                services.push((own.as_slice(), lines.clone().and(&here)));
                lines = lines.minus(&here);
            }
        }
        services.push((law.services.as_slice(), lines));
        services
    }

    /// One service, for each role whose players it is proposed to.
    fn open(
        &mut self,
        service: &ServiceRule<'p>,
        lines: &Mask,
        hurt: Option<&(&Hurts<'p>, Mask)>,
        opened: &mut Vec<OpenedTo<'p>>,
    ) {
        let mut left = lines.clone();
        if left.is_empty() {
            return;
        }
        let findings = self.unless_already(service);
        for (role, dead) in &service.told {
            let mut to = self.table.known(Source::Player(*role));
            to = to.and(&left).minus(&self.dead(*dead));
            if let Some((_, hurt)) = hurt.filter(|(hurts, _)| !hurts.told.contains(role)) {
                to = to.minus(hurt);
            }
            left = left.minus(&to);
            let unmet = findings.unmet.clone().or(&to.others());
            let findings = Findings { met: findings.met.clone().and(&to), unmet };
            let Some((role, _)) = self.rule.event.roles.iter().nth(*role) else { continue };
            if findings.unmet.count() < findings.unmet.lines() {
                opened.push(OpenedTo { entry: service.entry, role, findings });
            }
        }
    }

    /// What a service's condition says, of those who have it already no, and of those of whom
    /// nobody knows whether they have it, no yes.
    fn unless_already(&mut self, service: &ServiceRule<'p>) -> Findings {
        let mut findings = service.when.ask_all(self.table, &mut self.known);
        for has in &service.already {
            let source: Vec<Source> = has.place.into_iter().map(Source::Fact).collect();
            let has = self.table.ask(&source, |line| has.ask(line));
            findings.met = findings.met.and(&has.unmet);
            findings.unmet = findings.unmet.or(&has.met);
        }
        findings
    }
}
