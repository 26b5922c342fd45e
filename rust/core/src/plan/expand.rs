//! `each`: one case for each value of each parameter.

use serde_json::Value;

use super::case::{Case, Each, Values};

/// The most cases that one case may become.
pub const MOST: usize = 1_000;

/// The cases that a case stands for: itself, or one for each combination of
/// the values in `each`, named `name.value`.
///
/// # Errors
///
/// A lower-case fragment about the parameter at fault.
pub fn expand(case: &Case) -> Result<Vec<Case>, String> {
    if case.each.is_empty() {
        return Ok(vec![case.clone()]);
    }
    let combinations = combinations(&case.each)?;
    let template = serde_json::to_value(Case {
        each: Each::default(),
        ..case.clone()
    })
    .map_err(|e| e.to_string())?;
    combinations
        .iter()
        .map(|choice| expand_one(&template, choice))
        .collect()
}

/// A parameter, the slug of its value for the name, and the value.
type Choice = (String, String, Value);

fn combinations(each: &Each) -> Result<Vec<Vec<Choice>>, String> {
    let mut all: Vec<Vec<Choice>> = vec![Vec::new()];
    for (param, values) in each {
        let values = named_values(param, values)?;
        if all.len() * values.len() > MOST {
            return Err(format!("`each` gives more than {MOST} cases"));
        }
        all = all
            .iter()
            .flat_map(|chosen| {
                values.iter().map(|(slug, value)| {
                    let mut chosen = chosen.clone();
                    chosen.push((param.clone(), slug.clone(), value.clone()));
                    chosen
                })
            })
            .collect();
    }
    Ok(all)
}

fn named_values(param: &str, values: &Values) -> Result<Vec<(String, Value)>, String> {
    match &values.0 {
        Value::Array(values) => Ok(values
            .iter()
            .map(|value| (super::expect::plain(value), value.clone()))
            .collect()),
        Value::Object(entries) => Ok(entries
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()),
        _ => Err(format!(
            "`{param}` takes a list of values, or a map from names to values"
        )),
    }
}

fn expand_one(template: &Value, choice: &[Choice]) -> Result<Case, String> {
    let mut value = template.clone();
    substitute(&mut value, choice)?;
    let mut case: Case = serde_json::from_value(value).map_err(|error| error.to_string())?;
    for (_, slug, _) in choice {
        case.name = format!("{}.{slug}", case.name);
    }
    Ok(case)
}

fn substitute(value: &mut Value, choice: &[Choice]) -> Result<(), String> {
    match value {
        Value::String(text) => {
            *value = substituted(text, choice)?;
            Ok(())
        }
        Value::Array(items) => items
            .iter_mut()
            .try_for_each(|item| substitute(item, choice)),
        Value::Object(entries) => entries
            .iter_mut()
            .try_for_each(|(_, entry)| substitute(entry, choice)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// A text that is nothing but `${param}` becomes the value with its type;
/// inside a longer text the value is written out.
fn substituted(text: &str, choice: &[Choice]) -> Result<Value, String> {
    for (param, _, value) in choice {
        if text == format!("${{{param}}}") {
            return Ok(value.clone());
        }
    }
    let mut out = text.to_owned();
    for (param, _, value) in choice {
        out = out.replace(&format!("${{{param}}}"), &super::expect::plain(value));
    }
    match out.find("${") {
        Some(at) => Err(format!("`{}` is not a parameter of this case", &out[at..])),
        None => Ok(Value::String(out)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(yaml: &str) -> Case {
        serde_saphyr::from_str(yaml).expect("a case")
    }

    #[test]
    fn a_list_names_its_cases_by_value() {
        let cases = expand(&case("name: fill\neach: {size: [1, 2]}\ncalls: [{method: /a/b, send: [{fill: {count: '${size}'}}]}]")).unwrap();
        assert_eq!(
            cases
                .iter()
                .map(|case| case.name.as_str())
                .collect::<Vec<_>>(),
            ["fill.1", "fill.2"]
        );
        assert_eq!(
            cases[1].calls[0].send[0]
                .fill
                .as_ref()
                .unwrap()
                .count
                .as_ref()
                .unwrap()
                .0,
            2
        );
    }

    #[test]
    fn a_map_names_its_cases_by_key() {
        let cases = expand(&case(
            "name: text\neach: {text: {chinese: 世界}}\nsend: [{name: '${text}'}]",
        ))
        .unwrap();
        assert_eq!(cases[0].name, "text.chinese");
        assert_eq!(cases[0].send[0]["name"], "世界");
    }

    #[test]
    fn two_parameters_give_every_combination() {
        let cases = expand(&case("name: n\neach: {a: [1, 2], b: [x, y, z]}")).unwrap();
        assert_eq!(cases.len(), 6);
        assert_eq!(cases[5].name, "n.2.z");
    }

    #[test]
    fn an_unknown_parameter_is_an_error() {
        let error = expand(&case("name: n\nabout: '${b}'\neach: {a: [1]}")).unwrap_err();
        assert_eq!(error, "`${b}` is not a parameter of this case");
    }
}
