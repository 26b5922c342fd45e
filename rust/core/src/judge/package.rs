//! The commonest way for two greeters not to meet: the same service in another
//! package, so that the path differs.

use super::finding::{Culprit, Evidence, Finding, Level, Where};
use super::observed::Observation;
use crate::plan::schema::split_path;
use crate::plan::types::{CallPlan, CasePlan, ListenerPlan};
use crate::wire::names::status_code;

/// A call that was answered UNIMPLEMENTED by a server that has a service of
/// the same name in another package.
pub fn differs(case: &CasePlan, seen: &Observation) -> Vec<Finding> {
    let calls = case.calls.iter().enumerate();
    calls
        .filter_map(|(index, call)| of_call(case, seen, index, call))
        .collect()
}

fn of_call(case: &CasePlan, seen: &Observation, index: usize, call: &CallPlan) -> Option<Finding> {
    if Some(seen.result(index)?.status) != status_code("UNIMPLEMENTED") {
        return None;
    }
    let (service, _) = split_path(&call.path)?;
    let listener = &case.listeners[case.channels[call.channel].listener];
    let served = services(listener);
    if served.contains(&service) {
        return None;
    }
    let other = served
        .into_iter()
        .find(|other| simple_name(other) == simple_name(service))?;
    let sentence = format!(
        "the package differs: the client calls {}, the server has {}",
        in_package(service),
        in_package(other)
    );
    Some(Finding {
        code: "case/package-differs".into(),
        level: Level::Info,
        culprit: Culprit::Case,
        sentence,
        place: Where::default(),
        expected: Some(Evidence::text(other)),
        got: Some(Evidence::text(service)),
        section: None,
        path: None,
    })
}

fn services(listener: &ListenerPlan) -> Vec<&str> {
    let scripted = listener
        .scripts
        .iter()
        .filter_map(|script| split_path(&script.path).map(|(service, _)| service));
    listener
        .services
        .iter()
        .map(String::as_str)
        .chain(scripted)
        .collect()
}

fn simple_name(service: &str) -> &str {
    service.rsplit('.').next().unwrap_or(service)
}

fn in_package(service: &str) -> String {
    match service.rsplit_once('.') {
        Some((package, name)) => format!("`{name}` of the package `{package}`"),
        None => format!("`{service}` of no package"),
    }
}
